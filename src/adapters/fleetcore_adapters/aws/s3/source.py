"""Objects of S3 as sources."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from fleetcore.errors import ObjectMissing, UnreadableFile
from fleetcore.ports.source import Content
from fleetcore_adapters.aws.aws_errors import code_of, translated
from fleetcore_adapters.aws.s3.pinned_object import PinnedBytes, PinnedObject, pinned
from fleetcore_adapters.files.stored_source import StoredBytes, StoredSource
from fleetcore_adapters.resilience.policy import Policy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Source(StoredSource):
    """An object, streamed, with no copy on this machine.

    The first look pins the version and ETag it finds, or the version it is given; all reading
    is of that one, or raises `SourceChanged`. The content id is `s3:<hex>`, a hash of bucket,
    key, version and ETag, for which nothing is read: equal bytes at two places, or put twice
    where versions are kept, are two contents.
    """

    def __init__(
        self, client: S3Client, bucket: str, key: str, policy: Policy, *, version: str | None = None
    ) -> None:
        super().__init__(f"s3://{bucket}/{key}")
        self._client = client
        self._bucket = bucket
        self._key = key
        self._policy = policy
        self._version = version
        self._pinned: PinnedObject | None = None

    def content(self) -> Content:
        """See `Source.content`. Raises `StorageUnavailable` too."""
        pinned_object = self._pin()
        return Content(id=pinned_object.id, size_bytes=pinned_object.size_bytes)

    @contextmanager
    def _told_of(self) -> Iterator[StoredBytes]:
        with closing(PinnedBytes(self._client, self._pin(), self._policy)) as raw:
            yield raw

    _looked_at = _told_of

    def _pin(self) -> PinnedObject:
        if self._pinned is None:
            try:
                self._pinned = self._policy.call(self._head)
            except ObjectMissing as error:
                raise UnreadableFile(f"{self.name}: there is no such object") from error
        return self._pinned

    def _head(self) -> PinnedObject:
        with translated(self.name):
            try:
                answer = (
                    self._client.head_object(
                        Bucket=self._bucket, Key=self._key, ChecksumMode="ENABLED"
                    )
                    if self._version is None
                    else self._client.head_object(
                        Bucket=self._bucket,
                        Key=self._key,
                        VersionId=self._version,
                        ChecksumMode="ENABLED",
                    )
                )
            except ClientError as error:
                if code_of(error) == "405":  # the version is a deletion
                    raise ObjectMissing(str(error)) from error
                raise
        return pinned(self._bucket, self._key, answer)
