"""Random histories of appends: every log answers as the plain one does."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Protocol

import pytest
from attrs import evolve, frozen
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from fleetcore.domain.judging import payload_of
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.parts import Part, StoredEvent
from fleetcore.testing.contracts.log_rig import LogRig
from fleetcore_adapters.aws.dynamodb.siblings import Held
from fleetcore_adapters.aws.dynamodb.windows import Windows
from fleetcore_adapters.memory import part_file
from fleetcore_adapters.memory.location_log import MemoryLog
from fleetcore_adapters.memory.object_store import MemoryObjectStore

DAY_MS: Final = 86_400_000
SPAN: Final = (-(2**60), 2**60)


class Row(Protocol):
    """What is used of a row of the table."""

    @property
    def name(self) -> str: ...
    @property
    def start(self) -> Callable[[Path, ExitStack], Callable[[], LogRig]]: ...


@frozen(slots=True)
class Ingested:
    """The parts of one ingestion: no two of its rows have one payload."""

    name: str
    parts: tuple[tuple[StoredEvent, ...], ...]


@frozen(slots=True)
class History:
    """Ingestions, and in which order their parts are appended: some together, some again.

    A step names parts by numbers; an empty one compacts.
    """

    ingestions: tuple[Ingested, ...]
    steps: tuple[tuple[int, ...], ...]

    @property
    def parts(self) -> tuple[tuple[str, tuple[StoredEvent, ...]], ...]:
        return tuple(
            (f"{number}.part", events)
            for each in self.ingestions
            for number, events in enumerate(each.parts)
        )


_EVENTS: Final = st.builds(
    LocationEvent,
    vehicle_id=st.sampled_from(("cab-1", "cab-2", "é")),
    observed_at=st.sampled_from((0, 1, DAY_MS, -1, 2**53)),
    latitude=st.sampled_from((0.0, -0.0, 1.0)),
    longitude=st.just(0.0),
    accuracy_m=st.sampled_from((None, 0.0, 5.0)),
    status=st.sampled_from((None, "moving", "idle")),
    city=st.sampled_from((None, "a", "b")),
    source=st.sampled_from((None, "x")),
)


@st.composite
def ingested(draw: st.DrawFn, name: str) -> Ingested:
    """One ingestion's parts."""
    events = draw(st.lists(_EVENTS, min_size=1, max_size=8, unique_by=payload_of))
    rows = tuple(
        StoredEvent(event=event, distance_from_depot_m=None, ingestion=name, line=line)
        for line, event in enumerate(events, 2)
    )
    cut = draw(st.integers(0, len(rows)))
    return Ingested(name, tuple(part for part in (rows[:cut], rows[cut:]) if part))


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Up to three ingestions of overlapping events."""
    names = ("1f", "2e", "3d")[: draw(st.integers(1, 3))]
    ingestions = tuple(draw(ingested(name)) for name in names)
    total = sum(len(each.parts) for each in ingestions)
    step = st.lists(st.integers(0, total - 1), max_size=3).map(tuple)
    return History(ingestions, tuple(draw(st.lists(step, max_size=6))))


def put(rig: LogRig, history: History) -> list[Part]:
    """Store all parts of a history."""
    return [rig.put(name, *events) for name, events in history.parts]


def answers(rig: LogRig) -> object:
    """All that a log says, in an order of its own where it promises none."""
    found = sorted(rig.log.scan(), key=repr)
    winners, cursor = rig.log.winners_since(0)
    behind = [
        (list(found), reached)
        for found, reached in map(rig.log.winners_since, (cursor, cursor + 1))
    ]
    reads = [rig.log.read_vehicle(each, *SPAN) for each in ("cab-1", "cab-2", "é", "")]
    days = [rig.log.read_vehicle("cab-1", start, start + DAY_MS) for start in (-DAY_MS, 0, DAY_MS)]
    cities = [sorted(rig.log.read_city(each, *SPAN), key=repr) for each in ("a", "b", "")]
    return found, sorted(winners, key=repr), behind, cursor, reads, days, cities


def outcomes(rig: LogRig, history: History) -> list[tuple[StoreOutcome, ...]]:
    """What every step said; compactions between them."""
    parts = put(rig, history)
    said: list[tuple[StoreOutcome, ...]] = []
    for step in history.steps:
        if step:
            said.append(rig.log.append([parts[number] for number in step]))
        else:
            rig.compact()
    return said


def memory_rig(make: Callable[[MemoryObjectStore], MemoryLog] = MemoryLog) -> LogRig:
    """The plain log."""
    objects = MemoryObjectStore()
    return LogRig(log=make(objects), objects=objects, encode=part_file.encode, compact=lambda: None)


EXAMPLES: Final = {
    "arrow": 60,
    "arrow-local": 60,
    "dynamodb-ministack": 20,
    "dynamodb-ministack-filtered": 20,
    "dynamodb-moto": 20,
    "dynamodb-moto-filtered": 20,
    "dynamodb-local": 20,
    "dynamodb-local-filtered": 20,
}
"""Histories a row; fewer where a history has to make tables."""


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_log_does_what_memory_does(
    harnesses: Mapping[str, tuple[Row, ...]],
    record_property: Callable[[str, object], None],
    name: str,
) -> None:
    """Outcomes, content, winners and spans agree, though it may compact and memory does not."""
    (row,) = (row for row in harnesses["location_log"] if row.name == name)

    @settings(max_examples=EXAMPLES[name])
    @given(history=histories())
    def agrees(history: History) -> None:
        plain = memory_rig()
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            opened = row.start(Path(folder), stack)
            rig = opened()

            assert outcomes(plain, history) == outcomes(rig, history)
            assert answers(plain) == answers(opened())
            rig.compact()
            assert answers(plain) == answers(rig)

    agrees()
    record_property("histories", ["location_log", name, EXAMPLES[name]])


@settings(max_examples=60)
@given(history=histories(), data=st.data())
def test_any_order_ends_in_the_same_log(
    harnesses: Mapping[str, tuple[Row, ...]], history: History, data: st.DataObject
) -> None:
    """Whatever comes first, the same payloads are stored once each."""
    numbers = range(len(history.parts))
    order = data.draw(st.permutations(numbers))
    (row,) = (row for row in harnesses["location_log"] if row.name == "arrow")

    def payloads(order: Sequence[int]) -> list[object]:
        with ExitStack() as stack:
            rig = row.start(Path(), stack)()
            outcomes(rig, evolve(history, steps=tuple((number,) for number in order)))
            return sorted((payload_of(each.event) for each in rig.log.scan()), key=repr)

    found = payloads(numbers)
    assert len(set(found)) == len(found)
    assert set(found) == set(payloads(order))


class ConflictsAreDropped(MemoryLog):
    """Keeps one payload of an identity."""

    def _append(self, part: Part) -> StoreOutcome:
        before = len(self._appended)
        outcome = super()._append(part)
        if len(self._appended) > before and outcome.conflicting:
            self._appended[-1] = self._appended[-1][: outcome.stored]
        return outcome


class RedeliveryIsNew(MemoryLog):
    """Judges a part each time it comes."""

    def _append(self, part: Part) -> StoreOutcome:
        self._outcomes.pop(part.key, None)
        return super()._append(part)


class ProvenanceIsIgnored(MemoryLog):
    """Finds conflicts inside one ingestion."""

    def _append(self, part: Part) -> StoreOutcome:
        for siblings in self._siblings.values():
            siblings.update(dict.fromkeys(siblings, ""))
        return super()._append(part)


class LateIsLatest(MemoryLog):
    """Takes what came last for the winner."""

    def winners_since(self, cursor: int) -> tuple[tuple[StoredEvent, ...], int]:
        _, last = super().winners_since(cursor)
        events = [each for appended in self._appended[cursor:] for each in appended]
        return tuple({each.event.vehicle_id: each for each in events}.values()), last


@pytest.mark.parametrize(
    "faulty", [ConflictsAreDropped, RedeliveryIsNew, ProvenanceIsIgnored, LateIsLatest]
)
def test_a_planted_bug_is_found(faulty: Callable[[MemoryObjectStore], MemoryLog]) -> None:
    """Random histories tell a log with a small fault from a right one."""

    def differs(history: History) -> bool:
        right, wrong = memory_rig(), memory_rig(faulty)
        said = outcomes(right, history), answers(right)
        return said != (outcomes(wrong, history), answers(wrong))

    searching = settings(max_examples=2000, database=None, phases=[Phase.generate])

    assert find(histories(), differs, settings=searching) is not None


def _all_new(_windows: Windows, rows: Sequence[StoredEvent]) -> list[bool]:
    """A filter that forgot some of what it was told."""
    return [True] * len(rows)


def _no_siblings(*_: object) -> dict[int, tuple[Held, ...]]:
    """A stale look at the log."""
    return defaultdict(tuple)


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        pytest.param("windows.Windows.are_new", _all_new, id="filter-forgets"),
        pytest.param("part_rows.siblings_of", _no_siblings, id="stale-look"),
    ],
)
def test_a_bug_planted_in_dynamodb_is_found(
    harnesses: Mapping[str, tuple[Row, ...]],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    fault: object,
) -> None:
    """Random histories tell a log that trusts what it may not from a right one."""
    monkeypatch.setattr(f"fleetcore_adapters.aws.dynamodb.{place}", fault)
    (row,) = (row for row in harnesses["location_log"] if row.name == "dynamodb-moto")

    def differs(history: History) -> bool:
        right = memory_rig()
        with ExitStack() as stack:
            wrong = row.start(Path(), stack)()
            said = outcomes(right, history), answers(right)
            return said != (outcomes(wrong, history), answers(wrong))

    searching = settings(max_examples=300, database=None, phases=[Phase.generate])

    assert find(histories(), differs, settings=searching) is not None
