"""The wire types of the ingestion's events.

A stored name or version is never given another meaning: a changed event gets the next version,
an upcaster from the one before, and a golden file.
"""

from __future__ import annotations

from typing import Final

from fleetcore.codec.event_codec import Body, EventCodec, WireType
from fleetcore.domain.ingestion import (
    ChunkProcessed,
    IngestionEvent,
    IngestionFailed,
    IngestionSuperseded,
    PartDeadLettered,
    PartRedriven,
    PartStored,
    Received,
)


def _with_malformed_by(body: Body) -> Body:
    """Why rows were malformed was not counted before version 2."""
    counts = body["counts"]
    if not isinstance(counts, dict):
        raise TypeError("counts is no object")
    return {**body, "counts": {**counts, "malformed_by": {}}}


INGESTION_EVENTS: Final[EventCodec[IngestionEvent]] = EventCodec(
    (
        WireType(name="ingestion.received", version=1, event=Received),
        WireType(name="ingestion.chunk-processed", version=2, event=ChunkProcessed),
        WireType(name="ingestion.part-stored", version=1, event=PartStored),
        WireType(name="ingestion.part-dead-lettered", version=1, event=PartDeadLettered),
        WireType(name="ingestion.part-redriven", version=1, event=PartRedriven),
        WireType(name="ingestion.failed", version=1, event=IngestionFailed),
        WireType(name="ingestion.superseded", version=1, event=IngestionSuperseded),
    ),
    {("ingestion.chunk-processed", 1): _with_malformed_by},
)
