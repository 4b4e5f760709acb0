"""Which ingestion a file is: its content, how it is understood, and the attempt."""

from __future__ import annotations

import hashlib
from typing import Final

from attrs import evolve

from fleetcore.codec.ingestion_events import INGESTION_EVENTS
from fleetcore.domain.ingestion_events import Received, Sizes

_HEX_DIGITS: Final = 12
"""Of each of the two hashes."""


def ingestion_id(received: Received, vehicle_id: str | None) -> str:
    """The id of a file's ingestion, without the attempt: a hash of what decides its outcome.

    These are the content, the interpretation, the rules' settings, the vehicles' metadata, the
    ingestion it replays, and the vehicle id taken from the file's name; not the time, the sizes,
    or the rest of the name.
    """
    pinned = evolve(received, ingestion="", now_ms=0, sizes=Sizes(), size_bytes=0)
    body = INGESTION_EVENTS.encode(pinned).body
    return content_prefix(received) + _hash(body, vehicle_id)


def content_prefix(received: Received) -> str:
    """What the ids of all ingestions of a content begin with, however it is understood."""
    return beginning_of(received.content, received.parent)


def beginning_of(content: str, parent: str | None = None) -> str:
    """See `content_prefix`: of a content that is not understood yet."""
    return _hash(content, parent)


def attempt(ingestion_id: str, number: int) -> str:
    """The id of one attempt, counted from 1: what streams, parts and rows are marked with."""
    return f"{ingestion_id}-{number}"


def _hash(*texts: str | None) -> str:
    hashed = hashlib.blake2b(digest_size=_HEX_DIGITS // 2)
    for text in texts:
        content = b"" if text is None else b"\1" + text.encode()
        hashed.update(len(content).to_bytes(8, "little") + content)
    return hashed.hexdigest()
