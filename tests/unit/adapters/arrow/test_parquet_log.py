"""What a log of Parquet files reads and writes, and what it does when others interfere."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
import pytest
from attrs import evolve
from tests.tables import table_of

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import Part, StoredEvent
from fleetcore.errors import CorruptObject, ObjectMissing, StorageUnavailable
from fleetcore_adapters.arrow import appends, part_file
from fleetcore_adapters.arrow.location_log import ParquetLog
from fleetcore_adapters.arrow.log_files import opened_from, opened_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.adapters.arrow.conftest import Folder

Event: TypeAlias = Callable[..., StoredEvent]


@pytest.fixture(autouse=True)
def _small_row_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows are many row groups."""
    monkeypatch.setattr(part_file, "ROW_GROUP_ROWS", 3)


def test_new_rows_are_not_copied(folder: Folder, event: Event) -> None:
    """A part that brings only new rows becomes a file of the log as it is, and nothing is read."""
    folder.append(event("a", 1), event("b", 9))
    parts = [folder.put([event("c", at, ingestion="2e")]) for at in (1, 9)]
    folder.log.append(parts)

    assert ["fresh/1f/1.parquet", *(part.key for part in parts)] == folder.named()
    assert folder.named() == list(folder.objects.keys(""))
    assert 0 == folder.opened.total()


def test_only_new_rows_are_copied(folder: Folder, event: Event) -> None:
    """Of a part with known rows a file of the others is written beside it."""
    folder.append(*(event("a", at) for at in range(5)))
    outcome = folder.append(*(event("a", at, ingestion="2e") for at in range(3, 9)))

    assert StoreOutcome(stored=4, already_stored=2) == outcome
    _, entry = folder.catalogue.files().entries
    assert ("fresh/2e/2.parquet", "2e", 4) == (
        entry.file.origin,
        entry.file.ingestion,
        entry.file.rows,
    )
    assert (5, 8) == (entry.file.extent.min_observed_at, entry.file.extent.max_observed_at)
    assert entry.file.key.startswith("fresh/2e/2-new-")
    assert entry.file.size_bytes == len(folder.objects.get(entry.file.key))
    assert 9 == len(folder.content())


def test_small_files_are_not_read_again_for_each_arrival(folder: Folder, event: Event) -> None:
    """Of many files that overlap, each is read a few times, however many arrive after it."""
    log = folder.log
    for number in range(10):
        times = range(number, 100, 20)
        log.append([folder.put([event("a", at, ingestion=f"{number}e") for at in times])])

    assert 50 == len(folder.content())
    assert max(folder.opened.values()) <= 5


def test_known_rows_are_not_named(folder: Folder, event: Event) -> None:
    """A part whose rows are all known is no file of the log."""
    folder.append(event("a", 1), event("a", 2))
    folder.append(event("a", 2, ingestion="2e"))

    assert ["fresh/1f/1.parquet"] == folder.named()


@pytest.mark.parametrize(
    ("both", "held", "mine"),
    [
        ({"accuracy_m": None, "city": None}, {}, {"accuracy_m": 5.0}),
        ({"accuracy_m": None, "city": None}, {}, {"city": "Bern"}),
        ({"accuracy_m": None, "city": None}, {"accuracy_m": 5.0}, {}),
        ({"accuracy_m": None, "city": None}, {"city": "Bern"}, {}),
        ({}, {"latitude": 1.5}, {"latitude": 1.25}),
        ({}, {"accuracy_m": 5.0}, {"accuracy_m": None}),
        ({}, {"accuracy_m": None}, {"accuracy_m": 5.0}),
        ({}, {"status": "moving"}, {"status": "idle"}),
        ({}, {"status": "moving"}, {"status": None}),
        ({}, {"city": None}, {"city": "Zürich"}),
        ({}, {"city": "Bern"}, {"city": "Zürich"}),
    ],
)
def test_equal_fingerprints_decide_nothing(
    folder: Folder,
    event: Event,
    both: dict[str, object],
    held: dict[str, object],
    mine: dict[str, object],
) -> None:
    """Two payloads that happen to have one fingerprint are both stored; an equal one is not."""
    full = _changed(event("a", 1), accuracy_m=5.0, status="moving", city="Bern")
    full = _changed(full, **both)
    theirs = [_changed(full, **held), _changed(full, observed_at=2)]
    ours = [_changed(full, **mine), _changed(full, observed_at=2)]
    folder.append(*theirs)
    table = table_of([evolve(each, ingestion="2e") for each in ours])
    at = table.column_names.index("fingerprint")
    fingerprints = table_of(theirs).column("fingerprint")
    content = part_file.encode(table.set_column(at, table.schema.field(at), fingerprints))
    folder.objects.put_if_absent("fresh/2e/1.parquet", content)
    part = Part(
        key="fresh/2e/1.parquet",
        lane="idle",
        rows=2,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )

    assert (StoreOutcome(already_stored=1, conflicting=1),) == folder.log.append([part])


