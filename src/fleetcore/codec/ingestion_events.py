"""The wire types of the ingestion's events.

A stored name or version is never given another meaning: a changed event gets the next version,
an upcaster from the one before, and a golden file.
"""

from __future__ import annotations

from typing import Final

from fleetcore.codec.event_codec import Body, EventCodec, WireType
from fleetcore.domain.ingestion_events import (
    ChunkProcessed,
    IngestionEvent,
    IngestionFailed,
    IngestionSuperseded,
    PartDeadLettered,
    PartRedriven,
    PartStored,
    Received,
    RejectsErased,
    RowsForgotten,
)


def _with_malformed_by(body: Body) -> Body:
    """Why rows were malformed was not counted before version 2."""
    counts = body["counts"]
    if not isinstance(counts, dict):
        raise TypeError("counts is no object")
    return {**body, "counts": {**counts, "malformed_by": {}}}


def _with_forgotten(body: Body) -> Body:
    """No vehicle was forgotten before version 2."""
    outcome = body["outcome"]
    if not isinstance(outcome, dict):
        raise TypeError("outcome is no object")
    return {**body, "outcome": {**outcome, "forgotten": 0}}


INGESTION_EVENTS: Final[EventCodec[IngestionEvent]] = EventCodec(
    (
        WireType(name="ingestion.received", version=1, event=Received),
        WireType(name="ingestion.chunk-processed", version=2, event=ChunkProcessed),
        WireType(name="ingestion.part-stored", version=2, event=PartStored),
        WireType(name="ingestion.part-dead-lettered", version=2, event=PartDeadLettered),
        WireType(name="ingestion.part-redriven", version=1, event=PartRedriven),
        WireType(name="ingestion.rows-forgotten", version=1, event=RowsForgotten),
        WireType(name="ingestion.rejects-erased", version=1, event=RejectsErased),
        WireType(name="ingestion.failed", version=1, event=IngestionFailed),
        WireType(name="ingestion.superseded", version=1, event=IngestionSuperseded),
    ),
    {
        ("ingestion.chunk-processed", 1): _with_malformed_by,
        ("ingestion.part-stored", 1): _with_forgotten,
        ("ingestion.part-dead-lettered", 1): _with_forgotten,
    },
)
