"""What the messages of the uploads queue say: notifications of S3, and continuations of our own.

A notification (Amazon S3 User Guide, "Event message structure") names objects; its keys are
encoded as in a form: `telemetry/a+b%2Fc.csv`. A continuation names the object whose file was too
long for one invocation, and its ingestion:
`{"v": 2, "continue": {"bucket": ..., "key": ..., "ingestion": ..., ...}}`. Version 1 named none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final, TypeAlias
from urllib.parse import unquote_plus

from attrs import asdict, frozen

FOLDER: Final = "telemetry/"
"""Where uploads lie; whatever is written elsewhere in the bucket is not taken in."""

VERSION: Final = 2
S3_MAJOR_VERSION: Final = "2."

_ARRIVALS: Final = "ObjectCreated:"
_REMOVALS: Final = ("ObjectRemoved:", "LifecycleExpiration:")


@frozen(kw_only=True, slots=True)
class Upload:
    """An object, as it was told of.

    `version_id` is None in a bucket without versions, `size_bytes` where it was not told.
    `request_id` is S3's of the upload: what all work on it is logged under.
    """

    bucket: str
    key: str
    version_id: str | None
    size_bytes: int | None
    request_id: str | None

    @property
    def alias(self) -> str:
        """What logs call it, for its key may name a vehicle: `b2sum -l 64` of `bucket/key`."""
        return hashlib.blake2b(f"{self.bucket}/{self.key}".encode(), digest_size=8).hexdigest()


@frozen(slots=True)
class Arrived:
    """An object to take in; `continued` where an earlier invocation began it.

    `ingestion` is the one that it began, if the message says so.
    """

    upload: Upload
    continued: bool = False
    ingestion: str | None = None


@frozen(slots=True)
class Trial:
    """S3 tries whether it may send: `s3:TestEvent`, when notifications are configured."""


@frozen(slots=True)
class Removed:
    """An object was deleted, or expired; what it brought stays."""

    upload: Upload


@frozen(slots=True)
class OtherEvent:
    """Something else befell an object: it was tagged, restored, moved to another class."""

    upload: Upload
    event: str


@frozen(slots=True)
class Elsewhere:
    """An object that does not lie under `FOLDER`."""

    upload: Upload


@frozen(slots=True)
class Empty:
    """An object of no bytes, such as the folders that consoles make."""

    upload: Upload


@frozen(slots=True)
class Oversized:
    """An object that is larger than this fleet takes."""

    upload: Upload
    limit_bytes: int


@frozen(slots=True)
class Malformed:
    """A message, or a record of one, that is none of these."""

    reason: str


Notice: TypeAlias = (
    Arrived | Trial | Removed | OtherEvent | Elsewhere | Empty | Oversized | Malformed
)


def notices_in(body: str, limit_bytes: int | None = None) -> tuple[Notice, ...]:
    """What a message says, a notice an object; `limit_bytes` is the largest file to take."""
    try:
        message = json.loads(body)
    except ValueError as error:
        return (Malformed(f"it is not JSON: {error}"),)
    match message:
        case {"Records": [*records]} if records:
            return tuple(_noted(each, limit_bytes) for each in records)
        case {"Event": "s3:TestEvent"}:
            return (Trial(),)
        case {"v": int(version), "continue": {**said}}:
            return (_continued(version, said),)
        case _:
            return (Malformed("it is neither a notification of S3 nor a continuation"),)


def continuation(upload: Upload, ingestion: str) -> str:
    """The message that lets another invocation go on with an ingestion."""
    said = {**asdict(upload), "ingestion": ingestion}
    return json.dumps({"v": VERSION, "continue": said}, separators=(",", ":"))


def _continued(version: int, said: Mapping[object, object]) -> Notice:
    if not 1 <= version <= VERSION:
        return Malformed(f"a continuation of version {version}, and up to {VERSION} is known")
    match said:
        case {"bucket": str(bucket), "key": str(key), **others}:
            told = (others.get("version_id"), others.get("size_bytes"), others.get("request_id"))
            upload = _upload(bucket, key, *told)
        case _:
            return Malformed("a continuation of no object")
    match version, said:
        case 1, _:
            return Arrived(upload, continued=True)
        case _, {"ingestion": str(ingestion)} if ingestion:
            return Arrived(upload, continued=True, ingestion=ingestion)
        case _:
            return Malformed("a continuation of no ingestion")


def _noted(record: object, limit_bytes: int | None) -> Notice:
    match record:
        case {
            "eventVersion": str(version),
            "eventName": str(name),
            "s3": {"bucket": {"name": str(bucket)}, "object": {"key": str(key), **others}},
        }:
            if not version.startswith(S3_MAJOR_VERSION):
                return Malformed(f"a notification of version {version}, and 2 is known")
            told = (others.get("versionId"), others.get("size"), _request_id(record))
            upload = _upload(bucket, unquote_plus(key), *told)
            return _judged(name.removeprefix("s3:"), upload, limit_bytes)
        case _:
            return Malformed("a record is no event of S3")


def _request_id(record: object) -> object:
    match record:
        case {"responseElements": {"x-amz-request-id": request_id}}:
            return request_id
        case _:
            return None


def _upload(
    bucket: str, key: str, version_id: object, size_bytes: object, request_id: object
) -> Upload:
    return Upload(
        bucket=bucket,
        key=key,
        version_id=version_id if isinstance(version_id, str) and version_id else None,
        size_bytes=size_bytes if isinstance(size_bytes, int) else None,
        request_id=request_id if isinstance(request_id, str) else None,
    )


def _judged(event: str, upload: Upload, limit_bytes: int | None) -> Notice:
    if not upload.key.startswith(FOLDER):
        return Elsewhere(upload)
    if event.startswith(_REMOVALS):
        return Removed(upload)
    if not event.startswith(_ARRIVALS):
        return OtherEvent(upload, event)
    if upload.size_bytes == 0:
        return Empty(upload)
    if limit_bytes is not None and (upload.size_bytes or 0) > limit_bytes:
        return Oversized(upload, limit_bytes)
    return Arrived(upload)
