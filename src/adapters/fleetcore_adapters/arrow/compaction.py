"""Compaction: many fresh files become few, one day each, that are the log by themselves."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from attrs import frozen

from fleetcore.errors import CorruptObject
from fleetcore.ports.catalogue import Catalogue, Listing, LogFile
from fleetcore.ports.object_store import ObjectStore
from fleetcore.ports.progress import Progress, unwatched
from fleetcore_adapters.arrow.columns import Ints
from fleetcore_adapters.arrow.day_files import MS_PER_DAY, DayFiles, unwritable
from fleetcore_adapters.arrow.log_files import LogFiles, Opener, on_listing, opened_from
from fleetcore_adapters.arrow.part_file import times_of
from fleetcore_adapters.arrow.vehicle_slices import VehicleSlices

SLICE_ROWS: Final = 262_144
"""About how many rows are sorted at once."""

MOST_SLICES: Final = 128
"""At most how many slices are written side by side; those of a very large day are larger."""

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
    catalogue, and then removes them; readers that still want one look again. Killed at any
    point, it leaves the log as it was or compacted; old files that it did not remove yet are
    removed when the next one starts.

    Each file is read once for every `DAYS_AT_ONCE` days it reaches into. The rows of these days
    wait in unfinished files, cut by vehicle, some 120 bytes each.
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
        self,
        *,
        up_to: int,
        now_ms: int,
        open_ingestions: Collection[str] = (),
        progress: Progress = unwatched,
    ) -> Compacted:
        """Compact the fresh files up to a sequence, with the compacted files of their days.

        `up_to` is the smallest cursor of all views. Parts of open ingestions stay: to resume
        one, they are read again. Raises `ObjectMissing` or `CorruptObject` if a file is not what
        the catalogue says, `StorageUnavailable`.
        """
        self._remove_retired()

        def compacted(listing: Listing) -> Compacted | None:
            fresh = [
                entry.file
                for entry in listing.entries
                if entry.file.kind == "fresh"
                and entry.sequence <= up_to
                and entry.file.ingestion not in open_ingestions
            ]
            vehicles = self._surveyed(fresh)
            joined = [
                entry.file
                for entry in listing.entries
                if entry.file.kind == "compacted"
                and _day_of(entry.file.extent.min_observed_at) in vehicles
            ]
            for day, sampled in self._surveyed(joined).items():
                vehicles[day] += sampled
            old = [*fresh, *joined]
            new = self._rewritten(old, vehicles, progress)
            if old and not self._catalogue.replace([file.key for file in old], new, now_ms):
                return None
            return Compacted(
                files_before=len(old), files_after=len(new), rows=sum(file.rows for file in old)
            )

        while (done := on_listing(self._catalogue.files, compacted)) is None:
            pass  # Another compaction replaced some of these files first.
        self._remove_retired()
        return done

    def _remove_retired(self) -> None:
        """Remove the files that others took the place of: `log/` must not hold a row twice."""
        if keys := self._catalogue.retired().keys():
            for key in keys:
                self._objects.remove(key)
            self._catalogue.forget(keys)

    def _surveyed(self, files: Sequence[LogFile]) -> dict[int, list[str]]:
        """The days on which these files have rows: of each the vehicles of some rows."""
        found: dict[int, list[str]] = {}
        read = 0
        for file in files:
            self._check(file)
            with self._files.opened(file.key) as opened:
                for group in opened.groups():
                    keys = opened.read(group, ("vehicle_id", "observed_at"))
                    days = _days(keys)
                    for day in np.unique(days).tolist():
                        found.setdefault(day, [])
                    sampled = np.arange(-read % SAMPLED_ROWS, len(days), SAMPLED_ROWS)
                    ids = keys.column("vehicle_id").take(pa.array(sampled)).to_pylist()
                    for day, vehicle_id in zip(days[sampled].tolist(), ids, strict=True):
                        found[day].append(vehicle_id)
                    read += len(days)
        return found

    def _check(self, file: LogFile) -> None:
        """Damage that can be read must not get a new name, under which nothing tells it."""
        if hashlib.sha256(self._objects.get(file.key)).hexdigest() != file.sha256:
            raise CorruptObject(
                f"{file.key!r} is not what was stored: sha256 differs; run `fleetcore doctor`"
            )

    def _rewritten(
        self,
        files: Sequence[LogFile],
        vehicles: Mapping[int, Sequence[str]],
        progress: Progress,
    ) -> list[LogFile]:
        """New files of the days surveyed, which hold all that these files hold of them."""
        new: list[LogFile] = []
        moved = _rows_told(2 * sum(file.rows for file in files), progress)
        with unwritable(self._spool), tempfile.TemporaryDirectory(dir=self._spool) as spool:
            for days in _batches(vehicles):
                sample = sorted(each for day in days for each in vehicles[day])
                new += self._days_rewritten(files, days, sample, Path(spool), moved)
        return new

    def _days_rewritten(
        self,
        files: Sequence[LogFile],
        days: Sequence[int],
        sample: Sequence[str],
        spool: Path,
        moved: Callable[[int], None],
    ) -> list[LogFile]:
        """The files of days that lie side by side in the sorted sequence of all days."""
        slices = VehicleSlices(_ends(sample), spool)
        for table in self._rows(files, days[0], days[-1]):
            slices.add(table)
            moved(table.num_rows)
        writers = {day: DayFiles(day, self._objects, spool) for day in days}
        for table in slices.tables():
            for day, rows in _by_day(table):
                writers[day].add(rows)
                moved(rows.num_rows)
            pa.default_memory_pool().release_unused()
        return [file for writer in writers.values() for file in writer.finished()]

    def _rows(self, files: Sequence[LogFile], first: int, last: int) -> Iterator[pa.Table]:
        """The rows of some days, in tables that are sorted as the files are."""
        for file in files:
            with self._files.opened(file.key) as opened:
                for group, extent in enumerate(opened.footer.extents):
                    if _day_of(extent.min_observed_at) > last:
                        continue
                    if _day_of(extent.max_observed_at) < first:
                        continue
                    table = opened.read(group)
                    days = _days(table)
                    rows = (days >= first) & (days <= last)
                    if rows.all():
                        yield table
                    elif rows.any():
                        yield table.filter(pa.array(rows)).combine_chunks()


def _rows_told(total: int, progress: Progress) -> Callable[[int], None]:
    """Tells which share of some rows was moved, whenever more are."""
    done = 0

    def moved(rows: int) -> None:
        nonlocal done
        done += rows
        progress(done / total)

    return moved


def _batches(vehicles: Mapping[int, Sequence[str]]) -> Iterator[list[int]]:
    """The days in order, as many at once as can be written side by side."""
    batch: list[int] = []
    rows = 0
    for day in sorted(vehicles):
        rows += len(vehicles[day]) * SAMPLED_ROWS
        if batch and (len(batch) == DAYS_AT_ONCE or rows > MOST_SLICES * SLICE_ROWS):
            yield batch
            batch, rows = [], len(vehicles[day]) * SAMPLED_ROWS
        batch.append(day)
    if batch:
        yield batch


def _ends(sample: Sequence[str]) -> list[str]:
    """Where slices of about `SLICE_ROWS` rows end, the last one left out."""
    step = max(SLICE_ROWS // SAMPLED_ROWS, -(-len(sample) // MOST_SLICES))
    return sorted(set(sample[step::step]))


def _by_day(table: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    """A table's rows by day, each day's sorted by vehicle and time."""
    ids = table.column("vehicle_id").chunk(0)
    ranks = np.empty(len(ids.dictionary), dtype=np.int64)
    ranks[pc.sort_indices(ids.dictionary).to_numpy()] = np.arange(len(ids.dictionary))
    times = times_of(table)
    days, places = np.unique(times // MS_PER_DAY, return_inverse=True)
    codes = (places * len(ranks) + ranks[ids.indices.to_numpy()]) * MS_PER_DAY + times % MS_PER_DAY
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(places[order], np.arange(len(days) + 1))
    for day, rows in zip(days.tolist(), np.split(order, starts[1:-1]), strict=True):
        for start in range(0, len(rows), TAKEN_ROWS):
            yield day, table.take(pa.array(rows[start : start + TAKEN_ROWS]))


def _days(table: pa.Table) -> Ints:
    return times_of(table) // MS_PER_DAY


def _day_of(observed_at: int) -> int:
    return observed_at // MS_PER_DAY
