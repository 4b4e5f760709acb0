"""Doctor: what is stored is compared with what the streams and the catalogue say of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from fleetcore.application.findings import Finding, Told, fault, note
from fleetcore.application.fleet import Fleet
from fleetcore.application.object_checks import (
    RowsIn,
    objects_as_told,
    orphans,
    rejects_as_told,
)
from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.application.sweeping import rows_brought
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.location import precedence
from fleetcore.domain.parts import StoredEvent
from fleetcore.errors import (
    CorruptObject,
    ObjectMissing,
    StorageUnavailable,
    UnbalancedLedger,
    UndecodableEvent,
)
from fleetcore.ports.catalogue import Catalogue, Listing
from fleetcore.ports.event_store import EventStore


def diagnose(fleet: Fleet, catalogue: Catalogue, rows_in: RowsIn) -> Iterator[Finding]:
    """Everything that is wrong, and what is unfinished; reads all objects, changes nothing.

    To be run under the data folder's lock, or what others do meanwhile is found too. Raises
    `StorageUnavailable` where a store cannot be read at all.
    """
    told = Told()
    yield from _read_streams(fleet.events, told)
    listing = catalogue.files()
    yield from _histories(told.states)
    yield from _outcomes(told, catalogue)
    yield from _origins(told, listing)
    yield from objects_as_told(fleet.objects, told, listing, rows_in)
    yield from rejects_as_told(fleet.objects, told)
    yield from orphans(fleet.objects, told, listing, catalogue.retired().keys())
    try:
        yield from _log(fleet, told, catalogue)
        yield from _view(fleet, listing)
    except (CorruptObject, ObjectMissing, StorageUnavailable) as error:
        yield note("not-recounted", f"the log cannot be read to its end, so not recounted: {error}")


def _read_streams(events: EventStore, told: Told) -> Iterator[Finding]:
    for ingestion in ingestions(events):
        try:
            told.states[ingestion] = IngestionStream(events, ingestion).state
        except UndecodableEvent as error:
            told.unreadable.add(ingestion)
            yield fault("undecodable-event", f"ingestion {ingestion}: {error}")
        except StorageUnavailable as error:
            told.unreadable.add(ingestion)
            yield fault("broken-stream", f"ingestion {ingestion}: {error}")


def _histories(states: Mapping[str, Ingestion]) -> Iterator[Finding]:
    for ingestion, state in states.items():
        if why := _broken(state):
            yield fault("broken-stream", f"ingestion {ingestion}: {why}; an event is lost")
        elif state.open:
            yield note(
                "open-ingestion",
                f"ingestion {ingestion} is not read to its end; ingest its file again",
            )
        if state.unsettled:
            yield note(
                "unsettled-parts",
                f"ingestion {ingestion}: {len(state.unsettled)} committed parts are not known "
                "to be stored; the next run stores them",
            )


def _broken(state: Ingestion) -> str | None:
    """What in a stream cannot follow from what stands before it."""
    if state.received is None:
        return "it was never received"
    if [chunk.number for chunk in state.chunks] != list(range(len(state.chunks))):
        return f"its chunks are {', '.join(str(chunk.number) for chunk in state.chunks)}"
    if unnamed := state.outcomes.keys() - {part.key for part in state.parts}:
        return f"no chunk names the stored part {min(unnamed)!r}"
    try:
        _ = state.ledger
    except UnbalancedLedger as error:
        return str(error)
    return None


def _outcomes(told: Told, catalogue: Catalogue) -> Iterator[Finding]:
    for ingestion, state in told.states.items():
        recorded = catalogue.outcomes(state.outcomes)
        for key, outcome in state.outcomes.items():
            if recorded.get(key) != outcome:
                yield fault(
                    "outcome-differs",
                    f"ingestion {ingestion}: of {key!r} its stream says {_said(outcome)}, "
                    f"the catalogue {_said(recorded.get(key))}",
                )


def _said(outcome: StoreOutcome | None) -> str:
    if outcome is None:
        return "nothing"
    return (
        f"{outcome.stored} stored, {outcome.already_stored} already stored, "
        f"{outcome.conflicting} conflicting"
    )


def _origins(told: Told, listing: Listing) -> Iterator[Finding]:
    parts = {part.key for state in told.states.values() for part in state.parts}
    for entry in listing.entries:
        origin, ingestion = entry.file.origin, entry.file.ingestion
        if origin is not None and origin not in parts and ingestion not in told.unreadable:
            yield fault(
                "unnamed-part",
                f"{entry.file.key!r} is in the log, but no chunk of ingestion {ingestion} "
                f"names the part {origin!r}; an event is lost",
            )


def _log(fleet: Fleet, told: Told, catalogue: Catalogue) -> Iterator[Finding]:
    """Whether the log holds as many rows of each ingestion as its ledger says it brought."""
    held = Counter(stored.ingestion for stored in fleet.log.scan())
    for ingestion, state in told.states.items():
        unsettled = catalogue.outcomes({message.part.key for message in state.unsettled})
        outcomes = (*state.outcomes.values(), *unsettled.values())
        brought = sum(map(rows_brought, outcomes))
        if held[ingestion] != brought:
            yield fault(
                "ledger-differs",
                f"ingestion {ingestion} brought {brought} rows to the log, "
                f"which holds {held[ingestion]} of it",
            )
    for ingestion in held.keys() - told.states.keys() - told.unreadable:
        yield fault(
            "ledger-differs",
            f"the log holds {held[ingestion]} rows of {ingestion}, which is no ingestion",
        )


def _view(fleet: Fleet, listing: Listing) -> Iterator[Finding]:
    """Whether the latest positions, once they follow to the log's end, are what the log says."""
    cursor = fleet.latest.cursor()
    if cursor > listing.sequence:
        yield fault(
            "cursor-ahead",
            f"the view of latest positions followed to {cursor}, the log ends at "
            f"{listing.sequence}",
        )
    expected = _winners(fleet.log.winners_since(0)[0])
    shown = _winners((*fleet.latest.read(), *fleet.log.winners_since(cursor)[0]))
    differing = sorted(
        each for each in expected.keys() | shown if expected.get(each) != shown.get(each)
    )
    if differing:
        yield fault(
            "view-differs",
            f"the latest positions of {len(differing)} vehicles are not those in the log, "
            f"such as of {differing[0]!r}",
        )


def _winners(events: Iterable[StoredEvent]) -> dict[str, StoredEvent]:
    winners: dict[str, StoredEvent] = {}
    for stored in events:
        rival = winners.setdefault(stored.event.vehicle_id, stored)
        if precedence(stored.event) > precedence(rival.event):
            winners[stored.event.vehicle_id] = stored
    return winners
