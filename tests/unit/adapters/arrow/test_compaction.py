"""Compaction: other files, the same log, whatever happens meanwhile."""

from __future__ import annotations

import resource
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import StoredEvent
from fleetcore.errors import CorruptObject, StorageUnavailable
from fleetcore_adapters.arrow import compaction, day_files, part_file
from fleetcore_adapters.arrow.compaction import Compacted, Compaction
from fleetcore_adapters.arrow.location_log import ParquetLog

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.adapters.arrow.conftest import Folder

Event: TypeAlias = Callable[..., StoredEvent]

DAY_MS: Final = 86_400_000
NOW_MS: Final = 1_700_000_000_000


def test_many_small_files_become_one_a_day(folder: Folder, event: Event) -> None:
    """Each day of each file goes to its day's one file, named after the day."""
    for number in range(12):
        rows = [event(f"cab-{number}", day * DAY_MS + number, line=day) for day in range(-1, 4)]
        folder.append(*rows)
    before = folder.content()

    done = folder.compaction.compact(up_to=12, now_ms=NOW_MS)
    assert Compacted(files_before=12, files_after=5, rows=60) == done
    assert before == folder.content()
    assert [
        f"log/date={day}"
        for day in ("1969-12-31", "1970-01-01", "1970-01-02", "1970-01-03", "1970-01-04")
    ] == sorted(key.rpartition("/")[0] for key in folder.named())


def test_compacted_files_are_the_log_by_themselves(folder: Folder, event: Event) -> None:
    """They are sorted by vehicle and time, without a copy, and say where each row came from."""
    folder.append(event("b", 1), event("a", 2), event("a", DAY_MS - 1))
    folder.append(*(event(*row, ingestion="2e") for row in (("a", 1), ("a", 2), ("é", 0))))
    folder.compact()

    (key,) = folder.objects.keys("log/")
    rows = part_file.events_of(part_file.decode(folder.objects.get(key)))
    assert [
        ("a", 1, "2e"),
        ("a", 2, "1f"),
        ("a", DAY_MS - 1, "1f"),
        ("b", 1, "1f"),
        ("é", 0, "2e"),
    ] == [(each.event.vehicle_id, each.event.observed_at, each.ingestion) for each in rows]


def test_late_rows_join_their_day(folder: Folder, event: Event) -> None:
    """Only the days that got rows are rewritten."""
    folder.append(event("a", 1), event("a", DAY_MS))
    folder.compact()
    first, second = folder.named()
    folder.append(event("a", 2, ingestion="2e"))
    folder.compact()

    assert 2 == len(folder.named())
    assert first not in folder.named()
    assert second in folder.named()
    assert 3 == len(folder.content())


def test_nothing_to_compact_is_nothing(folder: Folder, event: Event) -> None:
    """An empty log, and one that was compacted, stay as they are."""
    assert Compacted(files_before=0, files_after=0, rows=0) == folder.compaction.compact(
        up_to=9, now_ms=NOW_MS
    )
    folder.append(event("a", 1))
    folder.compact()
    keys = folder.named()
    folder.compact()

    assert keys == folder.named()
    assert {} == folder.catalogue.retired()


def test_what_a_view_has_not_seen_stays(folder: Folder, event: Event) -> None:
    """Files behind the smallest cursor are left, so a view reads no more than it must."""
    for at in range(4):
        folder.append(event("a", at, line=at + 2))
    folder.compaction.compact(up_to=2, now_ms=NOW_MS)
    winners, _ = folder.log.winners_since(2)

    assert ["fresh/1f/3.parquet", "fresh/1f/4.parquet"] == [
        entry.file.key for entry in folder.catalogue.files(after=2).entries
    ]
    assert [event("a", 3, line=5)] == list(winners)
    assert 4 == len(folder.content())


def test_parts_of_open_ingestions_stay(folder: Folder, event: Event) -> None:
    """Who resumes one reads them again."""
    folder.append(event("a", 1))
    folder.append(event("a", 2, ingestion="2e"))
    folder.compaction.compact(up_to=9, now_ms=NOW_MS, open_ingestions={"1f"})

    assert ["fresh/1f/1.parquet"] == [key for key in folder.named() if key.startswith("fresh/")]


