"""Folding the log's tail: killed anywhere, raced by anybody, it never changes what the log says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import pytest
from attrs import evolve
from tests.tables import table_of

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.messages import EventBatch
from fleetcore.domain.parts import StoredEvent
from fleetcore.errors import CorruptObject, StorageUnavailable
from fleetcore.testing.contracts.race import raced
from fleetcore_adapters.arrow import folding, part_file
from fleetcore_adapters.arrow.folding import Folded, Folding, TailWatch
from fleetcore_adapters.arrow.location_log import ParquetLog

if TYPE_CHECKING:
    from tests.unit.adapters.arrow.conftest import Folder

Event: TypeAlias = Callable[..., StoredEvent]


def take_in(log: ParquetLog, *events: StoredEvent) -> StoreOutcome:
    """Append a live batch."""
    content = part_file.batch_content(table_of(events))
    return log.append_batches(
        EventBatch(ingestion=events[0].ingestion, rows=len(events), content=content)
    )


ROWS: Final = [
    StoredEvent(
        event=LocationEvent(vehicle_id="a", observed_at=at, latitude=1.0, longitude=2.0),
        distance_from_depot_m=None,
        ingestion="live-2",
        line=2,
    )
    for at in range(5)
]
"""What `filled` holds of a vehicle."""


def fold(folder: Folder, up_to: int | None = None) -> Folded:
    """Fold, undisturbed."""
    return Folding(folder.catalogue, folder.objects).fold(now_ms=0, up_to=up_to)


@pytest.fixture(name="filled")
def _filled(folder: Folder, event: Event) -> Folder:
    """A log whose tail has batches of two listeners, and that has a part."""
    folder.append(event("a", 0))
    for at in range(1, 5):
        events = [event(name, at, ingestion=f"live-{at % 2}") for name in "cab"]
        take_in(folder.log, *events)
    return folder


def test_a_part_for_each_who_took_events_in(filled: Folder) -> None:
    """Sorted by vehicle and time, with provenance, under the highest sequence of its batches."""
    before = filled.content()

    assert Folded(batches=4, parts=2, rows=12) == fold(filled)
    assert before == filled.content()
    part, *folded = filled.catalogue.files().entries
    assert "fresh/1f/1.parquet" == part.file.key
    assert [("fresh", 6, None, 5)] * 2 == [
        (each.file.kind, each.file.rows, each.file.origin, each.sequence) for each in folded
    ]
    assert {"live-0", "live-1"} == {each.file.ingestion for each in folded}
    for entry in folded:
        rows = part_file.events_of(part_file.decode(filled.objects.get(entry.file.key)))
        keys = [each.event.identity for each in rows]
        assert sorted(keys) == keys
        assert {entry.file.ingestion} == {each.ingestion for each in rows}
    assert Folded() == fold(filled)


def test_folds_up_to_a_sequence(filled: Folder) -> None:
    """What came later stays in the tail."""
    assert Folded(batches=2, parts=2, rows=6) == fold(filled, up_to=3)
    assert ["tail", "tail"] == [
        entry.file.kind for entry in filled.catalogue.files().entries if entry.sequence > 3
    ]
    assert Folded() == fold(filled, up_to=0)


def test_a_long_tail_is_folded_bit_by_bit(filled: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not too many rows are in memory at once."""
    monkeypatch.setattr(folding, "ROWS_AT_ONCE", 3)
    before = filled.content()

    assert Folded(batches=4, parts=4, rows=12) == fold(filled)
    assert before == filled.content()


def test_killed_anywhere_nothing_is_lost_or_doubled(filled: Folder) -> None:
    """The next folding goes on, and what the killed one left without a name is swept."""
    before, calls, died = filled.content(), 0, True
    while died:
        catalogue, objects = filled.mortal(calls)
        try:
            Folding(catalogue, objects).fold(now_ms=0)
            died = False
        except StorageUnavailable:
            calls += 1
        assert before == filled.content()
    assert calls > 6
    folder = Folding(filled.catalogue, filled.objects)
    folder.sweep()
    assert sorted(filled.named()) == sorted(filled.objects.keys(""))
    assert before == filled.content()


def test_only_orphans_of_foldings_are_swept(filled: Folder) -> None:
    """Not what is named, not what a compaction will remove, and nobody else's objects."""
    fold(filled)
    named = filled.named()
    for key in ("fresh/live-1/tail-0.parquet", "fresh/live-1/x.parquet", "log/tail-1.parquet"):
        filled.objects.put_if_absent(key, b"x")
    filled.catalogue._retired["fresh/live-0/tail-retired.parquet"] = 0
    filled.objects.put_if_absent("fresh/live-0/tail-retired.parquet", b"x")

    assert 1 == Folding(filled.catalogue, filled.objects).sweep()
    assert "fresh/live-1/tail-0.parquet" not in set(filled.objects.keys(""))
    assert set(named) < set(filled.objects.keys(""))


