"""What must hold of a region that takes files in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from fleetcore.application import rejects
from fleetcore.application.streams import ingestions, readable_states
from fleetcore.domain.facts import fact_of, version_of
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ingestion_events import Received
from fleetcore.domain.judging import Payload, payload_of
from fleetcore.domain.ledger import RowCounts
from fleetcore.domain.parts import Part, StoredEvent
from fleetcore.errors import ObjectMissing
from fleetcore.ports.batch_engine import Work
from fleetcore.ports.source import Source
from fleetcore.testing.simulation.file_region import FileRegion
from fleetcore.testing.simulation.scenario import Invariant

_ALL: Final = 1000


class FileChecks:
    """Compares what a region's streams, log and view say, with each other and with its files."""

    def __init__(self, region: FileRegion) -> None:
        self._region = region
        self._fleet = region.plain
        self._in_log: set[str] = set()
        self._payloads: dict[str, frozenset[Payload]] = {}

    def always(self) -> tuple[Invariant, ...]:
        """What holds at every moment."""
        return (
            Invariant("ledgers balance", self._unbalanced),
            Invariant("what has an outcome is in the log", self._missing),
            Invariant("cursors never lead views", self._leading),
        )

    def ending(self) -> tuple[Invariant, ...]:
        """What holds once all is settled."""
        return (
            Invariant("no accepted event is lost", self._lost),
            Invariant("ledgers tell of the files", self._miscounted),
            Invariant("no event is counted twice", self._counted_twice),
            Invariant("rejects are kept", self._unkept),
            Invariant("views equal a fresh replay", self._differing),
        )

    def is_at_rest(self) -> bool:
        """Whether every file is read to its end, and each of its parts is stored or dead."""
        states = self._states().values()
        read = {each.received.content for each in states if each.received and each.read_to_end}
        wanted = {source.content().id for source in self._region.sources}
        return wanted <= read and not any(each.unsettled for each in states)

    def is_settled(self) -> bool:
        """Whether nothing is dead any more, either, and the view followed."""
        dead = any(state.dead for state in self._states().values())
        followed = self._fleet.latest.cursor() == len(self._region.log.records)
        return self.is_at_rest() and not dead and followed

    def is_empty(self) -> bool:
        """Whether nothing waits on the lanes, not even of what is stored."""
        return not self._fleet.lanes.receive(_ALL)

    # --- on the way ------------------------------------------------------------------------------

    def _states(self) -> Mapping[str, Ingestion]:
        return readable_states(self._fleet.events)

    def _unbalanced(self) -> str | None:
        for state in self._states().values():
            _ = state.ledger
        return None

    def _missing(self) -> str | None:
        for state in self._states().values():
            for part in state.parts:
                if part.key in self._in_log or part.key not in state.outcomes:
                    continue
                if missing := self._rows(part) - self._held():
                    return f"{self._region.name}: {part.key} lacks {_some(missing)}"
                self._in_log.add(part.key)
        return None

    def _leading(self) -> str | None:
        cursor = self._fleet.latest.cursor()
        held = _versions(self._fleet.latest.read())
        for vehicle, version in _versions(self._region.log.winners_up_to(cursor)).items():
            if vehicle not in held or held[vehicle] < version:
                return f"{self._region.name}: at {cursor} the view is behind on {vehicle}"
        return None

    # --- at the end ------------------------------------------------------------------------------

    def _lost(self) -> str | None:
        accepted = Counter[Payload]()
        for source, received, _ in self._completed():
            accepted.update(set(self._accepted(source, received)[0]))
        held = Counter(payload_of(row.event) for row in self._region.log.scan())
        if lost := accepted.keys() - held.keys():
            return f"{self._region.name}: lost {_some(lost)}"
        if foreign := held.keys() - accepted.keys():
            return f"{self._region.name}: in no file {_some(foreign)}"
        if twice := [payload for payload, times in held.items() if times > 1]:
            return f"{self._region.name}: held twice {_some(twice)}"
        return None

    def _miscounted(self) -> str | None:
        for source, received, state in self._completed():
            counts = self._accepted(source, received)[1]
            if counts != state.ledger.rows:
                return f"{source.name}: {state.ledger.rows} is not {counts}"
        return None

    def _counted_twice(self) -> str | None:
        """A row of two parts is new to the log once, unless both were appended at once."""
        counted = sum(
            outcome.stored + outcome.conflicting
            for state in self._states().values()
            for outcome in state.outcomes.values()
        )
        held = len(self._held())
        allowed = held + self._contested()
        if held <= counted <= allowed:
            return None
        return f"{self._region.name}: {counted} rows are new by the ledgers, {held} by the log"

    def _contested(self) -> int:
        """How often rows may count as new once more: equal ones were appended at the same time."""
        parts = [part for state in self._states().values() for part in state.parts]
        spans = self._region.log.spans
        contested = 0
        for number, part in enumerate(parts):
            begun, done = spans[part.key]
            rivals: set[Payload] = set()
            for other in parts[:number]:
                if spans[other.key][0] <= done and begun <= spans[other.key][1]:
                    rivals |= self._rows(other)
            contested += len(rivals & self._rows(part))
        return contested

    def _unkept(self) -> str | None:
        for ingestion in ingestions(self._fleet.events):
            state = self._region.state(ingestion)
            for chunk in state.chunks:
                kept = 0
                if chunk.rejects is not None:
                    try:
                        content = self._fleet.objects.get(chunk.rejects)
                    except ObjectMissing as error:
                        return str(error)
                    kept = sum(1 for _ in rejects.decoded(content, chunk.rejects))
                told = chunk.counts.rejected + chunk.counts.malformed
                if kept != told:
                    return f"{ingestion}: {kept} rejects are kept, {told} were counted"
        return None

    def _differing(self) -> str | None:
        replay = _versions(self._region.log.winners_up_to(len(self._region.log.records)))
        in_table = _versions(self._region.log.scan())
        view = _versions(self._fleet.latest.read())
        if replay == view == in_table:
            return None
        return f"{self._region.name}: the view has {view}, a replay {replay}, the log {in_table}"

    # --- what is compared ------------------------------------------------------------------------

    def _held(self) -> set[Payload]:
        return {payload_of(row.event) for row in self._region.log.scan()}

    def _rows(self, part: Part) -> frozenset[Payload]:
        if part.key not in self._payloads:
            rows = self._fleet.engine.events(self._fleet.objects.get(part.key))
            self._payloads[part.key] = frozenset(payload_of(row.event) for row in rows)
        return self._payloads[part.key]

    def _completed(self) -> Iterator[tuple[Source, Received, Ingestion]]:
        """The ingestions that were read to the end, with their files."""
        sources = {source.content().id: source for source in self._region.sources}
        for state in self._states().values():
            if state.received is not None and state.read_to_end:
                yield sources[state.received.content], state.received, state

    def _accepted(self, source: Source, received: Received) -> tuple[list[Payload], RowCounts]:
        """What a file says, read once more without a stop."""
        work = Work(
            received=received, vehicle_id=None, directory=None, done=(), fetch=lambda _key: b""
        )
        accepted: list[Payload] = []
        counts = RowCounts()
        with source.open(received.interpretation.dialect) as content:
            for chunk in self._fleet.engine.chunks(content, work):
                counts += chunk.counts
                for part in chunk.parts:
                    rows = self._fleet.engine.events(part.content)
                    accepted += [payload_of(row.event) for row in rows]
        return accepted, counts


def _versions(rows: Iterable[StoredEvent]) -> dict[str, tuple[int, float, int]]:
    winners: dict[str, tuple[int, float, int]] = {}
    for row in rows:
        version = version_of(fact_of(row.event))
        winners[row.event.vehicle_id] = max(version, winners.get(row.event.vehicle_id, version))
    return winners


def _some(payloads: Iterable[Payload]) -> str:
    listed = sorted(map(str, payloads))
    return f"{len(listed)} rows, such as {listed[0]}"
