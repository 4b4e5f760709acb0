"""moto: AWS in this process, behind the SDK's own endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from moto import mock_aws
from tests.standins.aws import clients_at

from fleetcore.testing.contracts.capabilities import Capability
from fleetcore_adapters.aws.clients import Clients

LACKS: Final[frozenset[Capability]] = frozenset(
    {"batch limits", "checksums", "fifo deduplication", "message moves", "transaction tokens"}
)


@contextmanager
def running_moto() -> Iterator[Clients]:
    """An empty moto; what it holds is forgotten with the block."""
    with mock_aws():
        yield clients_at(None)
