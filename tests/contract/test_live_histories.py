"""Random histories of live batches, parts, folds and tombstones: every log answers as memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Literal, Protocol, TypeAlias

import pytest
from attrs import evolve, frozen
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from fleetcore.domain.facts import winners_of
from fleetcore.domain.judging import payload_of
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.parts import StoredEvent
from fleetcore.testing.contracts.live_log_rig import LiveLogRig, tombstone
from fleetcore.testing.contracts.log_rig import LogRig
from fleetcore_adapters.arrow import membership, recent_rows
from fleetcore_adapters.arrow.recent_rows import RecentRows
from fleetcore_adapters.memory import part_file
from fleetcore_adapters.memory.location_log import MemoryLog
from fleetcore_adapters.memory.object_store import MemoryObjectStore

VEHICLES: Final = ("cab-1", "cab-2", "é")
DAY_MS: Final = 86_400_000
SPAN: Final = (-(2**60), 2**60)


class Row(Protocol):
    """What is used of a row of the table."""

    @property
    def name(self) -> str: ...
    @property
    def start(self) -> Callable[[Path, ExitStack], Callable[[], LiveLogRig]]: ...


@frozen(slots=True)
class Batch:
    """A live batch, by one of two handles."""

    ingestion: str
    events: tuple[StoredEvent, ...]
    handle: int


@frozen(slots=True)
class Brought:
    """A part of a file; no two of its rows have one payload."""

    name: str
    events: tuple[StoredEvent, ...]


@frozen(slots=True)
class Buried:
    """A vehicle is forgotten."""

    vehicle_id: str


Move: TypeAlias = Literal["fold", "compact"]
Step: TypeAlias = Batch | Brought | Buried | Move

_EVENTS: Final = st.builds(
    LocationEvent,
    vehicle_id=st.sampled_from(VEHICLES),
    observed_at=st.sampled_from((0, 1, 2, DAY_MS, -1)),
    latitude=st.sampled_from((0.0, -0.0, 1.0)),
    longitude=st.just(0.0),
    accuracy_m=st.sampled_from((None, 5.0)),
    status=st.sampled_from((None, "idle")),
    source=st.sampled_from((None, "x")),
)


def _rows(events: list[LocationEvent], ingestion: str) -> tuple[StoredEvent, ...]:
    return tuple(
        StoredEvent(event=each, distance_from_depot_m=None, ingestion=ingestion, line=line)
        for line, each in enumerate(events, 1)
    )


@st.composite
def _batches(draw: st.DrawFn) -> Batch:
    ingestion = draw(st.sampled_from(("live-1", "live-2", "replica-b")))
    rows = draw(st.lists(_EVENTS, min_size=1, max_size=6).map(lambda e: _rows(e, ingestion)))
    return Batch(ingestion, rows, draw(st.integers(0, 1)))


@st.composite
def _parts(draw: st.DrawFn) -> Brought:
    name = draw(st.sampled_from(("1f", "2e", "3d")))
    events = draw(st.lists(_EVENTS, min_size=1, max_size=4, unique_by=payload_of))
    return Brought(name, _rows(events, name))


_STEPS: Final[st.SearchStrategy[Step]] = st.one_of(
    _batches(),
    _batches(),
    _parts(),
    st.sampled_from(("fold", "compact")),
    st.sampled_from(VEHICLES).map(Buried),
)


def histories() -> st.SearchStrategy[tuple[Step, ...]]:
    """Up to eight steps."""
    return st.lists(_STEPS, max_size=8).map(tuple)


def outcomes(handles: tuple[LiveLogRig, LiveLogRig], history: tuple[Step, ...]) -> list[object]:
    """What every step said, and how far the log reached then."""
    said: list[object] = []
    for number, step in enumerate(history):
        match step:
            case Batch(ingestion, events, handle):
                said.append(handles[handle].append(*events, ingestion=ingestion))
            case Brought(name, events):
                # An ingestion brings each part once, and no row twice.
                rows = [evolve(each, ingestion=f"{name}-{number + 1}") for each in events]
                said.append(handles[number % 2].parts.append(f"{number}.part", *rows))
            case Buried(vehicle_id):
                handles[number % 2].live.bury([tombstone(vehicle_id)])
            case "fold":
                handles[number % 2].fold()
            case "compact":
                handles[number % 2].parts.compact()
        said.append(handles[number % 2].live.reached())
    return said


def answers(rig: LiveLogRig) -> object:
    """All that a log says."""
    changes = rig.live.changes_since(0)
    assert {each.vehicle_id: each for each in changes.facts} == winners_of(changes.facts)
    return (
        rig.rows(),
        [rig.parts.log.read_vehicle(each, *SPAN) for each in VEHICLES],
        sorted(changes.facts),
        changes.cursor,
        [list(rig.live.changes_since(changes.cursor + more).facts) for more in (0, 1)],
        [rig.sent(limit=limit)[0] for limit in (1, 3, 100)],
        rig.live.tombstones(),
    )


def memory_rig(make: Callable[[MemoryObjectStore], MemoryLog] = MemoryLog) -> LiveLogRig:
    """The plain log."""
    objects = MemoryObjectStore()
    log = make(objects)
    return LiveLogRig(
        live=log,
        parts=LogRig(log=log, objects=objects, encode=part_file.encode, compact=lambda: None),
        encode=part_file.encode,
        decode=part_file.decode,
        fold=lambda: None,
    )


def _row(harnesses: Mapping[str, tuple[Row, ...]], name: str) -> Row:
    (row,) = (row for row in harnesses["live_log"] if row.name == name)
    return row


EXAMPLES: Final = {"arrow": 60, "arrow-local": 30}


@pytest.mark.parametrize("most_rows", [recent_rows.MOST_ROWS, 8], ids=["all-recent", "few-recent"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_log_does_what_memory_does(
    harnesses: Mapping[str, tuple[Row, ...]],
    record_property: Callable[[str, object], None],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    most_rows: int,
) -> None:
    """Outcomes, content, changes and batches agree, whatever was folded or compacted meanwhile."""
    monkeypatch.setattr(RecentRows.__init__, "__defaults__", (most_rows,))

    @settings(max_examples=EXAMPLES[name])
    @given(history=histories())
    def agrees(history: tuple[Step, ...]) -> None:
        plain = memory_rig()
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            opened = _row(harnesses, name).start(Path(folder), stack)
            handles = (opened(), opened())

            assert outcomes((plain, plain), history) == outcomes(handles, history)
            assert answers(plain) == answers(handles[0])
            handles[1].fold()
            assert answers(plain) == answers(handles[0]) == answers(opened())
            handles[1].parts.compact()
            assert answers(plain) == answers(handles[0])

    agrees()
    record_property("histories", ["live_log", name, EXAMPLES[name]])


def _nothing_met(runs: object, hashes: object) -> frozenset[str]:
    """Files that hold an identity are said not to."""
    return frozenset()


def _nothing_doubled(table: object, rows: object, held: object, siblings: object) -> None:
    """Rows of a batch are not compared with each other."""


def _no_ingestion_but_others(self: membership.Arrivals, file: object, extents: object) -> None:
    """Rows that the same listener took in are not compared."""
    if getattr(file, "footer").ingestion != "live-1":  # noqa: B009 - a planted fault
        _COMPARE(self, file, extents)  # type: ignore[arg-type]


_COMPARE: Final = membership.Arrivals.compare


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        pytest.param("recent_rows.RecentRows.meeting", _nothing_met, id="hash-not-looked-up"),
        pytest.param("tail._compare_doubled", _nothing_doubled, id="repeats-in-a-batch"),
        pytest.param("membership.Arrivals.compare", _no_ingestion_but_others, id="own-rows"),
        pytest.param("recent_rows.RecentRows._leave", lambda *_: None, id="older-rows-forgotten"),
        pytest.param("batches.is_own", lambda _: True, id="replicas-sent-on"),
        pytest.param("buried.key_of", lambda each: each, id="forgotten-taken-in"),
    ],
)
def test_a_planted_bug_is_found(
    harnesses: Mapping[str, tuple[Row, ...]],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    fault: object,
) -> None:
    """Random histories tell a log with a small fault from a right one."""
    monkeypatch.setattr(RecentRows.__init__, "__defaults__", (8,))
    monkeypatch.setattr(f"fleetcore_adapters.arrow.{place}", fault)

    def differs(history: tuple[Step, ...]) -> bool:
        right = memory_rig()
        with ExitStack() as stack:
            opened = _row(harnesses, "arrow").start(Path(), stack)
            wrong = (opened(), opened())
            said = outcomes((right, right), history), answers(right)
            return said != (outcomes(wrong, history), answers(wrong[0]))

    searching = settings(max_examples=2000, database=None, phases=[Phase.generate])

    assert find(histories(), differs, settings=searching) is not None


def test_every_kind_of_outcome_occurs() -> None:
    """Histories hold duplicates and conflicts, or the comparison would prove little."""

    def has(total: StoreOutcome) -> bool:
        return min(total.stored, total.already_stored, total.conflicting) > 1

    def occurs(history: tuple[Step, ...]) -> bool:
        rig = memory_rig()
        said = outcomes((rig, rig), history)
        return has(sum((each for each in said if isinstance(each, StoreOutcome)), StoreOutcome()))

    assert find(histories(), occurs, settings=settings(max_examples=500, database=None))
