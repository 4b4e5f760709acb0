"""Reading the files of the log: only the row groups, and of them the columns, that matter."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from attrs import frozen

from fleetcore.errors import CorruptObject, ObjectMissing, StorageUnavailable
from fleetcore.ports.catalogue import TAIL, Catalogue, Extent, Listing
from fleetcore.ports.object_store import ObjectStore
from fleetcore_adapters.arrow.part_file import SCHEMA

Opener: TypeAlias = Callable[[str], pa.NativeFile]
"""Opens the object under a key for random reads. Raises `ObjectMissing`."""

T = TypeVar("T")

FOOTERS_KEPT: Final = 512

RECENT_ROWS: Final = 32_768
"""So many rows of the tail are kept as they were read: every view reads each batch."""


def opened_from(objects: ObjectStore) -> Opener:
    """Opens whole objects of any store."""
    return lambda key: pa.BufferReader(objects.get(key))


def opened_in(folder: Path) -> Opener:
    """Opens objects that are files at their keys under a folder; only what is read is loaded."""

    def opened(key: str) -> pa.NativeFile:
        try:
            return pa.OSFile(str(folder / key))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ObjectMissing(f"no object {key!r} in {folder}; run `fleetcore doctor`") from error
        except OSError as error:
            raise StorageUnavailable(
                f"{folder / key}: {error}; make the data folder readable and run again"
            ) from error

    return opened


def with_tail(catalogue: Catalogue, open_file: Opener) -> Opener:
    """Opens files of the log's tail, which the catalogue keeps, and all others with `open_file`."""

    def opened(key: str) -> pa.NativeFile:
        if key.startswith(TAIL):
            return pa.BufferReader(catalogue.content(key))
        return open_file(key)

    return opened


@frozen(kw_only=True, slots=True, eq=False)
class Footer:
    """What a file says of itself: the extent of each row group, and its ingestion if it has one."""

    metadata: pq.FileMetaData
    extents: tuple[Extent, ...]
    ingestion: str | None

    @property
    def rows(self) -> int:
        """All rows of the file."""
        return int(self.metadata.num_rows)

    @property
    def extent(self) -> Extent:
        """What all row groups lie in."""
        return spanned(self.extents)


class OpenFile:
    """A file of the log while it is read."""

    def __init__(
        self, key: str, footer: Footer, read_group: Callable[[int, list[str]], pa.Table]
    ) -> None:
        """`read_group` reads columns of a row group."""
        self.key = key
        self.footer = footer
        self._read_group = read_group

    def groups(self, extents: Sequence[Extent] | None = None) -> list[int]:
        """The row groups that may hold rows of any of these extents (None: all)."""
        return [
            number
            for number, held in enumerate(self.footer.extents)
            if extents is None or any(held.meets(extent) for extent in extents)
        ]

    def read(self, group: int, columns: Sequence[str] = SCHEMA.names) -> pa.Table:
        """Columns of a row group, each one chunk. Raises `CorruptObject`."""
        with _corruption(self.key):
            table = self._read_group(group, list(columns))
            return table.select(columns).combine_chunks()


class LogFiles:
    """Opens files of the log.

    Keeps the footers it has parsed, and the rows of the batches that came last: files never
    change.
    """

    def __init__(self, open_file: Opener) -> None:
        self._open = open_file
        self._lock = threading.Lock()
        self._footers: OrderedDict[str, Footer] = OrderedDict()
        self._recent: OrderedDict[str, tuple[pa.Table, ...]] = OrderedDict()
        self._recent_rows = 0

    @contextmanager
    def opened(self, key: str) -> Iterator[OpenFile]:
        """Open a file. Raises `ObjectMissing`, `CorruptObject`."""
        with self._lock:
            footer = self._footers.get(key)
            recent = self._recent.get(key)
        if footer is not None and recent is not None:
            yield OpenFile(key, footer, lambda group, columns: recent[group].select(columns))
            return
        with self._open(key) as source:
            with _corruption(key):
                known = None if footer is None else footer.metadata
                parquet = pq.ParquetFile(source, metadata=known)
                footer = footer or _footer_of(parquet.metadata)
            self._keep(key, footer)

            def read_group(group: int, columns: list[str]) -> pa.Table:
                return parquet.read_row_group(group, columns=columns, use_threads=False)

            file = OpenFile(key, footer, read_group)
            if key.startswith(TAIL) and footer.rows <= RECENT_ROWS:
                tables = tuple(map(file.read, file.groups()))
                self._keep_recent(key, tables)
                file = OpenFile(key, footer, lambda group, columns: tables[group].select(columns))
            yield file

    def _keep_recent(self, key: str, tables: tuple[pa.Table, ...]) -> None:
        with self._lock:
            if key not in self._recent:
                self._recent[key] = tables
                self._recent_rows += sum(table.num_rows for table in tables)
            while self._recent_rows > RECENT_ROWS:
                _, oldest = self._recent.popitem(last=False)
                self._recent_rows -= sum(table.num_rows for table in oldest)

    def tables(self, key: str, columns: Sequence[str] = SCHEMA.names) -> Iterator[pa.Table]:
        """Columns of a file, a row group at a time. Raises `ObjectMissing`, `CorruptObject`."""
        with self.opened(key) as file:
            for group in file.groups():
                yield file.read(group, columns)

    def _keep(self, key: str, footer: Footer) -> None:
        with self._lock:
            self._footers[key] = footer
            self._footers.move_to_end(key)
            while len(self._footers) > FOOTERS_KEPT:
                self._footers.popitem(last=False)


