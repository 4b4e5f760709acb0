"""Objects of S3 as sources, and what a network does to reading them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal, Protocol

import pytest
from attrs import define
from botocore.exceptions import ResponseStreamingError
from tests.unit.adapters.aws.s3.network import Network, patient
from urllib3.exceptions import DecodeError

from fleetcore.domain.interpretation import Dialect
from fleetcore.errors import SourceChanged, StorageUnavailable, UnreadableFile
from fleetcore_adapters.aws.s3.source import S3Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY: Final = "telemetry/file.csv"
ROWS: Final = b"".join(b"v-%d,%d\n" % (number % 7, number * number) for number in range(300_000))
PLAIN: Final = Dialect(columns=("a",))
PIECE: Final = 1 << 20


class Body(Protocol):
    """What the SDK gives to read an object."""

    def read(self, amt: int | None = None) -> bytes:
        """At most so many of the next bytes."""
        raise NotImplementedError

    def close(self) -> None:
        """Drop the connection."""
        raise NotImplementedError


@define
class Torn:
    """A body that ends after some bytes: in an error, or as if there were no more."""

    body: Body
    left: int
    error: Exception | None
    closed: Callable[[], None]

    def read(self, amt: int | None = None) -> bytes:
        """Whole reads while there is enough for them."""
        assert amt is not None
        if amt > self.left:
            if self.error is not None:
                raise self.error
            return b""
        self.left -= amt
        return self.body.read(amt)

    def close(self) -> None:
        """The connection is let go of."""
        self.closed()
        self.body.close()


def source_of(client: S3Client, version: str | None = None) -> S3Source:
    """The one object."""
    return S3Source(client, "fleet", KEY, patient(), version=version)


def put(client: S3Client, data: bytes) -> str | None:
    """Upload it; its version."""
    return client.put_object(Bucket="fleet", Key=KEY, Body=data).get("VersionId")


def keep_versions(client: S3Client) -> None:
    """What is overwritten is kept."""
    client.put_bucket_versioning(Bucket="fleet", VersioningConfiguration={"Status": "Enabled"})


def read(source: S3Source, dialect: Dialect = PLAIN) -> bytes:
    """All of it, in pieces."""
    with source.open(dialect) as content:
        return b"".join(iter(lambda: content.read(PIECE), b""))


@pytest.mark.parametrize(
    "error", [ResponseStreamingError(error="cut"), DecodeError("cut"), ConnectionResetError(), None]
)
def test_reading_goes_on_where_it_was_cut(
    client: S3Client, network: Network, error: Exception | None
) -> None:
    """Each time anew, with nothing twice and nothing left out, whoever says that it was cut."""
    put(client, ROWS)
    closed: list[None] = []
    network.bodies = lambda body: Torn(body, PIECE, error, lambda: closed.append(None))  # type: ignore[arg-type]  # the SDK's

    assert ROWS == read(source_of(client))
    ranges = [params.get("Range") for name, params in network.calls if name == "GetObject"]
    assert [None, *(f"bytes={PIECE * n}-" for n in range(1, len(ranges)))] == ranges
    assert len(ranges) == len(closed) == 1 + len(ROWS) // PIECE


def test_a_connection_that_gives_nothing_any_more_is_given_up(
    client: S3Client, network: Network
) -> None:
    """After as many tries as the policy has."""
    put(client, ROWS)
    network.bodies = lambda body: Torn(body, 0, None, lambda: None)  # type: ignore[arg-type]  # the SDK's

    with pytest.raises(StorageUnavailable, match=r"breaks off at byte 0 \(tries: 4\)"):
        read(source_of(client))


def test_a_service_that_knows_no_ranges_is_not_believed(client: S3Client, network: Network) -> None:
    """What begins at another byte than asked for is not taken."""
    put(client, ROWS)
    network.bodies = lambda body: Torn(body, PIECE, None, lambda: None)  # type: ignore[arg-type]  # the SDK's

    def forgotten(parsed: dict[str, object], **_more: object) -> None:
        parsed.pop("ContentRange", None)

    client.meta.events.register("after-call.s3.GetObject", forgotten, unique_id="forgotten")
    try:
        with pytest.raises(StorageUnavailable, match=f"asked from byte {PIECE}"):
            read(source_of(client))
    finally:
        client.meta.events.unregister("after-call.s3.GetObject", unique_id="forgotten")


def test_memory_is_bounded(client: S3Client, network: Network) -> None:
    """However much is asked for, a connection is read by the MiB."""
    put(client, ROWS)
    asked: list[int | None] = []

    class Noting(Torn):
        def read(self, amt: int | None = None) -> bytes:
            asked.append(amt)
            return super().read(amt)

    network.bodies = lambda body: Noting(body, 99 * PIECE, None, lambda: None)  # type: ignore[arg-type]  # the SDK's
    with source_of(client).open(PLAIN) as content:
        pieces = list(iter(lambda: content.read(3 * PIECE), b""))

    assert ROWS == b"".join(pieces)
    assert PIECE == max(filter(None, asked))


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA256"])
def test_bytes_that_arrive_damaged_are_noticed(
    client: S3Client, network: Network, algorithm: Literal["CRC32", "SHA256"]
) -> None:
    """At the end, by the checksum that S3 keeps of the upload."""
    client.put_object(Bucket="fleet", Key=KEY, Body=ROWS, ChecksumAlgorithm=algorithm)

    class Flipping(Torn):
        def read(self, amt: int | None = None) -> bytes:
            return super().read(amt).replace(b"v-3,1600", b"v-3,1700")

    network.bodies = lambda body: Flipping(body, 99 * PIECE, None, lambda: None)  # type: ignore[arg-type]  # the SDK's

    with pytest.raises(SourceChanged, match="arrived damaged"):
        read(source_of(client))


def test_the_content_is_its_place_version_and_etag(client: S3Client) -> None:
    """Other tools can compute the id; nothing is read for it."""
    keep_versions(client)
    version = put(client, ROWS)
    etag = hashlib.md5(ROWS, usedforsecurity=False).hexdigest()
    text = "\0".join(["fleet", KEY, str(version), etag])
    expected = f"s3:{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"

    assert (expected, len(ROWS)) == (
        (content := source_of(client).content()).id,
        content.size_bytes,
    )


def test_nothing_is_read_to_tell_of_the_content(client: S3Client, network: Network) -> None:
    """One request, whatever the size, and none the second time."""
    put(client, ROWS)
    source = source_of(client)
    source.content()
    source.content()

    assert ["HeadObject"] == network.operations[1:]


def test_an_upload_again_is_another_content_where_versions_are_kept(client: S3Client) -> None:
    """Though its bytes are the same."""
    keep_versions(client)
    put(client, ROWS)
    first = source_of(client).content()
    put(client, ROWS)

    assert first != source_of(client).content()


def test_what_the_bucket_keeps_is_read_as_it_was(client: S3Client) -> None:
    """Overwritten and removed, it is still there under its version."""
    keep_versions(client)
    put(client, ROWS)
    source = source_of(client)
    source.content()
    put(client, b"other")
    client.delete_object(Bucket="fleet", Key=KEY)

    assert ROWS == read(source)


def test_a_version_can_be_asked_for(client: S3Client) -> None:
    """The one that a notification names, though a newer one has come."""
    keep_versions(client)
    version = put(client, b"a,b\n")
    put(client, b"other")

    assert b"a,b\n" == read(source_of(client, version))


def test_an_object_that_is_overwritten_before_it_is_read_changed(client: S3Client) -> None:
    """Where no versions are kept, what was told of is gone."""
    put(client, ROWS)
    source = source_of(client)
    source.content()
    put(client, b"other")

    with pytest.raises(SourceChanged, match="changed while it was read"):
        read(source)


def test_an_object_that_is_overwritten_while_it_is_read_changed(
    client: S3Client, network: Network
) -> None:
    """Noticed when the connection is made anew: never are bytes of two objects mixed."""
    put(client, ROWS)
    network.bodies = lambda body: Torn(body, PIECE, None, lambda: None)  # type: ignore[arg-type]  # the SDK's

    def read_on() -> None:
        with source_of(client).open(PLAIN) as content:
            content.read(PIECE)
            put(client, ROWS[::-1])
            content.read(PIECE)
            content.read(PIECE)

    with pytest.raises(SourceChanged, match="changed while it was read"):
        read_on()


def test_an_object_that_is_removed_while_it_is_read_changed(client: S3Client) -> None:
    """Where no versions are kept."""
    put(client, ROWS)
    source = source_of(client)
    source.content()
    client.delete_object(Bucket="fleet", Key=KEY)

    with pytest.raises(SourceChanged, match="was removed while it was read"):
        read(source)


def test_a_version_that_is_removed_while_it_is_read_changed(client: S3Client) -> None:
    """Erased for good."""
    keep_versions(client)
    version = put(client, ROWS)
    assert version is not None
    source = source_of(client)
    source.content()
    client.delete_object(Bucket="fleet", Key=KEY, VersionId=version)

    with pytest.raises(SourceChanged, match="was removed while it was read"):
        read(source)


def test_a_missing_object_is_unreadable(client: S3Client) -> None:
    """As a missing file is; the name says where."""
    with pytest.raises(UnreadableFile, match=r"s3://fleet/telemetry/file\.csv: there is no such"):
        source_of(client).content()


def test_a_deletion_is_no_object(client: S3Client) -> None:
    """A notification may come late, and name the version that is one."""
    keep_versions(client)
    put(client, ROWS)
    version = client.delete_object(Bucket="fleet", Key=KEY)["VersionId"]

    for each in (source_of(client), source_of(client, version)):
        with pytest.raises(UnreadableFile, match="no such object"):
            each.sample(10)


def test_what_is_forbidden_is_not_called_missing(client: S3Client, network: Network) -> None:
    """It says what to allow."""
    put(client, ROWS)
    network.refuse("HeadObject", 403, "403")

    with pytest.raises(StorageUnavailable, match="allow it in the policy"):
        source_of(client).content()


def test_requests_are_tried_again(client: S3Client, network: Network) -> None:
    """Telling and opening alike."""
    put(client, ROWS)
    network.lose_requests("HeadObject")
    network.refuse("GetObject", 503, "SlowDown", 2)

    assert ROWS == read(source_of(client))


def test_a_sample_leaves_the_rest(client: S3Client, network: Network) -> None:
    """Its connection is dropped, not read to the end."""
    put(client, ROWS)
    closed: list[None] = []
    network.bodies = lambda body: Torn(body, PIECE, None, lambda: closed.append(None))  # type: ignore[arg-type]  # the SDK's

    assert ROWS[:1000] == source_of(client).sample(1000).content
    assert 1 == len(closed)


def test_damage_inside_is_told_without_reading_on(client: S3Client, network: Network) -> None:
    """A version cannot have changed: what cannot be decompressed is so in S3."""
    packed = bytearray(gzip.compress(ROWS * 3, 0))
    packed[len(packed) // 2 : len(packed) // 2 + 64] = bytes(64)
    put(client, bytes(packed))
    source = source_of(client)

    with pytest.raises(UnreadableFile, match="damaged"):
        read(source, Dialect(columns=("a",), compression="gzip"))
    assert 1 == network.operations.count("GetObject")
