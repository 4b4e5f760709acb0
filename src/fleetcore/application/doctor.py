"""Doctor: what is stored is compared with what the streams and the catalogue say of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fleetcore.application.file_checks import (
    RowsIn,
    damages,
    differences,
    examined,
    recounts,
)
from fleetcore.application.findings import RESTORE, Finding, Told, fault, note
from fleetcore.application.fleet import Fleet
from fleetcore.application.object_checks import leftovers, rejects_as_told
from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.application.sweeping import owner
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ingestion_events import IngestionEvent
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.location import precedence
from fleetcore.domain.parts import LaneMessage, StoredEvent
from fleetcore.errors import StorageUnavailable, UnbalancedLedger, UndecodableEvent
from fleetcore.ports.catalogue import TAIL, Catalogue
from fleetcore.ports.event_store import EventStore
from fleetcore.ports.progress import Progress, unwatched


def diagnose(
    fleet: Fleet,
    catalogue: Catalogue,
    messages: Sequence[LaneMessage],
    rows_in: RowsIn,
    progress: Progress = unwatched,
) -> Iterator[Finding]:
    """Everything that is wrong, and what is unfinished; reads all objects, changes nothing.

    `messages` are those that wait on the lanes: handing them out would change the lanes. A
    damaged file is one fault, and so is an entry of the catalogue that says something else than
    its file. To be run under the data folder's lock, or what others do meanwhile is found too.
    Raises `StorageUnavailable` where a store cannot be read at all.
    """
    told = Told(
        listing=catalogue.files(), recorded=catalogue.recorded(), origins=fleet.origins.read()
    )
    yield from _read_streams(fleet.events, told)
    yield from _histories(told, {message.part.key for message in messages})
    yield from _messages(told, messages)
    yield from _outcomes(told)
    yield from _origins(told)
    files = examined(fleet.objects, catalogue, told, rows_in, progress)
    wrong = [*damages(told, files), *differences(told, files), *recounts(told, files)]
    yield from wrong
    yield from rejects_as_told(fleet.objects, told)
    yield from leftovers(fleet.objects, told, catalogue.retired())
    if wrong:
        yield note("view-unchecked", "the latest positions are compared with a sound log only")
    else:
        yield from _view(fleet, told)


def _read_streams(events: EventStore[IngestionEvent], told: Told) -> Iterator[Finding]:
    for ingestion in ingestions(events):
        try:
            told.states[ingestion] = IngestionStream(events, ingestion).state
        except UndecodableEvent as error:
            told.unreadable.add(ingestion)
            yield fault(
                "undecodable-event",
                f"{told.who(ingestion)}: {error}; use the version of fleetcore that wrote it",
            )
        except StorageUnavailable as error:
            told.unreadable.add(ingestion)
            yield fault("broken-stream", f"{told.who(ingestion)}: {error}")


def _histories(told: Told, waiting: set[str]) -> Iterator[Finding]:
    for ingestion, state in told.states.items():
        who = told.who(ingestion)
        if why := _broken(state):
            yield fault("broken-stream", f"{who}: {why}; an event is lost; {RESTORE}")
        elif state.open:
            yield note("open-ingestion", f"{who} is not read to its end; ingest its file again")
        if unsettled := {message.part.key for message in state.unsettled}:
            yield note(
                "unsettled-parts",
                f"{who}: committed parts that are not known to be stored: {len(unsettled)}, of "
                f"them on no lane: {len(unsettled - waiting)}; the next `fleetcore ingest` stores "
                "them",
            )
        if state.dead:
            yield note(
                "dead-letters",
                f"{who}: rows that could not be stored: {sum(state.dead.values()):,}; mend the "
                "cause, then `fleetcore dead-letters redrive`",
            )


def _messages(told: Told, messages: Iterable[LaneMessage]) -> Iterator[Finding]:
    """Whether what waits on the lanes is what the streams have committed."""
    parts = told.parts()
    for message in messages:
        key, ingestion = message.part.key, message.ingestion
        if not told.unreadable.isdisjoint((ingestion, owner(key))):
            continue
        if parts.get(key) != (ingestion, message.part):
            yield fault(
                "foreign-message",
                f"a message waits to store {key!r} for {told.who(ingestion)}, but no chunk of it "
                f"names such a part; {RESTORE}",
            )
        elif not told.states[ingestion].pending(message.part):
            yield note(
                "settled-message",
                f"a message waits to store {key!r}, which is stored; the next `fleetcore ingest` "
                "takes it off",
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


def _outcomes(told: Told) -> Iterator[Finding]:
    for ingestion, state in told.states.items():
        for key, outcome in state.outcomes.items():
            recorded = told.recorded.get(key)
            found = None if recorded is None else recorded.outcome
            if found != outcome:
                yield fault(
                    "outcome-differs",
                    f"{told.who(ingestion)}: of {key!r} its stream says {_said(outcome)}, "
                    f"the catalogue {_said(found)}; {RESTORE}",
                )


def _said(outcome: StoreOutcome | None) -> str:
    if outcome is None:
        return "nothing"
    return (
        f"{outcome.stored} stored, {outcome.already_stored} already stored, "
        f"{outcome.conflicting} conflicting"
    )


def _origins(told: Told) -> Iterator[Finding]:
    """Whether every part that was appended, and every fresh file's, is one that a chunk names."""
    appended = {key: owner(key) for key in told.recorded if not key.startswith(TAIL)}
    fresh = {
        entry.file.origin: owner(entry.file.key)
        for entry in told.listing.entries
        if entry.file.origin is not None and not entry.file.key.startswith(TAIL)
    }
    parts = told.parts()
    for origin, ingestion in {**appended, **fresh}.items():
        if origin not in parts and ingestion not in told.unreadable:
            yield fault(
                "unnamed-part",
                f"the catalogue says that the part {origin!r} was stored, but no chunk of "
                f"{told.who(ingestion)} names it; an event is lost; {RESTORE}",
            )


def _view(fleet: Fleet, told: Told) -> Iterator[Finding]:
    """Whether the latest positions, once they follow to the log's end, are what the log says."""
    cursor = fleet.latest.cursor()
    if cursor > told.listing.sequence:
        yield fault(
            "cursor-ahead",
            f"the view of latest positions followed to {cursor}, the log ends at "
            f"{told.listing.sequence}; {RESTORE}",
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
            f"such as of {differing[0]!r}; {RESTORE}",
        )


def _winners(events: Iterable[StoredEvent]) -> dict[str, StoredEvent]:
    winners: dict[str, StoredEvent] = {}
    for stored in events:
        rival = winners.setdefault(stored.event.vehicle_id, stored)
        if precedence(stored.event) > precedence(rival.event):
            winners[stored.event.vehicle_id] = stored
    return winners
