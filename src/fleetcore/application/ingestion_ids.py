"""Which ingestion a file is: its content, how it is understood, and the attempt."""

from __future__ import annotations

import hashlib

from attrs import evolve

from fleetcore.codec.ingestion_events import INGESTION_EVENTS
from fleetcore.domain.ingestion import Received, Sizes

_HEX_DIGITS = 20


def ingestion_id(received: Received, vehicle_id: str | None) -> str:
    """The id of a file's ingestion, without the attempt: a hash of what decides its outcome.

    These are the content, the interpretation, the rules' settings, the vehicles' metadata, the
    ingestion it replays, and the vehicle id taken from the file's name; not the time, the sizes,
    or the rest of the name.
    """
    pinned = evolve(received, ingestion="", now_ms=0, sizes=Sizes(), size_bytes=0)
    hashed = hashlib.blake2b(INGESTION_EVENTS.encode(pinned).body.encode(), digest_size=16)
    hashed.update(b"\0" if vehicle_id is None else b"\1" + vehicle_id.encode())
    return hashed.hexdigest()[:_HEX_DIGITS]


def attempt(ingestion_id: str, number: int) -> str:
    """The id of one attempt, counted from 1: what streams, parts and rows are marked with."""
    return f"{ingestion_id}-{number}"
