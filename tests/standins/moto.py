"""moto: AWS in this process, behind the SDK's own endpoints."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.common_types import TYPE_RESPONSE
from tests.standins.aws import clients_at

from fleetcore.testing.contracts.capabilities import Capability
from fleetcore_adapters.aws.clients import Clients

LACKS: Final[frozenset[Capability]] = frozenset(
    {"batch limits", "checksums", "fifo deduplication", "message moves", "transaction tokens"}
)


@contextmanager
def running_moto() -> Iterator[Clients]:
    """An empty moto; what it holds is forgotten with the block.

    It answers one request after the other: what it keeps is not made for threads.
    """
    answer = BotocoreStubber.process_request
    one_at_a_time = threading.RLock()

    def answered(stubber: BotocoreStubber, request: AWSPreparedRequest) -> TYPE_RESPONSE | None:
        with one_at_a_time:
            return answer(stubber, request)

    with mock_aws(), patch.object(BotocoreStubber, "process_request", answered):
        yield clients_at(None)
