"""Objects in a bucket of S3."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Final

from fleetcore.ports.object_store import ObjectStore, checked_key, is_key
from fleetcore_adapters.aws.aws_errors import translated
from fleetcore_adapters.aws.s3.uploads import SHA256_LABEL, Encryption, Upload
from fleetcore_adapters.resilience.breaker import Transient
from fleetcore_adapters.resilience.policy import Policy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

PART_BYTES: Final = 8 << 20
"""Larger content is sent in parts of this size; S3 takes at least 5 MiB, but for the last."""


class S3ObjectStore(ObjectStore):
    """An object of the bucket an object, its key the key. Safe to share between threads.

    A put is conditional (`If-None-Match: *`) and strongly consistent with every read. Objects
    of the bucket whose keys are none (uploads of others) are not listed. `kms_key` is the id
    or ARN of the key to encrypt with; without it the bucket's default holds. The bucket's
    lifecycle has to end incomplete multipart uploads: a crash leaves them.
    """

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        policy: Policy,
        *,
        kms_key: str | None = None,
        part_bytes: int = PART_BYTES,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._policy = policy
        self._part_bytes = part_bytes
        self._new_id = new_id
        self._encryption = _encryption(kms_key)

    def put_if_absent(self, key: str, content: bytes) -> bool:
        upload = Upload(
            client=self._client,
            policy=self._policy,
            bucket=self._bucket,
            key=checked_key(key),
            content=content,
            put_id=self._new_id(),
            encryption=self._encryption,
        )
        if len(content) > self._part_bytes:
            return upload.in_parts(self._part_bytes)
        return upload.whole()

    def get(self, key: str) -> bytes:
        return self._policy.call(partial(self._got, checked_key(key)))

    def keys(self, prefix: str) -> Iterator[str]:
        page = self._policy.call(partial(self._page, prefix))
        while True:
            names = (each.get("Key", "") for each in page.get("Contents", []))
            yield from filter(is_key, names)
            if not page["IsTruncated"]:
                return
            page = self._policy.call(partial(self._page, prefix, page["NextContinuationToken"]))

    def remove(self, key: str) -> None:
        checked_key(key)

        def attempt() -> None:
            with translated(self._what(key)):
                self._client.delete_object(Bucket=self._bucket, Key=key)

        self._policy.call(attempt)

    def _got(self, key: str) -> bytes:
        with translated(self._what(key)):
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            with closing(answer["Body"]) as body:
                content = body.read()
        expected = answer["Metadata"].get(SHA256_LABEL)
        if expected not in {None, hashlib.sha256(content).hexdigest()}:
            raise Transient(f"{self._what(key)}: what arrived is not what was stored")
        return content

    def _page(self, prefix: str, token: str | None = None) -> ListObjectsV2OutputTypeDef:
        with translated(self._what(prefix)):
            if token is None:
                return self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix)
            return self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=prefix, ContinuationToken=token
            )

    def _what(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"


def _encryption(kms_key: str | None) -> Encryption:
    if kms_key is None:
        return {}
    # One call of KMS a bucket and hour instead of one an object.
    return {
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": kms_key,
        "BucketKeyEnabled": True,
    }
