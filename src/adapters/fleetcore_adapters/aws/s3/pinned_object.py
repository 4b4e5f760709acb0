"""One version of one object of S3, read piece by piece across cut connections."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Final, TypedDict

from attrs import field, frozen
from botocore.exceptions import ClientError

from fleetcore.errors import SourceChanged, StorageUnavailable
from fleetcore_adapters.aws.aws_errors import code_of, translated
from fleetcore_adapters.aws.s3.checksums import expected_digest
from fleetcore_adapters.files.stored_source import READ_BYTES, StoredBytes
from fleetcore_adapters.resilience.breaker import Transient
from fleetcore_adapters.resilience.policy import Policy

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

UNVERSIONED: Final = "null"
"""What S3 calls the version of an object that was put while its bucket kept none."""

_GONE: Final = frozenset({"MethodNotAllowed", "NoSuchKey", "NoSuchVersion"})


@frozen(kw_only=True, slots=True)
class PinnedObject:
    """Which bytes of S3: they are read as they are, or not at all.

    `version` is None where the bucket keeps none; `etag` is quoted, as in S3's headers;
    `checksums` are what S3 answers of them, by the names of its API.
    """

    bucket: str
    key: str
    version: str | None
    etag: str
    size_bytes: int
    checksums: dict[str, str] = field(factory=dict, eq=False)

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def id(self) -> str:
        """`s3:<hex>`: a hash of place, version and ETag. Equal ids, equal bytes."""
        parts = (self.bucket, self.key, self.version or UNVERSIONED, self.etag.strip('"'))
        return f"s3:{hashlib.blake2b(chr(0).join(parts).encode(), digest_size=16).hexdigest()}"


def pinned(bucket: str, key: str, answer: HeadObjectOutputTypeDef) -> PinnedObject:
    """The version of an object that S3 answered a HEAD of."""
    return PinnedObject(
        bucket=bucket,
        key=key,
        version=answer.get("VersionId"),
        etag=answer["ETag"],
        size_bytes=answer["ContentLength"],
        checksums={
            name: value
            for name, value in answer.items()
            if name.startswith("Checksum") and isinstance(value, str)
        },
    )


class _Which(TypedDict, total=False):
    VersionId: str
    Range: str


class PinnedBytes(StoredBytes):
    """The bytes of a pinned object, from the first to the last.

    A connection that is cut is made anew from where it was; between reads it may rest as long
    as the reader likes. At the end the bytes are checked against the object's checksum, if S3
    keeps one of the whole. To be closed.
    """

    def __init__(self, client: S3Client, pinned: PinnedObject, policy: Policy) -> None:
        self._client = client
        self._pinned = pinned
        self._policy = policy
        self._digest = expected_digest(pinned.checksums)
        self._body: StreamingBody | None = None
        self._bytes_read = 0

    @property
    def bytes_read(self) -> int:
        return self._bytes_read

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            return b"".join(iter(partial(self.read, READ_BYTES), b""))
        if self._bytes_read == self._pinned.size_bytes:
            self._check_digest()
            return b""
        data = self._policy.call(partial(self._next, min(size, READ_BYTES)))
        self._bytes_read += len(data)
        if self._digest is not None:
            self._digest.update(data)
        return data

    def check(self) -> None:
        """Nothing: a version never changes."""

    def close(self) -> None:
        """Drop the connection, whatever was still to come on it."""
        if self._body is not None:
            self._body.close()
            self._body = None

    def _next(self, size: int) -> bytes:
        try:
            with translated(self._pinned.name):
                if self._body is None:
                    self._body = self._opened()
                data = self._body.read(size)
        except StorageUnavailable:
            self.close()
            raise
        if size and not data:
            self.close()
            raise Transient(f"{self._pinned.name}: breaks off at byte {self._bytes_read}")
        return data

    def _opened(self) -> StreamingBody:
        """The body from the first byte not read yet."""
        at = self._bytes_read
        which: _Which = {"VersionId": self._pinned.version} if self._pinned.version else {}
        if at:
            which["Range"] = f"bytes={at}-"
        try:
            answer = self._client.get_object(
                Bucket=self._pinned.bucket,
                Key=self._pinned.key,
                IfMatch=self._pinned.etag,
                **which,
            )
        except ClientError as error:
            if code_of(error) == "PreconditionFailed":
                raise self._changed("changed") from error
            if code_of(error) in _GONE:
                raise self._changed("was removed") from error
            raise
        if at and not answer.get("ContentRange", "").startswith(f"bytes {at}-"):
            answer["Body"].close()
            raise Transient(f"{self._pinned.name}: was asked from byte {at} and answers others")
        return answer["Body"]

    def _changed(self, how: str) -> SourceChanged:
        return SourceChanged(f"{self._pinned.name}: the object {how} while it was read; run again")

    def _check_digest(self) -> None:
        if self._digest is not None and not self._digest.matches():
            raise self._changed("arrived damaged (its checksum differs)")