def test_log_is_exact_behind_each_compaction(folder: Folder, event: Event) -> None:
    """What was replaced is removed at once: all files in `log/` hold every row once."""
    folder.append(event("a", 1), event("a", DAY_MS))
    for at in (2, 3):
        folder.compact()
        folder.append(event("a", at, line=at + 2))
    folder.compact()

    assert folder.content() == _content_of_log_folder(folder)
    assert sorted(folder.named()) == list(folder.objects.keys(""))
    assert {} == folder.catalogue.retired()


def _content_of_log_folder(folder: Folder) -> list[str]:
    tables = [part_file.decode(folder.objects.get(key)) for key in folder.objects.keys("log/")]
    return sorted(repr(row) for table in tables for row in part_file.events_of(table))


def test_what_is_appended_meanwhile_stays(folder: Folder, event: Event) -> None:
    """A part that another process appends is no part of the compaction, and is not lost."""
    folder.append(event("a", 1))
    catalogue, objects = folder.mortal()
    catalogue.before["replace"] = [lambda: folder.append(event("a", 2, ingestion="2e"))]
    Compaction(catalogue, objects).compact(up_to=9, now_ms=NOW_MS)

    assert 2 == len(folder.content())
    assert "fresh/2e/2.parquet" in folder.named()


def test_of_two_compactions_at_once_one_begins_again(folder: Folder, event: Event) -> None:
    """It finds its files replaced, and compacts what is left."""
    folder.append(event("a", 1))
    catalogue, objects = folder.mortal()

    def other() -> None:
        folder.compact()
        folder.append(event("a", 2, ingestion="2e"))

    catalogue.before["replace"] = [other]
    done = Compaction(catalogue, objects).compact(up_to=9, now_ms=NOW_MS)

    assert Compacted(files_before=2, files_after=1, rows=2) == done
    assert 2 == len(folder.content())


def test_killed_anywhere_the_log_is_what_it_was(new_folder: type[Folder], event: Event) -> None:
    """After any number of calls the process may die; the next compaction ends the work."""
    calls = -1
    died = True
    while died:
        calls += 1
        assert calls < 100
        folder = new_folder()
        folder.append(*(event("a", day * DAY_MS, line=day + 2) for day in range(3)))
        folder.compact()
        folder.append(*(event("a", day * DAY_MS + 1, ingestion="2e") for day in range(2)))
        folder.append(event("b", 1, ingestion="3d"))
        before = folder.content()
        catalogue, objects = folder.mortal(calls)
        dying = Compaction(catalogue, objects)
        try:
            dying.compact(up_to=9, now_ms=NOW_MS)
        except StorageUnavailable:
            died = True
        else:
            died = False

        assert before == folder.content()
        assert StoreOutcome(already_stored=1) == folder.append(event("b", 1, ingestion="4c"))
        folder.compact()
        assert before == folder.content()
        assert 3 == len(folder.named())
        assert all(key.startswith("log/") for key in folder.named())
        assert {} == folder.catalogue.retired()
    assert calls > 5


def test_unfinished_files_lie_in_the_spool(folder: Folder, event: Event, tmp_path: Path) -> None:
    """Nothing is left there, and a spool that cannot be used is told."""
    folder.append(event("a", 1))
    gone = tmp_path / "gone"

    with pytest.raises(StorageUnavailable, match="gone"):
        Compaction(folder.catalogue, folder.objects, spool=gone).compact(up_to=9, now_ms=NOW_MS)
    gone.mkdir()
    Compaction(folder.catalogue, folder.objects, spool=gone).compact(up_to=9, now_ms=NOW_MS)
    assert [] == list(gone.iterdir())


def test_tells_how_far_it_is(folder: Folder, event: Event) -> None:
    """The share never falls, and is 1 in the end, over days that are not written at once."""
    folder.append(*(event("a", day * DAY_MS, line=day + 2) for day in range(40)))
    folder.append(event("b", 1), event("b", 30 * DAY_MS))
    shares: list[float] = []
    folder.compaction.compact(up_to=9, now_ms=NOW_MS, progress=shares.append)

    assert sorted(shares) == shares
    assert shares[0] < 0.5
    assert 1.0 == shares[-1]


