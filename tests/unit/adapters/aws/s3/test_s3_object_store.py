"""Objects on S3, and what a network does to putting and getting them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest
from tests.unit.adapters.aws.s3.network import Network, patient

from fleetcore.errors import ObjectMissing, StorageUnavailable, Throttled
from fleetcore_adapters.aws.s3.checksums import base64_of
from fleetcore_adapters.aws.s3.object_store import S3ObjectStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY: Final = "fresh/1f/0-moving-0f.parquet"
MIB: Final = 1 << 20
LARGE: Final = b"".join(bytes([n]) * MIB for n in range(11))
PART_BYTES: Final = 5 * MIB


@pytest.fixture(name="store")
def _store(client: S3Client, network: Network) -> S3ObjectStore:
    return S3ObjectStore(client, "fleet", patient(), part_bytes=PART_BYTES)


def lying(client: S3Client) -> list[str | None]:
    """The uploads that lie in the bucket unfinished."""
    answer = client.list_multipart_uploads(Bucket="fleet")
    return [each.get("Key") for each in answer.get("Uploads", [])]


def test_a_put_is_one_request(store: S3ObjectStore, network: Network) -> None:
    """Conditional, and S3 is told what the content must hash to."""
    store.put_if_absent(KEY, b"content")
    (name, params) = network.calls[0]

    assert (["PutObject"], "PutObject") == (network.operations, name)
    assert "*" == params["IfNoneMatch"]
    assert base64_of(hashlib.sha256(b"content").digest()) == params["ChecksumSHA256"]
    assert {"ServerSideEncryption", "SSEKMSKeyId"}.isdisjoint(params)


@pytest.mark.parametrize("content", [b"content", LARGE], ids=["small", "large"])
def test_objects_are_encrypted_with_the_key_given(
    client: S3Client, network: Network, content: bytes
) -> None:
    """By KMS, through the bucket's own data key."""
    store = S3ObjectStore(client, "fleet", patient(), kms_key="k-1", part_bytes=PART_BYTES)
    store.put_if_absent(KEY, content)
    _, params = network.calls[0]

    assert ("aws:kms", "k-1", True) == (
        params["ServerSideEncryption"],
        params["SSEKMSKeyId"],
        params["BucketKeyEnabled"],
    )


def test_a_large_object_is_put_in_parts(
    store: S3ObjectStore, client: S3Client, network: Network
) -> None:
    """Of the size stated; nothing of them is left over."""
    assert store.put_if_absent(KEY, LARGE)
    assert LARGE == store.get(KEY)
    parts = [params["Body"] for name, params in network.calls if name == "UploadPart"]

    assert [
        LARGE[:PART_BYTES],
        LARGE[PART_BYTES : 2 * PART_BYTES],
        LARGE[2 * PART_BYTES :],
    ] == parts
    assert "*" == dict(network.calls)["CompleteMultipartUpload"]["IfNoneMatch"]
    assert [] == lying(client)


def test_a_size_up_to_that_of_a_part_is_put_whole(store: S3ObjectStore, network: Network) -> None:
    """Parts are for what is larger."""
    store.put_if_absent(KEY, LARGE[:PART_BYTES])

    assert ["PutObject"] == network.operations


def test_a_large_object_whose_key_is_taken_leaves_nothing(
    store: S3ObjectStore, client: S3Client
) -> None:
    """Its parts are given up."""
    store.put_if_absent(KEY, b"first")

    assert not store.put_if_absent(KEY, LARGE)
    assert (b"first", []) == (store.get(KEY), lying(client))


SIZES: Final = [
    pytest.param(b"content", "PutObject", id="small"),
    pytest.param(LARGE, "CompleteMultipartUpload", id="large"),
]


