"""The Parquet form of parts and of the log.

Rows are sorted by vehicle id (UTF-8 bytes) and time, in row groups small enough that one
vehicle's span reads one or two of them. Strings are dictionaries; times and lines are delta
encoded and floats split by byte, which zstd then packs well (Parquet format, "Encodings").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fleetcore.domain.location import LocationEvent
from fleetcore.domain.parts import StoredEvent
from fleetcore.errors import CorruptObject
from fleetcore_adapters.arrow.columns import Ints

SUFFIX: Final = ".parquet"
ROW_GROUP_ROWS: Final = 32_768
SCHEMA_VERSION: Final = "1"

Compression: TypeAlias = Literal["zstd", "lz4"]

_TEXT: Final = pa.dictionary(pa.int32(), pa.string())
SCHEMA: Final = pa.schema(
    [
        pa.field("vehicle_id", _TEXT, nullable=False),
        pa.field("observed_at", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("latitude", pa.float64(), nullable=False),
        pa.field("longitude", pa.float64(), nullable=False),
        pa.field("speed_kmh", pa.float64()),
        pa.field("heading_deg", pa.float64()),
        pa.field("accuracy_m", pa.float64()),
        pa.field("battery_pct", pa.float64()),
        pa.field("fuel_pct", pa.float64()),
        pa.field("status", _TEXT),
        pa.field("city", _TEXT),
        pa.field("source", _TEXT),
        pa.field("distance_from_depot_m", pa.float64()),
        pa.field("fingerprint", pa.uint64(), nullable=False),
        pa.field("ingestion", _TEXT, nullable=False),
        pa.field("line", pa.int64(), nullable=False),
    ],
    metadata={"fleetcore.schema": SCHEMA_VERSION},
)

_REQUIRED: Final = frozenset(field.name for field in SCHEMA if not field.nullable)
_EVENT_COLUMNS: Final = [name for name in SCHEMA.names if name != "fingerprint"]
_DICTIONARIES: Final = [f.name for f in SCHEMA if pa.types.is_dictionary(f.type)]
_REPEATS: Final = 4
"""Rows an id from which on a dictionary of ids pays."""
_ENCODINGS: Final = {
    f.name: "BYTE_STREAM_SPLIT" if pa.types.is_floating(f.type) else "DELTA_BINARY_PACKED"
    for f in SCHEMA
    if pa.types.is_floating(f.type) or f.name in ("observed_at", "line")
}


def writer(
    sink: pa.NativeFile,
    dictionaries: Sequence[str] = _DICTIONARIES,
    compression: Compression = "zstd",
) -> pq.ParquetWriter:
    """A writer of part files; give it sorted tables with `row_group_size=ROW_GROUP_ROWS`."""
    return pq.ParquetWriter(
        sink,
        SCHEMA,
        compression=compression,
        compression_level=1 if compression == "zstd" else None,
        use_dictionary=list(dictionaries),
        column_encoding=_ENCODINGS,
        write_statistics=["vehicle_id", "observed_at", "ingestion"],
        store_schema=True,
    )


def encode(*tables: pa.Table) -> bytes:
    """A part's content from its sorted rows; the same tables always give the same bytes.

    A row group never holds rows of two tables, so each may have dictionaries of its own.
    """
    # Where most ids differ, sorted texts pack better than a dictionary and places in it.
    ids = [table.column("vehicle_id").chunk(0) for table in tables if table.num_rows]
    repeat = sum(len(each) for each in ids) >= _REPEATS * sum(len(each.dictionary) for each in ids)
    sink = pa.BufferOutputStream()
    with writer(sink, _DICTIONARIES if repeat else _DICTIONARIES[1:]) as out:
        for table in tables:
            out.write_table(table, row_group_size=ROW_GROUP_ROWS)
    return sink.getvalue().to_pybytes()


def batch_content(table: pa.Table) -> bytes:
    """A live batch's content from its rows in any order: quick to write, soon written again."""
    sink = pa.BufferOutputStream()
    with writer(sink, _DICTIONARIES[1:], "lz4") as out:
        out.write_table(in_order(table), row_group_size=ROW_GROUP_ROWS)
    return sink.getvalue().to_pybytes()


def in_order(table: pa.Table) -> pa.Table:
    """The rows sorted by vehicle and time, the first of equal ones first."""
    table = table.unify_dictionaries().combine_chunks()
    if is_in_order(table):
        return table
    return table.take(pa.array(np.lexsort((times_of(table), _ranks(table)))))