def _changed(stored: StoredEvent, **fields: Any) -> StoredEvent:
    return evolve(stored, event=evolve(stored.event, **fields))


@pytest.mark.parametrize("most_rows", [1, 4, 1000])
def test_batches_change_no_outcome(
    folder: Folder, event: Event, monkeypatch: pytest.MonkeyPatch, most_rows: int
) -> None:
    """However many rows are compared at once, a part is judged by what came before it."""
    monkeypatch.setattr(appends, "MOST_ROWS_COMPARED", most_rows)
    folder.append(*(event("a", at) for at in range(10)))
    parts = [
        folder.put(
            [event("a", at, float(at % 3), ingestion="2e") for at in range(first, first + 4)]
        )
        for first in (8, 0, 4)
    ]

    assert (
        StoreOutcome(stored=2, conflicting=2),
        StoreOutcome(already_stored=1, conflicting=3),
        StoreOutcome(already_stored=2, conflicting=2),
    ) == folder.log.append(parts)


def test_a_span_reads_only_files_it_meets(folder: Folder, event: Event) -> None:
    """Other vehicles' and other times' files stay closed."""
    folder.append(event("a", 1), event("a", 2))
    folder.append(event("a", 10), event("c", 11))
    folder.append(event("d", 1), event("z", 20))

    assert 1 == len(folder.log.read_vehicle("a", 5, 15))
    assert {"fresh/1f/2.parquet": 1} == dict(folder.opened)


def test_a_span_reads_only_row_groups_it_meets(folder: Folder, event: Event) -> None:
    """Damage in another vehicle's row group is not even seen."""
    events = [event(vehicle, at, line=at + 2) for vehicle in "abc" for at in range(3)]
    part = folder.put(events)
    folder.log.append([part])
    content = bytearray(folder.objects.get(part.key))
    content[8:40] = bytes(32)
    folder.objects._objects[part.key] = bytes(content)

    assert events[6:] == list(folder.log.read_vehicle("c", 0, 9))
    with pytest.raises(CorruptObject, match=r"fresh/1f/1\.parquet"):
        folder.log.read_vehicle("a", 0, 9)


def test_many_files_are_read_side_by_side(folder: Folder, event: Event) -> None:
    """The order of events does not depend on the order of files."""
    times = [5, 3, 9, 1, 7, 2, 8]
    for number, at in enumerate(times):
        folder.append(event("a", at, ingestion=str(number)), event("b", at, ingestion=str(number)))

    read = folder.log.read_vehicle("a", 0, 100)
    assert sorted(times) == [each.event.observed_at for each in read]


def test_a_reader_looks_again_behind_a_compaction(folder: Folder, event: Event) -> None:
    """Files that are gone when they are to be opened are found where they went."""
    events = [event("a", at, line=at + 2) for at in range(4)]
    folder.append(*events[:2])
    folder.append(*events[2:])
    waiting = [folder.compact]

    def open_late(key: str) -> pa.NativeFile:
        if waiting:
            waiting.pop()()
        return opened_from(folder.objects)(key)

    log = ParquetLog(folder.catalogue, folder.objects, open_late)
    assert tuple(events) == log.read_vehicle("a", 0, 9)
    folder.append(event("a", 9, ingestion="2e"))
    waiting.append(folder.compact)
    assert [event("a", 9, ingestion="2e")] == list(log.winners_since(0)[0])
    folder.append(event("a", 3, 7.0, ingestion="3d"))
    waiting.append(folder.compact)
    part = folder.put([event("a", 3, 7.0, ingestion="4c")])
    assert (StoreOutcome(already_stored=1),) == log.append([part])
    assert not waiting