@pytest.mark.parametrize(("content", "operation"), SIZES)
def test_a_put_whose_answer_is_lost_is_known_as_its_own(
    store: S3ObjectStore, network: Network, content: bytes, operation: str
) -> None:
    """It is sent again, meets its own object, and was stored."""
    network.lose_answers(operation)

    assert store.put_if_absent(KEY, content)
    assert 2 == network.operations.count(operation)
    assert content == store.get(KEY)


@pytest.mark.parametrize(("content", "operation"), SIZES)
def test_a_put_that_met_anothers_object_was_not_stored(
    store: S3ObjectStore, client: S3Client, network: Network, content: bytes, operation: str
) -> None:
    """Though the first request was lost and the other's content is the same."""
    other = S3ObjectStore(client, "fleet", patient(), part_bytes=PART_BYTES)
    network.before(operation, partial(other.put_if_absent, KEY, content))
    network.lose_requests(operation)

    assert not store.put_if_absent(KEY, content)
    assert content == store.get(KEY)


def test_a_put_that_is_sure_to_have_met_another_asks_nothing_more(
    store: S3ObjectStore, network: Network
) -> None:
    """The first answer to the first request needs no second look."""
    store.put_if_absent(KEY, b"first")
    store.put_if_absent(KEY, b"second")

    assert ["PutObject", "PutObject"] == network.operations


def test_an_object_that_is_removed_meanwhile_is_put_again(
    store: S3ObjectStore, client: S3Client, network: Network
) -> None:
    """Its put was done, its answer lost, its object removed: then it is there again."""
    network.lose_answers("PutObject")
    network.before("HeadObject", lambda: client.delete_object(Bucket="fleet", Key=KEY))

    assert store.put_if_absent(KEY, b"content")
    assert b"content" == store.get(KEY)


def test_a_conflict_is_tried_again(store: S3ObjectStore, network: Network) -> None:
    """Of two writers at once S3 asks one to come again."""
    network.refuse("PutObject", 409, "ConditionalRequestConflict", 2)

    assert store.put_if_absent(KEY, b"content")
    assert ["PutObject"] * 3 == network.operations


def test_after_a_conflict_all_parts_are_sent_again(
    store: S3ObjectStore, client: S3Client, network: Network
) -> None:
    """As S3 asks for; the earlier ones are given up."""
    network.refuse("CompleteMultipartUpload", 409, "ConditionalRequestConflict")

    assert store.put_if_absent(KEY, LARGE)
    assert (2, 6) == (
        network.operations.count("CreateMultipartUpload"),
        network.operations.count("UploadPart"),
    )
    assert (LARGE, []) == (store.get(KEY), lying(client))


def test_conflicts_without_end_throttle(
    store: S3ObjectStore, client: S3Client, network: Network
) -> None:
    """Nothing is left lying then."""
    network.refuse("CompleteMultipartUpload", 409, "ConditionalRequestConflict", 99)

    with pytest.raises(Throttled, match="other writers"):
        store.put_if_absent(KEY, LARGE)
    assert [] == lying(client)


def test_a_large_put_that_fails_leaves_nothing(
    store: S3ObjectStore, client: S3Client, network: Network
) -> None:
    """Neither an object nor parts."""
    network.refuse("UploadPart", 503, "ServiceUnavailable", 99)

    with pytest.raises(StorageUnavailable, match="ServiceUnavailable"):
        store.put_if_absent(KEY, LARGE)
    assert ([], []) == (list(store.keys("")), lying(client))


def test_what_cannot_be_given_up_hides_no_error(store: S3ObjectStore, network: Network) -> None:
    """The first failure is the one that is told."""
    network.refuse("UploadPart", 403, "AccessDenied", 99)
    network.refuse("AbortMultipartUpload", 503, "ServiceUnavailable", 99)

    with pytest.raises(StorageUnavailable, match="AccessDenied"):
        store.put_if_absent(KEY, LARGE)


