"""The embedded location log: Parquet files that a catalogue names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from attrs import evolve, frozen

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import Part, StoredEvent
from fleetcore.errors import CorruptObject, ObjectMissing, StorageUnavailable
from fleetcore.ports.catalogue import Appended, Catalogue, Entry, Extent, Listing, LogFile
from fleetcore.ports.location_log import LocationLog
from fleetcore.ports.object_store import ObjectStore
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.columns import Mask, Words
from fleetcore_adapters.arrow.identity_runs import IdentityRuns
from fleetcore_adapters.arrow.log_files import (
    LogFiles,
    Opener,
    OpenFile,
    on_listing,
    opened_from,
    parsed_footer,
    spanned,
)
from fleetcore_adapters.arrow.membership import Arrivals, are_twins, identity_words
from fleetcore_adapters.arrow.winners import Winners

MOST_ROWS_COMPARED: Final = 700_000
"""Arriving rows that are compared with the log at once."""

_SMALL_ROWS: Final = part_file.ROW_GROUP_ROWS
_READERS: Final = 2
_INT64: Final = (-(2**63), 2**63 - 1)


@frozen(kw_only=True, slots=True)
class _Arrival:
    """A part that is what its sha256 says, as the file of the log it may become."""

    part: Part
    file: LogFile | None


class ParquetLog(LocationLog):
    """Keeps parts as they came; of a part with rows the log holds, a file of the others.

    `open_file` opens the objects of `objects` for random reads; without it they are read whole.
    """

    def __init__(
        self, catalogue: Catalogue, objects: ObjectStore, open_file: Opener | None = None
    ) -> None:
        self._catalogue = catalogue
        self._objects = objects
        self._files = LogFiles(open_file or opened_from(objects))
        self._small = IdentityRuns()

    def append(self, parts: Sequence[Part]) -> tuple[StoreOutcome, ...]:
        known = self._catalogue.outcomes({part.key for part in parts})
        missing = {part.key: part for part in parts if part.key not in known}
        for batch in self._batches(missing.values()):
            self._append(batch)
        outcomes = {**known, **self._catalogue.outcomes(missing)}
        return tuple(outcomes[part.key] for part in parts)

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

        def found(file: LogFile) -> list[pa.Table]:
            with self._files.opened(file.key) as opened:
                return list(_rows_of_vehicle(opened, extent))

        def read(listing: Listing) -> list[pa.Table]:
            files = [entry.file for entry in listing.entries]
            if len(files) <= _READERS:
                return [table for file in files for table in found(file)]
            with ThreadPoolExecutor(_READERS) as pool:
                return [table for tables in pool.map(found, files) for table in tables]

        tables = on_listing(lambda: self._catalogue.files(extent), read)
        if not tables:
            return ()
        order = [("observed_at", "ascending"), ("fingerprint", "ascending")]
        return part_file.events_of(pa.concat_tables(tables).sort_by(order))

    def scan(self) -> Iterator[StoredEvent]:
        """See `LocationLog.scan`.

        Raises `StorageUnavailable` where compaction removed a file before it was reached.
        """
        for entry in self._catalogue.files().entries:
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

    def winners_since(self, cursor: int) -> tuple[Iterable[StoredEvent], int]:
        def fold(listing: Listing) -> tuple[pa.Table | None, int]:
            winners = Winners()
            for entry in sorted(listing.entries, key=_reach_ms, reverse=True):
                with self._files.opened(entry.file.key) as file:
                    winners.add(file)
            return winners.result(), listing.sequence

        table, sequence = on_listing(lambda: self._catalogue.files(after=cursor), fold)
        events = () if table is None else part_file.rows_of(table)
        return events, max(sequence, cursor)

    def _batches(self, parts: Iterable[Part]) -> Iterator[list[_Arrival]]:
        """Arrivals of one ingestion, not too many rows at once."""
        batch: list[_Arrival] = []
        for part in parts:
            arrival = self._arrival(part)
            rows = part.rows + sum(other.part.rows for other in batch)
            if batch and (rows > MOST_ROWS_COMPARED or _ingestions([*batch, arrival]) > 1):
                yield batch
                batch = []
            batch.append(arrival)
        if batch:
            yield batch

    def _arrival(self, part: Part) -> _Arrival:
        content = self._objects.get(part.key)
        if hashlib.sha256(content).hexdigest() != part.sha256:
            raise CorruptObject(
                f"{part.key!r} is not the part that was committed: sha256 differs; "
                "run `fleetcore doctor`"
            )
        footer = parsed_footer(part.key, content)
        if footer.rows != part.rows:
            raise CorruptObject(
                f"{part.key!r} has {footer.rows} rows, not {part.rows}; run `fleetcore doctor`"
            )
        if not part.rows:
            return _Arrival(part=part, file=None)
        if footer.ingestion is None:
            raise CorruptObject(
                f"{part.key!r} has rows of more than one ingestion; run `fleetcore doctor`"
            )
        file = LogFile(
            key=part.key,
            kind="fresh",
            rows=part.rows,
            extent=footer.extent,
            size_bytes=len(content),
            sha256=part.sha256,
            origin=part.key,
            ingestion=footer.ingestion,
        )
        return _Arrival(part=part, file=file)

    def _append(self, batch: Sequence[_Arrival]) -> None:
        files = [arrival.file for arrival in batch if arrival.file is not None]
        extent = spanned([file.extent for file in files]) if files else None

        refused: set[int] = set()

        def appended(listing: Listing) -> bool:
            if listing.sequence in refused:
                raise StorageUnavailable(
                    "the catalogue refuses what it lists no reason against; "
                    "it is damaged: run fleetcore doctor"
                )
            held = [entry.file for entry in listing.entries]
            rows = self._new_rows(files, held)
            parts = [self._appended(arrival, rows.get(arrival.part.key)) for arrival in batch]
            if self._catalogue.append(parts, listing.sequence):
                return True
            refused.add(listing.sequence)
            return False

        while not on_listing(lambda: self._catalogue.files(extent), appended):
            pass  # Others appended rows that may be siblings of these: compare with them too.

    def _new_rows(
        self, files: Sequence[LogFile], held: Sequence[LogFile]
    ) -> dict[str, tuple[StoreOutcome, Mask]]:
        """What becomes of the rows of those arriving files that are not certainly all new."""
        found: dict[str, tuple[StoreOutcome, Mask]] = {}
        contested: list[LogFile] = []
        for file in files:
            others = [other for other in held if _may_share_rows(file, other)]
            if any(self._are_twins(file, other) for other in others):
                outcome = StoreOutcome(already_stored=file.rows)
                found[file.key] = outcome, np.zeros(file.rows, dtype=np.bool_)
            elif others:
                contested.append(file)
        if contested:
            self._compare(contested, held, found)
        return found

    def _are_twins(self, file: LogFile, other: LogFile) -> bool:
        if (file.rows, file.extent) != (other.rows, other.extent):
            return False
        with self._files.opened(file.key) as one, self._files.opened(other.key) as another:
            return are_twins(one, another)

    def _compare(
        self,
        contested: Sequence[LogFile],
        held: Sequence[LogFile],
        found: dict[str, tuple[StoreOutcome, Mask]],
    ) -> None:
        def groups(columns: Sequence[str]) -> Iterator[pa.Table]:
            for file in contested:
                yield from self._groups(file, columns)

        rows = sum(file.rows for file in contested)
        arrivals = Arrivals(str(contested[0].ingestion), rows, groups)
        extents = [file.extent for file in contested]
        rivals = [
            other for other in held if any(_may_share_rows(file, other) for file in contested)
        ]
        for other in self._meeting(rivals, contested):
            with self._files.opened(other.key) as opened:
                arrivals.compare(opened, extents)
        starts = accumulate((file.rows for file in contested), initial=0)
        for file, start in zip(contested, starts, strict=False):
            found[file.key] = arrivals.outcome(start, file.rows)

    def _meeting(
        self, rivals: Sequence[LogFile], contested: Sequence[LogFile]
    ) -> Iterator[LogFile]:
        """The rivals that may hold an identity of the contested files.

        Of small files, which are many, that is remembered: each is read once, and not once for
        each file that arrives after it.
        """
        known = {other.key for other in rivals if other.key in self._small}
        met = frozenset[str]()
        if known:
            met = self._small.meeting(np.concatenate([self._hashes(file) for file in contested]))
        for other in rivals:
            if other.key in met or other.key not in known:
                yield other
            if other.rows <= _SMALL_ROWS and other.key not in known:
                self._small.add(other.key, self._hashes(other))

    def _hashes(self, file: LogFile) -> Words:
        """The hashes of a file's identities."""
        groups = self._groups(file, ("vehicle_id", "observed_at"))
        return np.concatenate([identity_words(group) for group in groups])

    def _appended(self, arrival: _Arrival, rows: tuple[StoreOutcome, Mask] | None) -> Appended:
        part, file = arrival.part, arrival.file
        if rows is None:
            return Appended(origin=part.key, outcome=StoreOutcome(stored=part.rows), file=file)
        outcome, new = rows
        if file is None or not new.any():
            return Appended(origin=part.key, outcome=outcome, file=None)
        if not new.all():
            file = self._written(file, new)
        return Appended(origin=part.key, outcome=outcome, file=file)

    def _written(self, part: LogFile, new: Mask) -> LogFile:
        """A file of some of a part's rows."""
        table = pa.concat_tables(self._groups(part)).filter(pa.array(new))
        content = part_file.encode(*part_file.sliced(table))
        sha256 = hashlib.sha256(content).hexdigest()
        key = f"{part.key.removesuffix(part_file.SUFFIX)}-new-{sha256[:16]}{part_file.SUFFIX}"
        self._objects.put_if_absent(key, content)
        footer = parsed_footer(key, content)
        return evolve(
            part,
            key=key,
            rows=footer.rows,
            extent=footer.extent,
            size_bytes=len(content),
            sha256=sha256,
        )

    def _groups(
        self, file: LogFile, columns: Sequence[str] = part_file.SCHEMA.names
    ) -> Iterator[pa.Table]:
        with self._files.opened(file.key) as opened:
            for group in opened.groups():
                yield opened.read(group, columns)


def _reach_ms(entry: Entry) -> int:
    return entry.file.extent.max_observed_at


def _may_share_rows(file: LogFile, other: LogFile) -> bool:
    return other.ingestion != file.ingestion and other.extent.meets(file.extent)


def _ingestions(batch: Sequence[_Arrival]) -> int:
    return len({arrival.file.ingestion for arrival in batch if arrival.file is not None})


def _rows_of_vehicle(file: OpenFile, extent: Extent) -> Iterator[pa.Table]:
    """The rows of one vehicle's span, which lie side by side in a row group."""
    for group in file.groups([extent]):
        keys = file.read(group, ("vehicle_id", "observed_at"))
        ids = keys.column("vehicle_id").chunk(0)
        code = pc.index(ids.dictionary, extent.min_vehicle_id).as_py()
        times = keys.column("observed_at").cast(pa.int64()).to_numpy()
        rows = np.flatnonzero(
            (ids.indices.to_numpy() == code)
            & (times >= extent.min_observed_at)
            & (times <= extent.max_observed_at)
        )
        if len(rows):
            yield file.read(group).slice(rows[0], len(rows))
