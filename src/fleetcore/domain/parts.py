"""Parts: immutable files of one chunk's events of one lane, and the messages that name them."""

from __future__ import annotations

from attrs import frozen

from fleetcore.domain.lanes import Lane
from fleetcore.domain.location import LocationEvent


@frozen(kw_only=True, slots=True)
class Part:
    """A part as the ingestion's stream names it. `sha256` is of the whole object, in hex."""

    key: str
    lane: Lane
    rows: int
    size_bytes: int
    sha256: str


@frozen(kw_only=True, slots=True)
class LaneMessage:
    """A claim check: the part whose rows a worker is asked to store, all of them."""

    ingestion: str
    part: Part


@frozen(kw_only=True, slots=True)
class StoredEvent:
    """A location event as a part or the log holds it, with enrichment and provenance.

    `ingestion` is the ingestion's id and `line` the physical line its row starts on.
    """

    event: LocationEvent
    distance_from_depot_m: float | None
    ingestion: str
    line: int