@pytest.mark.parametrize("operation", ["GetObject", "ListObjectsV2", "DeleteObject"])
def test_other_requests_are_tried_again(
    store: S3ObjectStore, network: Network, operation: str
) -> None:
    """Lost ones, throttled ones, and those whose answer is lost."""
    store.put_if_absent(KEY, b"content")
    network.lose_requests(operation)
    network.lose_answers(operation)
    network.refuse(operation, 503, "SlowDown")
    found = store.get(KEY), list(store.keys(""))
    store.remove(KEY)

    assert ((b"content", [KEY]), []) == (found, list(store.keys("")))
    assert 4 <= network.operations.count(operation)


def test_content_that_arrives_damaged_is_got_again(store: S3ObjectStore, network: Network) -> None:
    """Its hash lies beside it."""
    store.put_if_absent(KEY, b"content")
    damages = iter([True, False])

    class Body:
        def __init__(self, body: object) -> None:
            self._body = body

        def read(self) -> bytes:
            content = self._body.read()  # type: ignore[attr-defined]  # the SDK's body
            return b"contend" if next(damages) else content

        def close(self) -> None:
            self._body.close()  # type: ignore[attr-defined]  # the SDK's body

    network.bodies = Body

    assert b"content" == store.get(KEY)
    assert 2 == network.operations.count("GetObject")


def test_content_that_stays_damaged_is_refused(store: S3ObjectStore, client: S3Client) -> None:
    """What is not what was stored is not given to anyone."""
    wrong = hashlib.sha256(b"other").hexdigest()
    client.put_object(Bucket="fleet", Key=KEY, Body=b"content", Metadata={"sha256": wrong})

    with pytest.raises(StorageUnavailable, match="not what was stored"):
        store.get(KEY)


def test_objects_of_others_can_be_read(store: S3ObjectStore, client: S3Client) -> None:
    """Without a hash of ours beside them."""
    client.put_object(Bucket="fleet", Key="vehicles.json", Body=b"{}")

    assert b"{}" == store.get("vehicles.json")


@pytest.fixture(name="short_pages")
def _short_pages(client: S3Client) -> Iterator[None]:
    """Pages of three keys instead of a thousand."""

    def shorten(params: dict[str, object], **_more: object) -> None:
        params["MaxKeys"] = 3

    event = "before-parameter-build.s3.ListObjectsV2"
    client.meta.events.register(event, shorten, unique_id="short-pages")
    yield
    client.meta.events.unregister(event, unique_id="short-pages")


@pytest.mark.usefixtures("short_pages")
def test_keys_come_in_pages(store: S3ObjectStore, client: S3Client, network: Network) -> None:
    """As many as it takes; uploads whose names are no keys are left out."""
    keys = [f"fresh/{number}" for number in range(7)]
    for key in [*keys, "fresh/a b.csv", "fresh/é.csv"]:
        client.put_object(Bucket="fleet", Key=key, Body=b"")

    assert keys == list(store.keys("fresh/"))
    assert 3 == network.operations.count("ListObjectsV2")


def test_what_is_missing_says_where(store: S3ObjectStore) -> None:
    """The bucket too."""
    with pytest.raises(ObjectMissing, match="s3://fleet/fresh/none"):
        store.get("fresh/none")


OPERATIONS: Final[tuple[Callable[[S3ObjectStore], object], ...]] = (
    lambda store: store.put_if_absent(KEY, b"content"),
    lambda store: store.put_if_absent(KEY, LARGE),
    lambda store: store.get(KEY),
    lambda store: store.remove(KEY),
    lambda store: list(store.keys("")),
)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_bucket_that_is_not_there_is_told(
    client: S3Client, operation: Callable[[S3ObjectStore], object]
) -> None:
    """As a store that cannot be used, not as a missing object."""
    store = S3ObjectStore(client, "none", patient(), part_bytes=PART_BYTES)

    with pytest.raises(StorageUnavailable, match=r"NoSuchBucket.*FLEETCORE_"):
        operation(store)