def on_listing(look: Callable[[], Listing], work: Callable[[Listing], T]) -> T:
    """Work on what the catalogue lists; where compaction removed a file meanwhile, look again."""
    listing = look()
    while True:
        try:
            return work(listing)
        except ObjectMissing:
            again = look()
            if again.entries == listing.entries:
                raise
            listing = again


def parsed_footer(key: str, content: bytes) -> Footer:
    """The footer of a whole file. Raises `CorruptObject`."""
    with _corruption(key):
        return _footer_of(pq.read_metadata(pa.BufferReader(content)))


def rows_by_ingestion(key: str, content: bytes) -> Mapping[str, int]:
    """How many rows of each ingestion a whole file holds. Raises `CorruptObject`."""
    found: Counter[str] = Counter()
    with LogFiles(lambda _key: pa.BufferReader(content)).opened(key) as file:
        for group in file.groups():
            counts = file.read(group, ("ingestion",)).column("ingestion").value_counts()
            for each in counts.to_pylist():
                found[each["values"]] += each["counts"]
    return found


def _footer_of(metadata: pq.FileMetaData) -> Footer:
    """A parsed footer. Raises `ValueError` if it is not one of a part or log file."""
    places = _places_of(metadata)
    if set(places) != set(SCHEMA.names) or len(places) != metadata.num_columns:
        raise ValueError("its columns are not those of a part")
    extents, ingestions = [], set[str]()
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        if not group.num_rows:
            continue
        ids, times, ingestion = (
            group.column(places[name]).statistics
            for name in ("vehicle_id", "observed_at", "ingestion")
        )
        if ids is None or times is None or ingestion is None:
            raise ValueError("a row group has no statistics")
        extents.append(
            Extent(
                min_vehicle_id=ids.min,
                max_vehicle_id=ids.max,
                min_observed_at=times.min_raw,
                max_observed_at=times.max_raw,
            )
        )
        ingestions |= {ingestion.min, ingestion.max}
    return Footer(
        metadata=metadata,
        extents=tuple(extents),
        ingestion=ingestions.pop() if len(ingestions) == 1 else None,
    )


def _places_of(metadata: pq.FileMetaData) -> dict[str, int]:
    """Where each column is."""
    columns = range(metadata.num_columns)
    if not metadata.num_row_groups:
        return {metadata.schema.column(at).name: at for at in columns}
    # Once asked for its schema, a footer refers to itself by it: each is some 20 kB that nothing
    # frees before Python looks for such circles, which a process of few objects hardly ever does.
    group = metadata.row_group(0)
    if group.num_columns != metadata.num_columns:
        raise ValueError("a row group lacks a column")
    return {group.column(at).path_in_schema: at for at in columns}


def spanned(extents: Sequence[Extent]) -> Extent:
    """The smallest extent that all of these lie in; there is at least one."""
    return Extent(
        min_vehicle_id=min(extent.min_vehicle_id for extent in extents),
        max_vehicle_id=max(extent.max_vehicle_id for extent in extents),
        min_observed_at=min(extent.min_observed_at for extent in extents),
        max_observed_at=max(extent.max_observed_at for extent in extents),
    )


@contextmanager
def _corruption(key: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        why = str(error).rstrip(".")
        raise CorruptObject(
            f"{key!r} is not a readable part file: {why}; run `fleetcore doctor`"
        ) from error
