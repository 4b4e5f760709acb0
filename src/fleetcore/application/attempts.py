"""Which attempt at a file to work on: a new one, one that was interrupted, or none."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from fleetcore.application.fleet import Fleet
from fleetcore.application.ingestion_ids import attempt, content_prefix, ingestion_id
from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.domain.ingestion_events import IngestionEvent, Received, Supersede
from fleetcore.ports.event_store import EventStore
from fleetcore.ports.origins import Origin


@frozen(kw_only=True, slots=True)
class Attempt:
    """The attempt at a file to work on; one that `is_over` is completed and not to be repeated."""

    ingestion: str
    is_over: bool


def attempt_for(fleet: Fleet, received: Received, origin: Origin, *, again: bool) -> Attempt:
    """The attempt at a file to work on.

    One that was interrupted goes on; one that failed, or is completed and to be made `again`, is
    followed by another. Before a new one begins, unfinished ingestions of the same content that
    was understood otherwise are closed; where another vehicle id was taken from the name, only
    those of the same file, for files of two vehicles may have equal content.
    """
    events = fleet.events
    base = ingestion_id(received, origin.vehicle_id)
    prefix = content_prefix(received)
    akin = list(ingestions(events, prefix))
    earlier = sorted((each for each in akin if _base(each) == base), key=_number)
    if earlier:
        status = IngestionStream(events, earlier[-1]).state.status
        if status == "pending":
            return Attempt(ingestion=earlier[-1], is_over=False)
        if status == "completed" and not again:
            return Attempt(ingestion=earlier[-1], is_over=True)
    ingestion = attempt(base, _number(earlier[-1]) + 1 if earlier else 1)
    others = [each for each in akin if _base(each) != base]
    if others:
        origins = fleet.origins.read()
        same = [each for each in others if _is_same(origins.get(each), origin)]
        _supersede(events, received, same, ingestion)
    return Attempt(ingestion=ingestion, is_over=False)


def _is_same(other: Origin | None, origin: Origin) -> bool:
    return other is not None and (
        other.vehicle_id == origin.vehicle_id or other.name == origin.name
    )


def _supersede(
    events: EventStore[IngestionEvent], received: Received, others: Sequence[str], by: str
) -> None:
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