def test_no_space_is_told(folder: Folder, event: Event, tmp_path: Path) -> None:
    """The log stays as it was, and nothing is left behind."""
    folder.append(*(event("a", at, line=at + 2) for at in range(3000)))
    before = folder.named(), folder.content()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(StorageUnavailable, match=r"too large; free some space .* run again"):
            Compaction(folder.catalogue, folder.objects, spool=tmp_path).compact(
                up_to=9, now_ms=NOW_MS
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert before == (folder.named(), folder.content())
    assert [] == list(tmp_path.iterdir())


def test_readable_damage_is_not_compacted(folder: Folder, event: Event) -> None:
    """A flipped bit that Parquet does not notice would be found by nobody afterwards."""
    folder.append(event("a", 1))
    key = "fresh/1f/1.parquet"
    content = folder.objects.get(key)
    one, other = struct.pack("<d", 1.0), struct.pack("<d", 1.5)
    assert content.count(one[4:]) > 0
    folder.objects._objects[key] = content.replace(one[4:], other[4:])

    with pytest.raises(CorruptObject, match=r"1\.parquet.*run `fleetcore doctor`"):
        folder.compact()
    assert [key] == folder.named()


EVENTS: Final = st.tuples(
    st.sampled_from(("a", "a-", "b", "é")),
    st.sampled_from((-1, 0, 1, DAY_MS, 2 * DAY_MS, 3 * DAY_MS, 2**53)),
    st.sampled_from((1.0, 2.0, 3.0)),
)


@settings(max_examples=50)
@given(
    appends=st.lists(st.lists(EVENTS, min_size=1, max_size=12, unique=True), max_size=5),
    compacted_after=st.sets(st.integers(0, 4)),
    most_slices=st.integers(1, 4),
)
def test_content_stays_however_the_work_is_cut(
    new_folder: type[Folder],
    event: Event,
    appends: list[list[tuple[str, int, float]]],
    compacted_after: set[int],
    most_slices: int,
) -> None:
    """With row groups, slices, windows of days and files of a few rows nothing is lost."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(part_file, "ROW_GROUP_ROWS", 3)
        patched.setattr(day_files, "ROW_GROUP_ROWS", 3)
        patched.setattr(day_files, "MOST_ROWS", 6)
        patched.setattr(compaction, "SLICE_ROWS", 4)
        patched.setattr(compaction, "SAMPLED_ROWS", 2)
        patched.setattr(compaction, "TAKEN_ROWS", 2)
        patched.setattr(compaction, "DAYS_AT_ONCE", 2)
        patched.setattr(compaction, "MOST_SLICES", most_slices)
        folder, plain = new_folder(), new_folder()
        for number, rows in enumerate(appends):
            events = [event(*row, ingestion=str(number), line=at) for at, row in enumerate(rows)]
            assert plain.append(*events) == folder.append(*events)
            if number in compacted_after:
                folder.compact()
        folder.compact()

        assert plain.content() == folder.content()
        assert list(plain.log.winners_since(0)[0]) == list(folder.log.winners_since(0)[0])
        for key in folder.named():
            rows_of_file = part_file.events_of(part_file.decode(folder.objects.get(key)))
            order = [(each.event.vehicle_id, each.event.observed_at) for each in rows_of_file]
            assert sorted(order) == order
            assert 1 == len({at // DAY_MS for _, at in order})


def test_a_large_day_is_cut_into_files(
    folder: Folder, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind so many rows the next file of the day begins, with the vehicles that follow."""
    monkeypatch.setattr(part_file, "ROW_GROUP_ROWS", 2)
    monkeypatch.setattr(day_files, "ROW_GROUP_ROWS", 2)
    monkeypatch.setattr(compaction, "TAKEN_ROWS", 2)
    monkeypatch.setattr(day_files, "MOST_ROWS", 4)
    folder.append(*(event(f"{number:02}", 1, line=number) for number in range(11)))
    folder.compact()

    extents = sorted(
        (entry.file.extent.min_vehicle_id, entry.file.extent.max_vehicle_id, entry.file.rows)
        for entry in folder.catalogue.files().entries
    )
    assert [("00", "03", 4), ("04", "07", 4), ("08", "10", 3)] == extents
    log = ParquetLog(folder.catalogue, folder.objects)
    assert 11 == len(list(log.scan()))