def is_in_order(table: pa.Table) -> bool:
    """Whether rows of one chunk are sorted by vehicle and time."""
    if not table.num_rows:
        return True
    steps = np.diff(_ranks(table))
    return bool(((steps > 0) | ((steps == 0) & (np.diff(times_of(table)) >= 0))).all())


def _ranks(table: pa.Table) -> Ints:
    """The place of each row's vehicle among all that are there, in the order of their ids."""
    ids = table.column("vehicle_id").chunk(0)
    ranks = np.empty(len(ids.dictionary), dtype=np.int64)
    ranks[pc.sort_indices(ids.dictionary).to_numpy()] = np.arange(len(ranks))
    by_row: Ints = ranks[ids.indices.to_numpy()]
    return by_row


def of_ingestion(table: pa.Table, ingestion: str) -> pa.Table:
    """The rows with another provenance; their lines stay."""
    column = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(table.num_rows, dtype=np.int32)), pa.array([ingestion])
    )
    at = table.column_names.index("ingestion")
    return table.set_column(at, SCHEMA.field("ingestion"), column)


def times_of(table: pa.Table) -> Ints:
    """When each row was observed, in epoch ms."""
    times: Ints = table.column("observed_at").cast(pa.int64()).to_numpy()
    return times


def sliced(table: pa.Table) -> Iterator[pa.Table]:
    """Tables of one row group each, their dictionaries holding only what their rows use."""
    for start in range(0, table.num_rows, ROW_GROUP_ROWS):
        piece = table.slice(start, ROW_GROUP_ROWS)
        for name in _DICTIONARIES:
            at = piece.column_names.index(name)
            column = piece.column(at).cast(pa.string()).combine_chunks().dictionary_encode()
            piece = piece.set_column(at, SCHEMA.field(name), column)
        yield piece


def decode(content: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a part, or some of their columns. Raises `CorruptObject`."""
    names = SCHEMA.names if columns is None else list(columns)
    try:
        # Not `read_table`: its scanner takes longer than a small part.
        table = pq.ParquetFile(pa.BufferReader(content)).read(names, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise CorruptObject(f"not a readable part file: {error}") from error
    wanted = _schema_of(tuple(names))
    fits = table.schema.equals(wanted)
    for name in () if fits else names:
        held = table.schema.get_all_field_indices(name)
        if len(held) != 1 or table.column(held[0]).type != SCHEMA.field(name).type:
            raise CorruptObject(f"not a part file: its column {name!r} is none of a part")
    for name in _REQUIRED.intersection(names):
        if table.column(name).null_count:
            raise CorruptObject(f"not a part file: its column {name!r} has rows without a value")
    # In another order, perhaps; or somebody else's file says less of its columns than holds.
    return table if fits else table.select(names).cast(wanted)


@cache
def _schema_of(names: tuple[str, ...]) -> pa.Schema:
    return pa.schema([SCHEMA.field(name) for name in names], SCHEMA.metadata)


def rows_of(table: pa.Table) -> Iterator[StoredEvent]:
    """A table's rows as domain values, in order."""
    columns = [values_of(table.column(name)) for name in _EVENT_COLUMNS]
    for row in zip(*columns, strict=True):
        yield StoredEvent(
            event=LocationEvent(
                vehicle_id=row[0],
                observed_at=row[1],
                latitude=row[2],
                longitude=row[3],
                speed_kmh=row[4],
                heading_deg=row[5],
                accuracy_m=row[6],
                battery_pct=row[7],
                fuel_pct=row[8],
                status=row[9],
                city=row[10],
                source=row[11],
            ),
            distance_from_depot_m=row[12],
            ingestion=row[13],
            line=row[14],
        )


def events_of(table: pa.Table) -> tuple[StoredEvent, ...]:
    """All of a table's rows as domain values, in order."""
    return tuple(rows_of(table))


def values_of(column: pa.ChunkedArray) -> list[Any]:
    """A column as Python values; times in epoch ms."""
    if column.null_count == len(column):
        return [None] * len(column)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    found: list[Any] = []
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            values = [*chunk.dictionary.to_pylist(), None]
            found += [values[code] for code in chunk.indices.fill_null(-1).to_numpy().tolist()]
        elif chunk.null_count:
            found += chunk.to_pylist()
        else:
            found += chunk.to_numpy().tolist()
    return found