def test_of_two_foldings_at_once_one_begins_again(filled: Folder, event: Event) -> None:
    """It folds what is left."""
    catalogue, objects = filled.mortal()

    def fold_and_append() -> None:
        fold(filled)
        take_in(filled.log, event("z", 9, ingestion="live-0"))

    catalogue.before["replace"] = [fold_and_append]
    before = [*filled.content(), repr(event("z", 9, ingestion="live-0"))]

    assert Folded(batches=1, parts=1, rows=1) == Folding(catalogue, objects).fold(now_ms=0)
    assert sorted(before) == filled.content()


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(lambda log: log.read_vehicle("a", 0, 99), id="read-vehicle"),
        pytest.param(lambda log: log.changes_since(0), id="changes"),
        pytest.param(lambda log: sorted(map(repr, log.winners_since(0)[0])), id="winners"),
        pytest.param(
            lambda log: sum(batch.rows for batch in log.batches_since(0, 99).batches), id="batches"
        ),
        pytest.param(lambda log: sorted(map(repr, log.scan())), id="scan"),
        pytest.param(lambda log: take_in(log, *ROWS), id="append"),
    ],
)
def test_a_batch_folded_while_it_is_read(
    filled: Folder, asked: Callable[[ParquetLog], object]
) -> None:
    """Whoever reads looks again, and gets the same."""
    expected = asked(filled.log)
    catalogue, objects = filled.mortal()
    catalogue.before["content"] = [partial(fold, filled)]

    assert expected == asked(ParquetLog(catalogue, objects))
    assert [] == catalogue.before["content"]


def test_a_damaged_batch_is_not_folded(filled: Folder) -> None:
    """Under a new name nothing would tell the damage."""
    key = next(iter(filled.catalogue._contents))
    filled.catalogue._contents[key] = part_file.batch_content(table_of([]))

    with pytest.raises(CorruptObject, match="sha256 differs"):
        fold(filled)


def test_cursors_behind_a_fold_and_a_compaction_miss_nothing(filled: Folder) -> None:
    """A view that is behind reads the compacted file again."""
    expected = filled.log.changes_since(0)
    fold(filled)
    filled.compact(up_to=filled.log.reached())

    for cursor in range(5):
        assert expected == filled.log.changes_since(cursor)
    assert () == filled.log.changes_since(5).facts
    assert {"compacted"} == {each.file.kind for each in filled.catalogue.files().entries}


def test_readers_appenders_and_foldings_at_work(folder: Folder, event: Event) -> None:
    """What threads append and fold and compact at once is all there, once."""
    done = threading.Event()

    def append(number: int) -> StoreOutcome:
        log, total = folder.log, StoreOutcome()
        for at in range(25):
            rows = [event(f"{number}", at, ingestion=f"live-{number}"), event("x", at)]
            total += take_in(log, *rows)
        return total

    def keep() -> int:
        rows = 0
        while not done.is_set():
            rows += fold(folder).rows
            folder.compact()
        return rows

    def follow() -> int:
        log, cursor, seen = folder.log, 0, set[tuple[str, int]]()
        while not done.is_set():
            changes = log.changes_since(cursor)
            assert changes.cursor >= cursor
            cursor = changes.cursor
            seen.update((fact.vehicle_id, fact.observed_at) for fact in changes.facts)
        final = log.changes_since(cursor)
        seen.update((fact.vehicle_id, fact.observed_at) for fact in final.facts)
        return len({vehicle for vehicle, at in seen if at == 24})

    def run() -> list[StoreOutcome]:
        try:
            outcomes = raced([partial(append, n) for n in range(3)])
            return [each for each in outcomes if isinstance(each, StoreOutcome)]
        finally:
            done.set()

    outcomes, _, followed = raced([run, keep, follow])
    assert isinstance(outcomes, list)
    assert StoreOutcome(stored=100, already_stored=50) == sum(outcomes, StoreOutcome())
    assert 4 == followed
    assert 100 == len(set(folder.content())) == len(folder.content())


def test_a_tail_is_due_when_it_is_long_or_old(filled: Folder, event: Event) -> None:
    """As old as the look that saw it first; what came just now stays."""
    watch = TailWatch(most_rows=14, oldest_s=60, settled_s=10)

    def due(now_ms: int) -> int | None:
        return watch.due(filled.catalogue.files(after=watch.seen), now_ms)

    assert None is due(1_000)
    assert None is due(61_000)
    assert 5 == due(61_001)
    take_in(filled.log, event("y", 1, ingestion="live-0"))
    assert 5 == due(61_002)
    fold(filled, up_to=5)
    watch.clear()
    assert None is due(62_000)
    take_in(filled.log, *(event(f"{n}", 1, ingestion="live-0") for n in range(20)))
    assert 6 == due(72_000)
    assert 7 == due(82_000)
    assert None is TailWatch(most_rows=1).due(filled.catalogue.files(), 5)


def test_what_was_read_ahead_is_not_read_again(
    filled: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folding reads what came since; what somebody else folded meanwhile is nothing."""
    before = filled.content()
    folding = Folding(filled.catalogue, filled.objects)
    entries = filled.catalogue.files().entries
    tail = [each for each in entries if each.file.kind == "tail"]
    gone = evolve(tail[0], file=evolve(tail[0].file, key="tail/live-0/gone.parquet"))
    folding.read_ahead([*tail[:3], gone])
    content, read = filled.catalogue.content, list[str]()

    def noted(key: str) -> bytes:
        read.append(key)
        return content(key)

    monkeypatch.setattr(filled.catalogue, "content", noted)

    assert Folded(batches=4, parts=2, rows=12) == folding.fold(now_ms=0)
    assert [tail[3].file.key] == read
    assert before == filled.content()
