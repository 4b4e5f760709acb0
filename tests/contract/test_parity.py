"""The same history on memory and each row: the same results and errors, step by step."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import pytest
from attrs import frozen
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from fleetcore.domain.ingestion_events import IngestionEvent
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import DeadLetter, StoredEvent
from fleetcore.errors import FleetcoreError
from fleetcore.ports.catalogue import Appended, LogFile
from fleetcore.ports.origins import Origin
from fleetcore.testing.contracts.catalogue import compacted, extent, fresh
from fleetcore.testing.histories import ingestion_events
from fleetcore.testing.strategies import (
    ingestion_ids,
    lane_messages,
    location_events,
    stored_events,
)
from fleetcore_adapters.aws.dynamodb.requests import Expression
from fleetcore_adapters.memory.catalogue import MemoryCatalogue
from fleetcore_adapters.memory.dead_letters import MemoryDeadLetters
from fleetcore_adapters.memory.event_store import MemoryEventStore
from fleetcore_adapters.memory.latest_positions import MemoryLatestPositions
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.origins import MemoryOrigins

DYNAMODB: Final = "fleetcore_adapters.aws.dynamodb"

World: TypeAlias = Mapping[str, object]
"""An adapter of each port, by the port's name."""


class Row(Protocol):
    """What is used of a row of the table."""

    @property
    def name(self) -> str: ...
    @property
    def start(self) -> Callable[[Path, ExitStack], Callable[[], object]]: ...


@frozen(slots=True)
class Call:
    """One call of a port's method."""

    port: str
    method: str
    arguments: tuple[object, ...]

    def on(self, world: World) -> object:
        """What the call returned, as a plain value, or the class of what it raised."""
        try:
            result = getattr(world[self.port], self.method)(*self.arguments)
        except FleetcoreError as error:
            return type(error)
        return list(result) if isinstance(result, Iterator) else result


def _calls(
    port: str, method: str, *arguments: st.SearchStrategy[object]
) -> st.SearchStrategy[Call]:
    return st.tuples(*arguments).map(lambda drawn: Call(port, method, drawn))


_STREAM: Final = st.sampled_from(("a", "b"))
_VEHICLE: Final = st.sampled_from(("cab-1", "cab-2"))
_LETTERS: Final = st.lists(
    st.builds(
        DeadLetter,
        message=lane_messages(),
        code=st.just("corrupt-object"),
        reason=st.text(max_size=2),
        tries=st.integers(1, 4),
        died_at_ms=st.integers(0, 2),
        rows=st.just(()),
    ),
    max_size=3,
)
_POSITIONS: Final = st.lists(
    stored_events(location_events(vehicle_id=_VEHICLE, observed_at=st.integers(0, 1))), max_size=3
)
KEYS: Final = ("parts/a", "parts/b/x.parquet", "parts/b/...", "", "a b")
_KEY: Final = st.sampled_from(KEYS)

_EXTENTS: Final = (extent("a", "m", 0, 50), extent("n", "z", 0, 50), extent("k", "p", 50, 99))
_EXTENT: Final = st.sampled_from(_EXTENTS)
_PARTS: Final = ("1", "2", "3")
FILES: Final = tuple(f"fresh/{part}" for part in _PARTS)
_SEEN: Final = st.integers(0, 3)


def _appended(part: str, place: int, ingestion: str, outcome: StoreOutcome) -> Appended:
    """A part, with a file if it brought new rows."""
    file = fresh(part, _EXTENTS[place], ingestion) if outcome.stored else None
    return Appended(origin=f"fresh/{part}", outcome=outcome, file=file)


_APPENDED: Final = st.builds(
    _appended,
    st.sampled_from(_PARTS),
    st.integers(0, 2),
    ingestion_ids(),
    st.sampled_from((StoreOutcome(stored=3), StoreOutcome(already_stored=3))),
)
_COMPACTED: Final = tuple(f"log/{'+'.join(parts)}" for parts in (_PARTS, _PARTS[:2], _PARTS[2:]))


def _replacement(old: frozenset[str], now_ms: int) -> Call:
    """The call that names one file, called after the parts in the old ones, in their place."""
    parts = sorted({part for key in old for part in key.partition("/")[2].split("+")})
    return Call("catalogue", "replace", (old, [compacted("+".join(parts))], now_ms))


