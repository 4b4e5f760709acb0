"""Live batches: what an append costs, and what it does when others interfere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
import pytest
from tests.tables import table_of

from fleetcore.domain.digests import leaf_of
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.messages import EventBatch
from fleetcore.domain.parts import StoredEvent
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.errors import CorruptObject, StorageUnavailable
from fleetcore.ports.catalogue import Entry
from fleetcore_adapters.arrow import membership, part_file, tail
from fleetcore_adapters.arrow.location_log import ParquetLog
from fleetcore_adapters.arrow.log_files import OpenFile
from fleetcore_adapters.arrow.recent_rows import RecentRows
from fleetcore_adapters.memory.catalogue import MemoryCatalogue

if TYPE_CHECKING:
    from tests.unit.adapters.arrow.conftest import Folder

Event: TypeAlias = Callable[..., StoredEvent]


def batch_of(*events: StoredEvent, ingestion: str = "live-1") -> EventBatch:
    """A live batch."""
    content = part_file.batch_content(table_of(events))
    return EventBatch(ingestion=ingestion, rows=len(events), content=content)


class Counting(MemoryCatalogue):
    """Counts the contents that are read."""

    read = 0
    listed = 0

    def content(self, key: str) -> bytes:
        self.read += 1
        return super().content(key)


def test_a_batch_of_new_rows_is_kept_as_it_came(folder: Folder, event: Event) -> None:
    """Nothing is encoded again; the catalogue says what it is."""
    batch = batch_of(*(event("a", at, ingestion="live-1") for at in range(3)))
    folder.log.append_batches(batch)

    (entry,) = folder.catalogue.files().entries
    assert batch.content == folder.catalogue.content(entry.file.key)
    assert ("tail", 3, "live-1", entry.file.key) == (
        entry.file.kind,
        entry.file.rows,
        entry.file.ingestion,
        entry.file.origin,
    )
    assert entry.file.key.startswith("tail/live-1/")
    assert [] == list(folder.objects.keys(""))


def test_rows_out_of_order_are_put_in_order(folder: Folder, event: Event) -> None:
    """Readers rely on it."""
    rows = [event(name, at, ingestion="live-1") for name in "ba" for at in (3, 1, 2)]
    content = part_file.encode(table_of(rows).take(pa.array([5, 0, 3, 1, 4, 2])))
    folder.log.append_batches(EventBatch(ingestion="live-1", rows=6, content=content))

    (entry,) = folder.catalogue.files().entries
    stored = part_file.decode(folder.catalogue.content(entry.file.key))
    assert part_file.is_in_order(stored.unify_dictionaries().combine_chunks())
    assert [1, 2, 3] == [each.event.observed_at for each in folder.log.read_vehicle("b", 0, 9)]


def test_an_append_reads_no_tail_file_it_has_seen(event: Event, folder: Folder) -> None:
    """However many there are: of new rows nothing is looked up, of known ones only their file."""
    catalogue = Counting()
    log = ParquetLog(catalogue, folder.objects)
    batches = [batch_of(event("a", at), event("b", 2 * at)) for at in range(40)]
    for batch in batches:
        log.append_batches(batch)

    assert 0 == catalogue.read
    assert StoreOutcome(already_stored=2) == log.append_batches(batches[7])
    assert 1 == catalogue.read
    other = ParquetLog(catalogue, folder.objects)
    other.append_batches(batch_of(event("c", 1)))
    seen = catalogue.read
    other.append_batches(batch_of(event("c", 2)))
    assert seen == catalogue.read == 1 + 40


def test_rows_appended_meanwhile_are_compared(folder: Folder, event: Event) -> None:
    """What another process appends between the look and the commit is seen."""
    catalogue, objects = folder.mortal()
    catalogue.before["append"] = [
        lambda: folder.log.append_batches(batch_of(event("a", 1), event("a", 2, 5.0))),
        lambda: folder.append(event("a", 3)),
    ]

    outcome = ParquetLog(catalogue, objects).append_batches(
        batch_of(event("a", 1), event("a", 2), event("a", 3), event("a", 4))
    )
    assert StoreOutcome(stored=1, already_stored=2, conflicting=1) == outcome


def test_a_vehicle_forgotten_meanwhile_is_left_out(folder: Folder, event: Event) -> None:
    """The commit itself checks; for parts too."""
    stones = [
        Tombstone(key=key_of(each), leaf=leaf_of(each), forgotten_at_ms=1) for each in ("a", "b")
    ]
    catalogue, objects = folder.mortal()
    catalogue.before["append"] = [lambda: folder.log.bury(stones[:1]), lambda: None]
    log = ParquetLog(catalogue, objects)

    outcome = log.append_batches(batch_of(event("a", 1), event("b", 1), event("c", 1)))
    assert StoreOutcome(stored=2, forgotten=1) == outcome
    catalogue.before["append"] = [lambda: folder.log.bury(stones[1:])]
    (outcome,) = log.append([folder.put([event("b", 2), event("c", 2)])])
    assert StoreOutcome(stored=1, forgotten=1) == outcome
    held = {(each.event.vehicle_id, each.event.observed_at) for each in folder.log.scan()}
    assert {("b", 1), ("c", 1), ("c", 2)} == held


def test_a_wrong_leaf_hides_no_other_vehicle(folder: Folder, event: Event) -> None:
    """A vehicle of the same leaf is not forgotten with it."""
    other = next(f"v{n}" for n in range(10**6) if leaf_of(f"v{n}") == leaf_of("a"))
    folder.log.bury([Tombstone(key=key_of("a"), leaf=leaf_of("a"), forgotten_at_ms=1)])

    outcome = folder.log.append_batches(batch_of(event("a", 1), event(other, 1)))
    assert StoreOutcome(stored=1, forgotten=1) == outcome


def test_equal_hashes_decide_nothing(
    folder: Folder, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all identities have one hash, each row is what it is all the same."""
    for module in (tail, membership):
        monkeypatch.setattr(
            module, "identity_words", lambda rows: np.zeros(rows.num_rows, dtype=np.uint64)
        )
    log = folder.log
    for at in range(3):
        outcome = log.append_batches(batch_of(event("a", at), event("b", at), event("b", at, 9.0)))
        assert StoreOutcome(stored=2, conflicting=1) == outcome
    outcome = log.append_batches(batch_of(event("a", 1), event("b", 1, 7.0), event("c", 1)))
    assert StoreOutcome(stored=1, already_stored=1, conflicting=1) == outcome