def test_a_scan_that_compaction_overtakes_says_so(folder: Folder, event: Event) -> None:
    """It cannot tell what it has yielded from what it has not, so it never yields twice."""
    folder.append(event("a", 1))
    folder.append(event("a", 2))
    scan = folder.log.scan()
    next(scan)
    folder.compact()

    with pytest.raises(StorageUnavailable, match="scan again"):
        list(scan)


def test_a_file_that_is_named_and_not_there(folder: Folder, event: Event) -> None:
    """Looking again does not help, and the reader is told."""
    folder.append(event("a", 1))
    folder.objects.remove("fresh/1f/1.parquet")

    with pytest.raises(ObjectMissing):
        folder.log.read_vehicle("a", 0, 9)
    with pytest.raises(ObjectMissing):
        list(folder.log.scan())


def test_rows_appended_meanwhile_are_compared(folder: Folder, event: Event) -> None:
    """Between the look and the commit another process appended siblings."""
    folder.append(event("a", 1), event("b", 5))
    catalogue, objects = folder.mortal()
    catalogue.before["append"] = [
        lambda: folder.append(event("a", 2, ingestion="2e"), event("a", 3, 9.0, ingestion="2e")),
        lambda: folder.append(event("a", 4, ingestion="4c")),
    ]
    mine = [event("a", at, ingestion="3d") for at in range(1, 6)]

    (outcome,) = ParquetLog(catalogue, objects).append([folder.put(mine)])
    assert StoreOutcome(stored=1, already_stored=3, conflicting=1) == outcome
    assert 7 == len(folder.content())


def test_compaction_meanwhile_changes_nothing(folder: Folder, event: Event) -> None:
    """What was appended meanwhile may lie in a compacted file already."""
    folder.append(event("a", 1), event("b", 5))
    catalogue, objects = folder.mortal()

    def append_and_compact() -> None:
        folder.append(event("a", 2, ingestion="2e"))
        folder.compact()

    catalogue.before["append"] = [append_and_compact]
    mine = [event("a", at, ingestion="3d") for at in range(1, 4)]

    (outcome,) = ParquetLog(catalogue, objects).append([folder.put(mine)])
    assert StoreOutcome(stored=1, already_stored=2) == outcome


def test_killed_anywhere_an_append_goes_on(new_folder: type[Folder], event: Event) -> None:
    """After any number of calls the process may die; the next one ends as if it had not."""
    calls = -1
    died = True
    while died:
        calls += 1
        assert calls < 100
        folder = new_folder()
        folder.append(*(event("a", at) for at in range(8)))
        parts = [
            folder.put([event("a", at, ingestion="2e") for at in range(first, first + 4)])
            for first in (6, 2, 20)
        ]
        catalogue, objects = folder.mortal(calls)
        try:
            ParquetLog(catalogue, objects).append(parts)
        except StorageUnavailable:
            died = True
        else:
            died = False

        assert (
            StoreOutcome(stored=2, already_stored=2),
            StoreOutcome(already_stored=4),
            StoreOutcome(stored=4),
        ) == folder.log.append(parts)
        assert 14 == len(set(folder.content())) == len(folder.content())
    assert calls > 5


def test_files_are_opened_in_a_folder(tmp_path: Path) -> None:
    """Keys are paths; what is not there is missing, not an error of the operating system."""
    (tmp_path / "fresh").mkdir()
    (tmp_path / "fresh" / "x").write_bytes(b"content")

    with opened_in(tmp_path)("fresh/x") as file:
        assert b"content" == file.read()
    with pytest.raises(ObjectMissing):
        opened_in(tmp_path)("fresh/y")
    with pytest.raises(ObjectMissing):
        opened_in(tmp_path)("fresh/x/y")