CALLS: Final[Mapping[str, st.SearchStrategy[Call]]] = {
    "catalogue": _calls("catalogue", "append", st.lists(_APPENDED, max_size=3), _SEEN)
    | st.builds(
        _replacement,
        st.frozensets(st.sampled_from((*FILES, *_COMPACTED)), min_size=1, max_size=3),
        st.integers(0, 1),
    )
    | _calls("catalogue", "forget", st.lists(st.sampled_from((*FILES, *_COMPACTED)), max_size=2))
    | _calls("catalogue", "files", st.none() | _EXTENT, _SEEN),
    "dead_letters": _calls("dead_letters", "bury", _LETTERS)
    | _calls("dead_letters", "remove", _LETTERS)
    | _calls("dead_letters", "read"),
    "event_store": _calls(
        "event_store",
        "append",
        _STREAM,
        st.integers(0, 2),
        st.lists(ingestion_events(), max_size=2),
    )
    | _calls("event_store", "read", _STREAM),
    "object_store": _calls("object_store", "put_if_absent", _KEY, st.binary(max_size=2))
    | _calls("object_store", "get", _KEY)
    | _calls("object_store", "remove", _KEY)
    | _calls("object_store", "keys", st.sampled_from(("", "p", "parts/", "parts/a"))),
    "origins": _calls(
        "origins", "note", ingestion_ids(), st.builds(Origin, name=st.text(), vehicle_id=_VEHICLE)
    ),
    "latest_positions": _calls("latest_positions", "apply", _POSITIONS, st.integers(0, 3))
    | _calls("latest_positions", "read", st.lists(_VEHICLE)),
}

FINAL_CALLS: Final = (
    Call("catalogue", "files", ()),
    *(Call("catalogue", "files", (place, 0)) for place in _EXTENTS),
    Call("catalogue", "outcomes", (FILES,)),
    Call("catalogue", "recorded", ()),
    Call("catalogue", "retired", ()),
    Call("dead_letters", "read", ()),
    Call("event_store", "streams", ()),
    Call("event_store", "read", ("a",)),
    Call("event_store", "read", ("b",)),
    Call("object_store", "keys", ("",)),
    *(Call("object_store", "get", (key,)) for key in KEYS),
    Call("origins", "read", ()),
    Call("latest_positions", "cursor", ()),
    Call("latest_positions", "read", ()),
)


def _world(
    harnesses: Mapping[str, tuple[Row, ...]], name: str, folder: Path, stack: ExitStack
) -> Callable[[], World]:
    opens = {
        port: row.start(folder, stack)
        for port in CALLS
        for row in harnesses[port]
        if row.name == name
    }
    return lambda: {port: open_() for port, open_ in opens.items()}


def _memory() -> dict[str, object]:
    return {
        "catalogue": MemoryCatalogue(),
        "dead_letters": MemoryDeadLetters(),
        "event_store": MemoryEventStore(),
        "object_store": MemoryObjectStore(),
        "origins": MemoryOrigins(),
        "latest_positions": MemoryLatestPositions(),
    }


EXAMPLES: Final = {
    "local": 60,
    "dynamodb-ministack": 20,
    "dynamodb-moto": 20,
    "dynamodb-local": 20,
    "s3-ministack": 15,
    "s3-moto": 15,
    "s3-localstack": 15,
}
"""Histories a row, of the ports it has; fewer where a history has to make tables."""


def histories(ports: Sequence[str]) -> st.SearchStrategy[list[Call]]:
    """On all of the ports, or on one."""
    on_all = st.lists(st.one_of(*(CALLS[port] for port in ports)), max_size=12)
    return on_all | st.sampled_from(ports).flatmap(lambda port: st.lists(CALLS[port], max_size=12))


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_row_does_what_memory_does(
    harnesses: Mapping[str, tuple[Row, ...]],
    record_property: Callable[[str, object], None],
    name: str,
) -> None:
    """Results, error classes and the final state agree, though the row is opened again midway."""
    ports = [port for port in sorted(CALLS) if any(row.name == name for row in harnesses[port])]
    final_calls = [call for call in FINAL_CALLS if call.port in ports]

    @settings(max_examples=EXAMPLES[name], deadline=None)
    @given(history=histories(ports), reopened_after=st.integers(0, 12))
    def agrees(history: list[Call], reopened_after: int) -> None:
        memory = _memory()
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            opened = _world(harnesses, name, Path(folder), stack)
            world = opened()
            for step, call in enumerate((*history, *final_calls)):
                if step == reopened_after:
                    world = opened()
                assert call.on(memory) == call.on(world), call

    agrees()
    for port in ports:
        record_property("histories", [port, name, EXAMPLES[name]])