@pytest.fixture(name="nothing_known")
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row is in the window, and three are a row group."""
    monkeypatch.setattr(RecentRows.__init__, "__defaults__", (0,))
    monkeypatch.setattr(part_file, "ROW_GROUP_ROWS", 3)


@pytest.mark.usefixtures("nothing_known")
def test_late_rows_read_what_each_may_be_in(
    folder: Folder, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what lies between them: a row group for each, however long the log is."""
    for start in range(0, 100, 10):
        folder.append(*(event(name, start + at) for name in "abcd" for at in range(3)))
    reads: set[tuple[str, int]] = set()
    read = OpenFile.read

    def noted(self: OpenFile, group: int, *columns: Sequence[str]) -> pa.Table:
        reads.add((self.key, group))
        return read(self, group, *columns)

    monkeypatch.setattr(OpenFile, "read", noted)
    folder.opened.clear()
    late = [event("a", 1), event("a", 85), event("b", 300), event("d", 92, 5.0)]
    outcome = folder.log.append_batches(batch_of(*late))

    assert StoreOutcome(stored=2, already_stored=1, conflicting=1) == outcome
    assert {("fresh/1f/1.parquet", 0), ("fresh/1f/10.parquet", 3)} == reads
    assert {"fresh/1f/1.parquet", "fresh/1f/10.parquet"} == set(folder.opened)


