"""The Parquet form of parts and of the log.

Rows are sorted by vehicle id (UTF-8 bytes) and time, in row groups small enough that one
vehicle's span reads one or two of them. Strings are dictionaries; times and lines are delta
encoded and floats split by byte, which zstd then packs well (Parquet format, "Encodings").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from fleetcore.domain.location import LocationEvent
from fleetcore.domain.parts import StoredEvent
from fleetcore.errors import CorruptObject

SUFFIX: Final = ".parquet"
ROW_GROUP_ROWS: Final = 32_768
SCHEMA_VERSION: Final = "1"

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

_DICTIONARIES: Final = [f.name for f in SCHEMA if pa.types.is_dictionary(f.type)]
_ENCODINGS: Final = {
    f.name: "BYTE_STREAM_SPLIT" if pa.types.is_floating(f.type) else "DELTA_BINARY_PACKED"
    for f in SCHEMA
    if pa.types.is_floating(f.type) or f.name in ("observed_at", "line")
}


def writer(sink: pa.NativeFile) -> pq.ParquetWriter:
    """A writer of part files; give it sorted tables with `row_group_size=ROW_GROUP_ROWS`."""
    return pq.ParquetWriter(
        sink,
        SCHEMA,
        compression="zstd",
        compression_level=1,
        use_dictionary=_DICTIONARIES,
        column_encoding=_ENCODINGS,
        write_statistics=["vehicle_id", "observed_at"],
        store_schema=True,
    )


def encode(*tables: pa.Table) -> bytes:
    """A part's content from its sorted rows; the same tables always give the same bytes.

    A row group never holds rows of two tables, so each may have dictionaries of its own.
    """
    sink = pa.BufferOutputStream()
    with writer(sink) as out:
        for table in tables:
            out.write_table(table, row_group_size=ROW_GROUP_ROWS)
    return sink.getvalue().to_pybytes()


def decode(content: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a part, or some of their columns. Raises `CorruptObject`."""
    try:
        return pq.read_table(
            pa.BufferReader(content),
            columns=None if columns is None else list(columns),
            use_threads=False,
        )
    except (pa.ArrowInvalid, OSError) as error:
        raise CorruptObject(f"not a readable part file: {error}") from error


def events_of(table: pa.Table) -> tuple[StoredEvent, ...]:
    """A table's rows as domain values, in order."""
    names = [name for name in SCHEMA.names if name not in ("observed_at", "fingerprint")]
    columns = {name: table.column(name).to_pylist() for name in names}
    times = table.column("observed_at").cast(pa.int64()).to_pylist()
    return tuple(
        StoredEvent(
            event=LocationEvent(
                vehicle_id=row[0],
                observed_at=observed_at,
                latitude=row[1],
                longitude=row[2],
                speed_kmh=row[3],
                heading_deg=row[4],
                accuracy_m=row[5],
                battery_pct=row[6],
                fuel_pct=row[7],
                status=row[8],
                city=row[9],
                source=row[10],
            ),
            distance_from_depot_m=row[11],
            ingestion=row[12],
            line=row[13],
        )
        for observed_at, row in zip(
            times, zip(*(columns[name] for name in names), strict=True), strict=True
        )
    )
