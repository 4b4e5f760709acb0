"""The embedded location log: Parquet files that a catalogue names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.location import MAX_VEHICLE_ID_BYTES
from fleetcore.domain.messages import EventBatch
from fleetcore.domain.parts import Part, StoredEvent
from fleetcore.domain.tombstones import Tombstone
from fleetcore.errors import ObjectMissing, StorageUnavailable
from fleetcore.ports.catalogue import Catalogue, Entry, Extent, Listing, LogFile
from fleetcore.ports.live_log import Batches, Changes, LiveLog
from fleetcore.ports.location_log import LocationLog
from fleetcore.ports.object_store import ObjectStore
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.appends import Appends
from fleetcore_adapters.arrow.batches import OwnBatches
from fleetcore_adapters.arrow.facts import facts_of
from fleetcore_adapters.arrow.log_files import (
    LogFiles,
    Opener,
    OpenFile,
    on_listing,
    opened_from,
    with_tail,
)
from fleetcore_adapters.arrow.tail import Tail
from fleetcore_adapters.arrow.winners import MOST_CANDIDATES, Winners

_READERS: Final = 2
_FEW_ROWS: Final = 8_192
"""Files of so few rows are taken together: each costs more than its rows do."""

_MANY_FILES: Final = 1_000
"""So many of them at most: each is some kB in memory, however few its rows."""

_INT64: Final = (-(2**63), 2**63 - 1)
_BEHIND_ALL_IDS: Final = "\U0010ffff" * MAX_VEHICLE_ID_BYTES


class ParquetLog(LocationLog, LiveLog):
    """Keeps parts as they came; of a part with rows the log holds, a file of the others.

    Live batches lie in the catalogue, the log's tail, until they are folded into parts.

    `open_file` opens the objects of `objects` for random reads; without it they are read whole.
    """

    def __init__(
        self, catalogue: Catalogue, objects: ObjectStore, open_file: Opener | None = None
    ) -> None:
        self._catalogue = catalogue
        self._files = LogFiles(with_tail(catalogue, open_file or opened_from(objects)))
        self._appends = Appends(catalogue, objects, self._files)
        self._tail = Tail(catalogue, self._files)
        self._batches = OwnBatches(catalogue, self._files)

    def append(self, parts: Sequence[Part]) -> tuple[StoreOutcome, ...]:
        return self._appends.append(parts)

    def read_vehicle(self, vehicle_id: str, start_ms: int, end_ms: int) -> tuple[StoredEvent, ...]:
        first, last = max(start_ms, _INT64[0]), min(end_ms - 1, _INT64[1])
        if first > last:
            return ()
        extent = Extent(
            min_vehicle_id=vehicle_id,
            max_vehicle_id=vehicle_id,
            min_observed_at=first,
            max_observed_at=last,
        )

        tables = self._found(extent, lambda file: _rows_of_vehicle(file, extent))
        if not tables:
            return ()
        order = [("observed_at", "ascending"), ("fingerprint", "ascending")]
        return part_file.events_of(pa.concat_tables(tables).sort_by(order))

    def read_city(self, city: str, start_ms: int, end_ms: int) -> Iterator[StoredEvent]:
        first, last = max(start_ms, _INT64[0]), min(end_ms - 1, _INT64[1])
        if first > last:
            return
        extent = Extent(
            min_vehicle_id="",
            max_vehicle_id=_BEHIND_ALL_IDS,
            min_observed_at=first,
            max_observed_at=last,
        )
        for table in self._found(extent, lambda file: _rows_of_city(file, city, extent)):
            yield from part_file.rows_of(table)

    def _found(
        self, extent: Extent, rows_in: Callable[[OpenFile], Iterator[pa.Table]]
    ) -> list[pa.Table]:
        """What is found in the files that may hold rows of an extent."""

        def found(file: LogFile) -> list[pa.Table]:
            with self._files.opened(file.key) as opened:
                return list(rows_in(opened))

        def read(listing: Listing) -> list[pa.Table]:
            files = [entry.file for entry in listing.entries]
            if len(files) <= _READERS:
                return [table for file in files for table in found(file)]
            with ThreadPoolExecutor(_READERS) as pool:
                return [table for tables in pool.map(found, files) for table in tables]

        return on_listing(lambda: self._catalogue.files(extent), read)

    def scan(self) -> Iterator[StoredEvent]:
        """See `LocationLog.scan`. The tail, which is folded any moment, is read first, and whole.

        Raises `StorageUnavailable` where compaction removed a file before it was reached.
        """
        listing, tail = on_listing(self._catalogue.files, lambda each: (each, self._tail_of(each)))
        for table in tail:
            yield from part_file.rows_of(table)
        for entry in listing.entries:
            if entry.file.kind == "tail":
                continue
            try:
                with self._files.opened(entry.file.key) as file:
                    for group in file.groups():
                        yield from part_file.rows_of(file.read(group))
            except ObjectMissing as error:
                if entry in self._catalogue.files().entries:
                    raise
                raise StorageUnavailable(
                    f"{entry.file.key!r} was compacted away while the log was scanned; scan again"
                ) from error

    def _tail_of(self, listing: Listing) -> list[pa.Table]:
        found = []
        for entry in listing.entries:
            if entry.file.kind == "tail":
                with self._files.opened(entry.file.key) as file:
                    found += [file.read(group) for group in file.groups()]
        return found

    def winners_since(self, cursor: int) -> tuple[Iterable[StoredEvent], int]:
        table, reached = self._winners_since(cursor)
        return () if table is None else part_file.rows_of(table), reached

    def _winners_since(self, cursor: int) -> tuple[pa.Table | None, int]:
        def fold(listing: Listing) -> tuple[pa.Table | None, int]:
            winners, few, rows = Winners(), list[pa.Table](), 0
            for entry in sorted(listing.entries, key=_reach_ms, reverse=True):
                with self._files.opened(entry.file.key) as file:
                    if file.footer.rows > _FEW_ROWS:
                        winners.add(file)
                    else:
                        few += map(file.read, file.groups())
                        rows += file.footer.rows
                if rows > MOST_CANDIDATES or len(few) > _MANY_FILES:
                    winners.add_rows(pa.concat_tables(few))
                    few, rows = [], 0
            if rows:
                winners.add_rows(pa.concat_tables(few))
            return winners.result(), max(listing.sequence, cursor)

        return on_listing(lambda: self._catalogue.files(after=cursor), fold)

    def append_batches(self, *batches: EventBatch) -> StoreOutcome:
        return self._tail.append(batches)

    def reached(self) -> int:
        return self._catalogue.files(after=_INT64[1]).sequence

    def changes_since(self, cursor: int) -> Changes:
        table, reached = self._winners_since(cursor)
        return Changes(facts=() if table is None else facts_of(table), cursor=reached)

    def batches_since(self, cursor: int, limit: int) -> Batches:
        return self._batches.since(cursor, limit)

    def bury(self, tombstones: Sequence[Tombstone]) -> None:
        self._catalogue.bury(tombstones)

    def tombstones(self) -> tuple[Tombstone, ...]:
        return self._catalogue.tombstones()


def _reach_ms(entry: Entry) -> int:
    return entry.file.extent.max_observed_at


def _rows_of_vehicle(file: OpenFile, extent: Extent) -> Iterator[pa.Table]:
    """The rows of one vehicle's span, which lie side by side in a row group."""
    for group in file.groups([extent]):
        keys = file.read(group, ("vehicle_id", "observed_at"))
        ids = keys.column("vehicle_id").chunk(0)
        code = pc.index(ids.dictionary, extent.min_vehicle_id).as_py()
        times = part_file.times_of(keys)
        rows = np.flatnonzero(
            (ids.indices.to_numpy() == code)
            & (times >= extent.min_observed_at)
            & (times <= extent.max_observed_at)
        )
        if len(rows):
            yield file.read(group).slice(rows[0], len(rows))


def _rows_of_city(file: OpenFile, city: str, extent: Extent) -> Iterator[pa.Table]:
    """The rows of a span that report a city."""
    for group in file.groups([extent]):
        keys = file.read(group, ("observed_at", "city"))
        times = part_file.times_of(keys)
        is_there = pc.fill_null(
            pc.equal(keys.column("city").cast(pa.string()), city), fill_value=False
        )
        rows = np.flatnonzero(
            is_there.to_numpy()
            & (times >= extent.min_observed_at)
            & (times <= extent.max_observed_at)
        )
        if len(rows):
            yield file.read(group).take(rows)