@pytest.mark.usefixtures("nothing_known")
def test_what_was_read_whole_is_remembered(folder: Folder, event: Event) -> None:
    """Old rows of all vehicles, as another region sends them, read each file once."""
    folder.append(*(event(name, at) for name in "abcd" for at in range(3)))
    log = folder.log
    log.append_batches(batch_of(*(event(name, 1, 5.0) for name in "abcd")))
    folder.opened.clear()
    outcomes = [
        log.append_batches(batch_of(*(event(name, 1, each) for name in "xyz")))
        for each in (6.0, 7.0)
    ]

    assert [StoreOutcome(stored=3), StoreOutcome(conflicting=3)] == outcomes
    assert 0 == folder.opened.total()


@pytest.mark.usefixtures("nothing_known")
def test_a_damaged_part_stops_only_what_may_be_in_it(folder: Folder, event: Event) -> None:
    """All else is taken in; that waits until the part is as it was."""
    folder.append(*(event(name, at) for name in "abc" for at in range(3)))
    (key,) = folder.named()
    whole = folder.objects.get(key)
    folder.objects._objects[key] = whole[:8] + bytes(32) + whole[40:]
    late = batch_of(event("a", 1, 5.0))
    others = [batch_of(event("c", 1, 5.0)), batch_of(event("a", 9))]

    assert [StoreOutcome(conflicting=1), StoreOutcome(stored=1)] == [
        folder.log.append_batches(each) for each in others
    ]
    with pytest.raises(CorruptObject, match="doctor"):
        folder.log.append_batches(late)
    folder.objects._objects[key] = whole
    assert StoreOutcome(conflicting=1) == folder.log.append_batches(late)


def test_a_damaged_recent_part_stops_no_newer_rows(folder: Folder, event: Event) -> None:
    """A listener that begins reads it to know its rows, and goes on without."""
    folder.append(*(event("a", at) for at in range(3)))
    (key,) = folder.named()
    folder.objects._objects[key] = bytes(100)
    log = folder.log

    assert StoreOutcome(stored=1) == log.append_batches(batch_of(event("a", 9)))
    with pytest.raises(CorruptObject, match="doctor"):
        log.append_batches(batch_of(event("a", 1)))
    assert StoreOutcome(stored=1) == log.append_batches(batch_of(event("a", 10)))


def test_killed_anywhere_an_append_goes_on(folder: Folder, event: Event) -> None:
    """A batch is stored whole or not at all, and appending it again completes it."""
    batch = batch_of(event("a", 1), event("b", 1), event("c", 2))
    folder.append(event("a", 1))
    before, calls = folder.content(), 0
    while True:
        catalogue, objects = folder.mortal(calls)
        try:
            outcome = ParquetLog(catalogue, objects, folder.open).append_batches(batch)
        except StorageUnavailable:
            assert before == folder.content()
            calls += 1
        else:
            break
    assert calls >= 2
    assert StoreOutcome(stored=2, already_stored=1) == outcome
    assert 3 == len(folder.content())


def test_a_catalogue_that_refuses_for_no_reason(folder: Folder, event: Event) -> None:
    """A damaged one must not be asked for ever."""
    folder.log.append_batches(batch_of(event("a", 1)))
    (entry,) = folder.catalogue.files().entries
    folder.catalogue._entries[entry.file.key] = Entry(sequence=99, file=entry.file)

    with pytest.raises(StorageUnavailable, match="doctor"):
        folder.log.append_batches(batch_of(event("a", 1, 2.0)))


def test_a_damaged_batch_is_no_crash(folder: Folder, event: Event) -> None:
    """Whatever bytes come, nothing of them is stored."""
    content = batch_of(*(event("a", at) for at in range(50))).content
    for at in range(0, len(content), 7):
        damaged = content[:at] + bytes(byte ^ 0x55 for byte in content[at : at + 3])
        for each in (damaged, damaged + content[at + 3 :]):
            batch = EventBatch(ingestion="live-1", rows=50, content=each)
            try:
                folder.log.append_batches(batch)
            except CorruptObject:
                continue
            # Damage that a batch cannot tell is what its rows say.
            folder.catalogue = MemoryCatalogue()
    assert [] == folder.named()
