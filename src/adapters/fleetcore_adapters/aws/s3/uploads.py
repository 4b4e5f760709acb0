"""One put to a bucket: in one request, or in several where the content is large."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final, TypedDict

from attrs import field, frozen
from botocore.exceptions import ClientError

from fleetcore.errors import ObjectMissing, StorageUnavailable, Throttled
from fleetcore_adapters.aws.aws_errors import code_of, translated
from fleetcore_adapters.aws.s3.checksums import base64_of
from fleetcore_adapters.resilience.breaker import Transient
from fleetcore_adapters.resilience.policy import Policy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import ServerSideEncryptionType
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

SHA256_LABEL: Final = "sha256"
PUT_LABEL: Final = "put"
"""An object's metadata: its content's SHA-256 (hex), and which put stored it."""

_CONFLICTS: Final = 3


class Encryption(TypedDict, total=False):
    """How S3 is to encrypt an object; empty: as the bucket says."""

    ServerSideEncryption: ServerSideEncryptionType
    SSEKMSKeyId: str
    BucketKeyEnabled: bool


class _Conflict(Exception):
    """Another request for the same key was under way when the parts were to become an object."""


@frozen(kw_only=True, slots=True)
class Upload:
    """One put of one content under one key, unless the key is taken.

    `put_id` is this put's alone. A put whose answer was lost and that is sent again meets its
    own object; its id on the object tells that from another writer's.
    """

    client: S3Client
    policy: Policy
    bucket: str
    key: str
    content: bytes = field(repr=False)
    put_id: str
    encryption: Encryption

    def whole(self) -> bool:
        """Put it in one request; whether it was stored.

        Conditional writes: S3's documentation of `If-None-Match`; a 409 asks to send it again.
        """
        tries, labels = count(), self._labels()

        def attempt() -> bool:
            again = next(tries) > 0
            with translated(self._what):
                try:
                    self.client.put_object(
                        Bucket=self.bucket,
                        Key=self.key,
                        Body=self.content,
                        ChecksumSHA256=base64_of(bytes.fromhex(labels[SHA256_LABEL])),
                        IfNoneMatch="*",
                        Metadata=labels,
                        **self.encryption,
                    )
                except ClientError as error:
                    if code_of(error) != "PreconditionFailed":
                        raise
                    return again and self._is_ours()
            return True

        return self.policy.call(attempt)

    def in_parts(self, part_bytes: int) -> bool:
        """Put it in requests of that size; whether it was stored.

        The parts become an object at once, or are given up. After a conflict all are sent again:
        S3's documentation of `CompleteMultipartUpload`.
        """
        for _ in range(_CONFLICTS):
            upload_id = self.policy.call(self._begin)
            stored = False
            try:
                parts = [
                    self.policy.call(
                        partial(self._send, upload_id, number, self.content[at : at + part_bytes])
                    )
                    for number, at in enumerate(range(0, len(self.content), part_bytes), 1)
                ]
                stored = self._complete(upload_id, parts)
            except _Conflict:
                continue
            else:
                return stored
            finally:
                if not stored:
                    self._give_up(upload_id)
        raise Throttled(f"{self._what}: other writers of this key are in the way; try again later")

    @property
    def _what(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def _labels(self) -> dict[str, str]:
        return {
            SHA256_LABEL: hashlib.sha256(self.content).hexdigest(),
            PUT_LABEL: self.put_id,
        }

    def _begin(self) -> str:
        with translated(self._what):
            return self.client.create_multipart_upload(
                Bucket=self.bucket,
                Key=self.key,
                ChecksumAlgorithm="SHA256",
                Metadata=self._labels(),
                **self.encryption,
            )["UploadId"]

    def _send(self, upload_id: str, number: int, part: bytes) -> CompletedPartTypeDef:
        checksum = base64_of(hashlib.sha256(part).digest())
        with translated(self._what):
            sent = self.client.upload_part(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=upload_id,
                PartNumber=number,
                Body=part,
                ChecksumSHA256=checksum,
            )
        return {"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": checksum}

    def _complete(self, upload_id: str, parts: list[CompletedPartTypeDef]) -> bool:
        tries = count()

        def attempt() -> bool:
            again = next(tries) > 0
            with translated(self._what):
                try:
                    self.client.complete_multipart_upload(
                        Bucket=self.bucket,
                        Key=self.key,
                        UploadId=upload_id,
                        MultipartUpload={"Parts": parts},
                        IfNoneMatch="*",
                    )
                except ClientError as error:
                    match code_of(error):
                        case "ConditionalRequestConflict":
                            raise _Conflict from error
                        case "PreconditionFailed":
                            return again and self._is_ours()
                        case "NoSuchUpload" if again and self._is_ours():
                            return True
                        case _:
                            raise
            return True

        return self.policy.call(attempt)

    def _is_ours(self) -> bool:
        """Whether the object that has the key is the one this put stored."""
        try:
            with translated(self._what):
                kept = self.client.head_object(Bucket=self.bucket, Key=self.key)
        except ObjectMissing as error:
            raise Transient(f"{self._what}: removed while it was put; try again") from error
        return self.put_id == kept["Metadata"].get(PUT_LABEL)

    def _give_up(self, upload_id: str) -> None:
        """Free the parts; what cannot be freed now, the bucket's lifecycle removes."""

        def attempt() -> None:
            with translated(self._what):
                try:
                    self.client.abort_multipart_upload(
                        Bucket=self.bucket, Key=self.key, UploadId=upload_id
                    )
                except ClientError as error:
                    if code_of(error) != "NoSuchUpload":
                        raise

        with suppress(StorageUnavailable):
            self.policy.call(attempt)
