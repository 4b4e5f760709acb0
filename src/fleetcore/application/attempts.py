"""Which attempt at a file to work on: a new one, one that was interrupted, or none."""

from __future__ import annotations

from collections.abc import Sequence

from fleetcore.application.ingestion_ids import attempt, content_prefix, ingestion_id
from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.domain.ingestion import Received, Supersede
from fleetcore.ports.event_store import EventStore


def attempt_for(
    events: EventStore, received: Received, vehicle_id: str | None, *, again: bool
) -> tuple[str, bool]:
    """The id of the attempt to work on, and whether it is completed and not to be repeated.

    An attempt that was interrupted goes on; one that failed, or is completed and to be made
    `again`, is followed by another. Before a new one begins, unfinished ingestions of the same
    content that was understood otherwise are closed.
    """
    base = ingestion_id(received, vehicle_id)
    prefix = content_prefix(received, vehicle_id)
    akin = [each for each in ingestions(events) if each.startswith(prefix)]
    earlier = sorted((each for each in akin if _base(each) == base), key=_number)
    if earlier:
        status = IngestionStream(events, earlier[-1]).state.status
        if status == "pending":
            return earlier[-1], False
        if status == "completed" and not again:
            return earlier[-1], True
    ingestion = attempt(base, _number(earlier[-1]) + 1 if earlier else 1)
    _supersede(events, received, [each for each in akin if _base(each) != base], ingestion)
    return ingestion, False


def _supersede(events: EventStore, received: Received, others: Sequence[str], by: str) -> None:
    for other in others:
        stream = IngestionStream(events, other)
        found = stream.state.received
        if found is None or (found.content, found.parent) != (received.content, received.parent):
            continue
        if stream.state.open:
            stream.carry_out(Supersede(by=by))


def _base(ingestion: str) -> str:
    return ingestion.rpartition("-")[0]


def _number(ingestion: str) -> int:
    return int(ingestion.rpartition("-")[2])
