"""A bucket of moto's, and a network to it that can fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from tests.standins.moto import running_moto
from tests.unit.adapters.aws.s3.network import Network

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "fleet"


@pytest.fixture(name="client")
def _client() -> Iterator[S3Client]:
    with running_moto() as clients:
        clients.s3.create_bucket(Bucket=BUCKET)
        yield clients.s3


@pytest.fixture(name="network")
def _network(client: S3Client) -> Iterator[Network]:
    network = Network()
    with network.around(client):
        yield network
