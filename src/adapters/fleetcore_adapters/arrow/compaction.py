"""Compaction: many fresh files become few, one day each, that are the log by themselves."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from attrs import evolve, frozen

from fleetcore.ports.catalogue import Catalogue, Extent, Listing, LogFile
from fleetcore.ports.object_store import ObjectStore
from fleetcore_adapters.arrow.columns import Ints, Mask
from fleetcore_adapters.arrow.day_files import MS_PER_DAY, DayFiles, unwritable
from fleetcore_adapters.arrow.log_files import LogFiles, Opener, on_listing, opened_from
from fleetcore_adapters.arrow.part_file import SCHEMA

SLICE_ROWS: Final = 262_144
"""About how many rows are sorted at once."""

SAMPLED_ROWS: Final = 1_024
"""Of how many rows one tells where to cut slices."""

TAKEN_ROWS: Final = 65_536
"""How many sorted rows are handed on at once."""

DAYS_AT_ONCE: Final = 16
"""At most how many days are written side by side; each may hold a row group in memory."""


@frozen(kw_only=True, slots=True)
class Compacted:
    """What a compaction did: files taken, files written in their place, and their rows."""

    files_before: int
    files_after: int
    rows: int


class Compaction:
    """Rewrites the log's files; never what it says.

    May run beside readers and appends: it replaces only files it has read, in one change of the
    catalogue, and the old files stay until they are removed some time later. Killed at any
    point, it leaves the log as it was or compacted.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        objects: ObjectStore,
        open_file: Opener | None = None,
        spool: Path | None = None,
    ) -> None:
        """Use `spool` for unfinished files (none: the system's folder for temporary files)."""
        self._catalogue = catalogue
        self._objects = objects
        self._files = LogFiles(open_file or opened_from(objects))
        self._spool = spool

    def compact(
        self, *, up_to: int, now_ms: int, open_ingestions: Collection[str] = ()
    ) -> Compacted:
        """Compact the fresh files up to a sequence, with the compacted files of their days.

        `up_to` is the smallest cursor of all views. Parts of open ingestions stay: to resume
        one, they are read again. Raises `ObjectMissing` or `CorruptObject` if a file is not what
        the catalogue says, `StorageUnavailable`.
        """

        def compacted(listing: Listing) -> Compacted | None:
            fresh = [
                entry.file
                for entry in listing.entries
                if entry.file.kind == "fresh"
                and entry.sequence <= up_to
                and entry.file.ingestion not in open_ingestions
            ]
            days = self._days(fresh)
            old = [
                *fresh,
                *(
                    entry.file
                    for entry in listing.entries
                    if entry.file.kind == "compacted" and _day(entry.file) in days
                ),
            ]
            new = self._rewritten(old, sorted(days))
            if old and not self._catalogue.replace([file.key for file in old], new, now_ms):
                return None
            return Compacted(
                files_before=len(old), files_after=len(new), rows=sum(file.rows for file in old)
            )

        while (done := on_listing(self._catalogue.files, compacted)) is None:
            pass  # Another compaction replaced some of these files first.
        return done

    def remove_retired(self, *, before_ms: int) -> int:
        """Remove the files retired up to an instant; how many.

        Readers that still want one look again. Raises `StorageUnavailable`.
        """
        keys = [key for key, since in self._catalogue.retired().items() if since <= before_ms]
        for key in keys:
            self._objects.remove(key)
        if keys:
            self._catalogue.forget(keys)
        return len(keys)

    def _days(self, files: Sequence[LogFile]) -> set[int]:
        """The days on which these files have rows."""
        days: set[int] = set()
        for file in files:
            with self._files.opened(file.key) as opened:
                for group in opened.groups():
                    times = _times(opened.read(group, ["observed_at"]))
                    days.update(np.unique(times // MS_PER_DAY).tolist())
        return days

    def _rewritten(self, files: Sequence[LogFile], days: Sequence[int]) -> list[LogFile]:
        new: list[LogFile] = []
        if not files:
            return new
        # As many days as a file spans: fewer would read it again and again, more would cut the
        # vehicles into slices so thin that they read each row group again and again.
        at_once = min(DAYS_AT_ONCE, int(median(map(_days_spanned, files))))
        with unwritable(self._spool), tempfile.TemporaryDirectory(dir=self._spool) as spool:
            for start in range(0, len(days), at_once):
                new += self._days_rewritten(files, days[start : start + at_once], Path(spool))
        return new

    def _days_rewritten(
        self, files: Sequence[LogFile], days: Sequence[int], spool: Path
    ) -> list[LogFile]:
        """The files of days that lie side by side in the sorted sequence of all days."""
        writers = {day: DayFiles(day, self._objects, spool) for day in days}
        whole = _Slice(first_day=days[0], last_day=days[-1])
        for part in _slices(whole, self._sample(files, whole)):
            tables = [table for file in files for table in self._rows(file, part)]
            if tables:
                table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
                del tables
                for day, rows in _by_day(table):
                    writers[day].add(rows)
                    del rows
                del table
                pa.default_memory_pool().release_unused()
        return [file for writer in writers.values() for file in writer.finished()]

    def _sample(self, files: Sequence[LogFile], part: _Slice) -> list[str]:
        """The vehicle id of every so many rows."""
        found: list[str] = []
        for file in files:
            for table in self._rows(file, part, ("vehicle_id", "observed_at")):
                ids = table.column("vehicle_id")
                found += ids.take(pa.array(range(0, len(ids), SAMPLED_ROWS))).to_pylist()
        return found

    def _rows(
        self, file: LogFile, part: _Slice, columns: Sequence[str] = SCHEMA.names
    ) -> Iterator[pa.Table]:
        """The rows of a file that lie in a slice."""
        if not part.meets(file.extent):
            return
        with self._files.opened(file.key) as opened:
            for group, extent in enumerate(opened.footer.extents):
                if part.meets(extent):
                    table = opened.read(group, columns)
                    rows = part.holds(table)
                    if rows.all():
                        yield table
                    elif rows.any():
                        yield table.filter(pa.array(rows))


@frozen(kw_only=True, slots=True)
class _Slice:
    """Some days of the vehicles behind `after`, up to and with `until`; None: all."""

    first_day: int
    last_day: int
    after: str | None = None
    until: str | None = None

    def meets(self, extent: Extent) -> bool:
        """Whether rows of an extent may lie in the slice."""
        return (
            (self.after is None or extent.max_vehicle_id > self.after)
            and (self.until is None or extent.min_vehicle_id <= self.until)
            and extent.max_observed_at >= self.first_day * MS_PER_DAY
            and extent.min_observed_at < (self.last_day + 1) * MS_PER_DAY
        )

    def holds(self, table: pa.Table) -> Mask:
        """Which rows of a row group lie in the slice."""
        days = _times(table) // MS_PER_DAY
        held: Mask = (days >= self.first_day) & (days <= self.last_day)
        column = table.column("vehicle_id").chunk(0)
        codes = column.indices.to_numpy()
        if self.after is not None:
            held &= pc.greater(column.dictionary, self.after).to_numpy(zero_copy_only=False)[codes]
        if self.until is not None:
            within = pc.less_equal(column.dictionary, self.until)
            held &= within.to_numpy(zero_copy_only=False)[codes]
        return held


def _slices(whole: _Slice, sample: list[str]) -> Iterator[_Slice]:
    """Slices of about `SLICE_ROWS` rows, one behind the other; a vehicle is never cut."""
    step = SLICE_ROWS // SAMPLED_ROWS
    ends = sorted(set(sorted(sample)[step::step]))
    for after, until in pairwise([None, *ends, None]):
        yield evolve(whole, after=after, until=until)


def _by_day(table: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    """A table's rows by day, each day's sorted by vehicle and time."""
    ids = table.column("vehicle_id").chunk(0)
    ranks = np.empty(len(ids.dictionary), dtype=np.int64)
    ranks[pc.sort_indices(ids.dictionary).to_numpy()] = np.arange(len(ids.dictionary))
    times = _times(table)
    days, places = np.unique(times // MS_PER_DAY, return_inverse=True)
    codes = (places * len(ranks) + ranks[ids.indices.to_numpy()]) * MS_PER_DAY + times % MS_PER_DAY
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(places[order], np.arange(len(days) + 1))
    for day, rows in zip(days.tolist(), np.split(order, starts[1:-1]), strict=True):
        for start in range(0, len(rows), TAKEN_ROWS):
            yield day, table.take(pa.array(rows[start : start + TAKEN_ROWS]))


def _times(table: pa.Table) -> Ints:
    times: Ints = table.column("observed_at").chunk(0).cast(pa.int64()).to_numpy()
    return times


def _days_spanned(file: LogFile) -> int:
    return file.extent.max_observed_at // MS_PER_DAY - _day(file) + 1


def _day(file: LogFile) -> int:
    return file.extent.min_observed_at // MS_PER_DAY
