"""Reading and writing S3 over connections that are cut, slow or damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from random import Random
from typing import TYPE_CHECKING, Final

import pytest
from attrs import frozen
from tests.contract.harness.s3 import new_bucket
from tests.standins.aws import clients_at
from tests.standins.localstack import running_localstack
from tests.standins.ministack import running_ministack
from tests.standins.proxy import Proxy, running_proxy
from tests.standins.server import LOOPBACK, Endpoint
from tests.standins.shared import shared

from fleetcore.domain.interpretation import Dialect
from fleetcore.errors import SourceChanged, StorageUnavailable
from fleetcore_adapters.aws.s3.object_store import S3ObjectStore
from fleetcore_adapters.aws.s3.source import S3Source
from fleetcore_adapters.resilience.policy import Limits, Policy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB: Final = 1 << 20
CONTENT: Final = Random(1).randbytes(6 * MIB)
KEY: Final = "fresh/1f/0-moving-0f.parquet"


@frozen(kw_only=True, slots=True)
class Way:
    """A bucket, reached directly and over a proxy."""

    direct: S3Client
    over_proxy: S3Client
    proxy: Proxy
    bucket: str

    def store(self) -> S3ObjectStore:
        """Over the proxy."""
        return S3ObjectStore(self.over_proxy, self.bucket, patient(), part_bytes=5 * MIB)

    def source(self) -> S3Source:
        """Over the proxy, of content that S3 has a checksum of."""
        self.direct.put_object(
            Bucket=self.bucket, Key=KEY, Body=CONTENT, ChecksumAlgorithm="SHA256"
        )
        return S3Source(self.over_proxy, self.bucket, KEY, patient())


def patient() -> Policy:
    """A policy that takes no time."""
    return Policy("S3", Limits(attempts=8, failures_to_open=99), sleep=lambda _s: None)


@pytest.fixture(name="way", params=[running_ministack, running_localstack])
def _way(request: pytest.FixtureRequest) -> Iterator[Way]:
    run: Callable[[], AbstractContextManager[Endpoint]] = request.param
    endpoint = shared(run)
    direct = clients_at(endpoint.http).s3
    with new_bucket(direct) as bucket, running_proxy(endpoint.port) as proxy:
        over_proxy = clients_at(f"http://{LOOPBACK}:{proxy.port}").s3
        yield Way(direct=direct, over_proxy=over_proxy, proxy=proxy, bucket=bucket)
        over_proxy.close()


@pytest.mark.parametrize("after_bytes", [2 * MIB, 5 * MIB + 1])
def test_a_stream_that_is_cut_is_resumed(way: Way, after_bytes: int) -> None:
    """Each connection ends after some bytes; together they are the content."""
    source = way.source()
    source.content()
    way.proxy.cut(after_bytes=after_bytes)
    with source.open(Dialect(columns=("a",))) as content:
        assert CONTENT == content.read()


def test_an_object_is_got_when_the_network_is_back(way: Way) -> None:
    """What was read of a connection that was cut is thrown away."""
    way.store().put_if_absent(KEY, CONTENT)
    tries: list[float] = []

    def heal(pause_s: float) -> None:
        tries.append(pause_s)
        if len(tries) == 2:
            way.proxy.heal()

    way.proxy.cut(after_bytes=4 * MIB)
    store = S3ObjectStore(way.over_proxy, way.bucket, Policy("S3", sleep=heal))

    assert CONTENT == store.get(KEY)
    assert 2 == len(tries)


def test_a_cut_that_lasts_is_told(way: Way) -> None:
    """With what to do."""
    source = way.source()
    way.proxy.cut()

    with pytest.raises(StorageUnavailable, match=r"check the network.*\(tries: 8\)"):
        source.content()


@pytest.mark.parametrize("content", [b"content", CONTENT], ids=["small", "large"])
def test_puts_whose_answers_are_cut_are_stored_once(way: Way, content: bytes) -> None:
    """Sent again until an answer comes; it is that of the first."""
    healed: list[float] = []

    def heal(pause_s: float) -> None:
        healed.append(pause_s)
        way.proxy.heal()

    way.proxy.cut(after_bytes=10)
    policy = Policy("S3", sleep=heal)
    store = S3ObjectStore(way.over_proxy, way.bucket, policy, part_bytes=5 * MIB)

    assert store.put_if_absent(KEY, content)
    assert not store.put_if_absent(KEY, content)
    assert content == way.store().get(KEY)
    assert healed


def test_a_damaged_object_is_not_given_out(way: Way) -> None:
    """Whatever bits the network flips, in the answers' heads too."""
    way.store().put_if_absent(KEY, CONTENT)
    way.proxy.corrupt()

    with pytest.raises(StorageUnavailable):
        way.store().get(KEY)


def test_a_stream_that_is_damaged_half_way_is_noticed(way: Way) -> None:
    """By the checksum of the whole, at its end."""
    source = way.source()
    with source.open(Dialect(columns=("a",))) as content:
        content.read(MIB)
        way.proxy.corrupt()
        with pytest.raises(SourceChanged, match="arrived damaged"):
            content.read()
