"""Vehicles' metadata from a JSON or CSV file, as columns.

A plain CSV file is read by Arrow. Any other, and any that has something wrong in it, is read row
by row by `vehicles_in`, which knows every form and says what is wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from fleetcore.application.vehicle_table import COLUMNS, column_called, vehicles_in
from fleetcore.domain.cells import BLANKS, NULLS
from fleetcore.domain.location import MAX_VEHICLE_ID_BYTES
from fleetcore.domain.vehicles import Vehicle
from fleetcore.errors import InvalidInput
from fleetcore.ports.vehicle_directory import VehicleDirectory
from fleetcore_adapters.arrow.cells import typed_floats
from fleetcore_adapters.arrow.texts import are_plain_ids

_TYPES: Final = {
    "vehicle_id": pa.string(),
    "class": pa.dictionary(pa.int32(), pa.string()),
    "max_speed_kmh": pa.float64(),
    "depot_latitude": pa.float64(),
    "depot_longitude": pa.float64(),
}
_NUMBERS: Final = COLUMNS[2:]
_PLAIN_HEADER: Final = re.compile(rb"\w+(?:,\w+)*\r?\n")


def vehicle_columns(vehicles: Collection[Vehicle | None]) -> pa.Table:
    """A table of `COLUMNS`, a row a vehicle."""
    fields = ("vehicle_id", "vehicle_class", "max_speed_kmh", "depot_latitude", "depot_longitude")
    return pa.table(
        {
            column: pa.array(
                [None if each is None else getattr(each, field) for each in vehicles],
                type=_TYPES[column],
            )
            for column, field in zip(COLUMNS, fields, strict=True)
        }
    )


class VehiclesFile(VehicleDirectory):
    """The vehicles of one file's content, read once.

    Raises `InvalidInput` where the content is no list of vehicles.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self.content = content
        plain = _plain_columns(content)
        self._table = vehicle_columns(vehicles_in(content, name)) if plain is None else plain

    @classmethod
    def at(cls, path: Path) -> VehiclesFile:
        """The vehicles of a file. Raises `InvalidInput` where it cannot be read."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InvalidInput(f"{path}: {error.strerror or error}") from error
        return cls(content, str(path))

    def find(self, vehicle_ids: Collection[str]) -> Mapping[str, Vehicle]:
        """See `VehicleDirectory.find`."""
        found = self.columns(pa.array(list(vehicle_ids), type=pa.string()))
        return {
            row["vehicle_id"]: Vehicle(
                vehicle_id=row["vehicle_id"],
                vehicle_class=row["class"],
                max_speed_kmh=row["max_speed_kmh"],
                depot_latitude=row["depot_latitude"],
                depot_longitude=row["depot_longitude"],
            )
            for row in found.to_pylist()
            if row["vehicle_id"] is not None
        }

    def columns(self, vehicle_ids: pa.Array) -> pa.Table:
        """A table of `COLUMNS`, a row an id; all is null in the row of one that is not known."""
        rows = pc.index_in(vehicle_ids, value_set=self._table.column("vehicle_id"))
        return self._table.take(rows)


def _plain_columns(content: bytes) -> pa.Table | None:
    """The columns of a plain CSV file in which all is in order; None for any other."""
    header = _PLAIN_HEADER.match(content)
    if header is None or b'"' in content:
        return None
    try:
        content.decode()
    except UnicodeDecodeError:
        return None
    names = [column_called(name) for name in header[0].decode().strip().split(",")]
    known = [name for name in names if name is not None]
    if "vehicle_id" not in known or len(set(known)) < len(known):
        return None
    try:
        read = pcsv.read_csv(
            pa.BufferReader(content),
            read_options=pcsv.ReadOptions(
                use_threads=False,
                block_size=len(content) + 1,
                skip_rows=1,
                column_names=[name or f"column {at}" for at, name in enumerate(names)],
            ),
            parse_options=pcsv.ParseOptions(quote_char=False),
            convert_options=pcsv.ConvertOptions(
                include_columns=known,
                column_types={name: _TYPES[name] for name in known},
                null_values=list(NULLS),
                strings_can_be_null=True,
            ),
        ).unify_dictionaries()
    except pa.ArrowInvalid:
        return None
    columns = {
        name: read.column(name).combine_chunks() if name in known else pa.nulls(len(read), type_)
        for name, type_ in _TYPES.items()
    }
    return pa.table(columns) if _are_in_order(columns) else None


def _are_in_order(columns: Mapping[str, pa.Array]) -> bool:
    """Whether `vehicles_in` would read the same from these columns, and refuse nothing."""
    ids = columns["vehicle_id"]
    if (
        ids.null_count
        or not are_plain_ids(ids, MAX_VEHICLE_ID_BYTES).all()
        or pc.count_distinct(ids).as_py() < len(ids)
    ):
        return False
    classes = columns["class"].dictionary.to_pylist()
    numbers = [typed_floats(columns[name]) for name in _NUMBERS]
    if any(each is None for each in numbers) or any(name != name.strip(BLANKS) for name in classes):
        return False
    speeds, latitudes, longitudes = (columns[name] for name in _NUMBERS)
    return (
        _all_lie_in(speeds, math.ulp(0.0), math.inf)
        and _all_lie_in(latitudes, -90, 90)
        and _all_lie_in(longitudes, -180, 180)
        and bool(latitudes.is_valid().equals(longitudes.is_valid()))
    )


def _all_lie_in(column: pa.Array, low: float, high: float) -> bool:
    extremes = pc.min_max(column).as_py()
    return extremes["min"] is None or low <= extremes["min"] <= extremes["max"] <= high