class NothingIsSince(MemoryCatalogue):
    """Appends whatever came behind what was seen."""

    def append(self, parts: Sequence[Appended], seen: int, buried: int = 0) -> bool:
        return super().append(parts, max(seen, self.files().sequence), buried)


class NamedIsNotRetired(MemoryCatalogue):
    """Forgets to retire the files a compaction took the place of."""

    def replace(
        self,
        old: Collection[str],
        new: Sequence[LogFile],
        now_ms: int,
        forgotten: Mapping[str, int] | None = None,
    ) -> bool:
        done = super().replace(old, new, now_ms, forgotten)
        if done:
            self.forget(old)
        return done


class LastLetterWins(MemoryDeadLetters):
    """Buries a letter over an earlier one."""

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        self.remove(letters)
        super().bury(letters)


class AnyVersionWins(MemoryEventStore[IngestionEvent]):
    """Appends whatever version was expected."""

    def append(self, stream: str, expected_version: int, events: Sequence[IngestionEvent]) -> int:
        return super().append(stream, len(self.read(stream)), events)


class LastPutWins(MemoryObjectStore):
    """Overwrites."""

    def put_if_absent(self, key: str, content: bytes) -> bool:
        absent = super().put_if_absent(key, content)
        self._objects[key] = content
        return absent


class LastNoteIsLost(MemoryOrigins):
    """Keeps the first note."""

    def note(self, ingestion: str, origin: Origin) -> None:
        super().note(ingestion, self.read().get(ingestion, origin))


class LastEventWins(MemoryLatestPositions):
    """Keeps what came last."""

    def apply(self, events: Iterable[StoredEvent], cursor: int) -> None:
        last = {stored.event.vehicle_id: stored for stored in events}
        super().apply(last.values(), cursor)
        self._winners.update(last)


@pytest.mark.parametrize(
    ("port", "faulty"),
    [
        pytest.param("catalogue", NothingIsSince, id="nothing-is-since"),
        pytest.param("catalogue", NamedIsNotRetired, id="named-is-not-retired"),
        pytest.param("dead_letters", LastLetterWins, id="last-letter-wins"),
        pytest.param("event_store", AnyVersionWins, id="any-version-wins"),
        pytest.param("object_store", LastPutWins, id="last-put-wins"),
        pytest.param("origins", LastNoteIsLost, id="last-note-is-lost"),
        pytest.param("latest_positions", LastEventWins, id="last-event-wins"),
    ],
)
def test_a_planted_bug_is_found(port: str, faulty: Callable[[], object]) -> None:
    """Random histories tell an adapter with a small fault from a right one."""

    def differs(history: list[Call]) -> bool:
        right, wrong = _memory(), _memory() | {port: faulty()}
        return any(call.on(right) != call.on(wrong) for call in (*history, *FINAL_CALLS))

    histories = st.lists(CALLS[port], max_size=12)
    searching = settings(max_examples=1000, database=None, phases=[Phase.generate])

    assert find(histories, differs, settings=searching)


ALWAYS: Final = Expression("attribute_not_exists(#nothing)")


@pytest.mark.parametrize(
    ("port", "place", "fault"),
    [
        pytest.param(
            "event_store", f"{DYNAMODB}.event_store._NEW", ALWAYS, id="any-version-is-overwritten"
        ),
        pytest.param(
            "latest_positions",
            f"{DYNAMODB}.latest_positions._greater",
            lambda _attribute, _item: ALWAYS,
            id="last-event-wins",
        ),
    ],
)
def test_a_bug_planted_in_dynamodb_is_found(
    harnesses: Mapping[str, tuple[Row, ...]],
    monkeypatch: pytest.MonkeyPatch,
    port: str,
    place: str,
    fault: object,
) -> None:
    """Random histories tell an adapter that lost a condition from a right one."""
    monkeypatch.setattr(place, fault)
    final_calls = [call for call in FINAL_CALLS if call.port == port]

    def differs(history: list[Call]) -> bool:
        memory = _memory()
        with ExitStack() as stack:
            world = _world(harnesses, "dynamodb-moto", Path(), stack)()
            return any(call.on(memory) != call.on(world) for call in (*history, *final_calls))

    searching = settings(max_examples=300, database=None, phases=[Phase.generate])

    assert find(st.lists(CALLS[port], max_size=12), differs, settings=searching)
