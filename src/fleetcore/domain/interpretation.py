"""How a file's bytes are understood: dialect, columns, time format, zone and units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from attrs import frozen

from fleetcore.domain.location import FieldName

Compression: TypeAlias = Literal["none", "gzip", "zstd"]
TimeFormat: TypeAlias = Literal["epoch-s", "epoch-ms", "iso"]
SpeedUnit: TypeAlias = Literal["km/h", "mph", "m/s", "kn"]

KMH_PER: Final[Mapping[SpeedUnit, float]] = {
    "km/h": 1.0,
    "mph": 1.609344,
    "m/s": 3.6,
    "kn": 1.852,
}
"""Kilometres an hour in one of each unit (exact by definition)."""


@frozen(kw_only=True, slots=True)
class Dialect:
    """The form of a delimited text file.

    `encoding` is a Python codec name; content is transcoded to UTF-8 without a byte order mark
    before it is cut. A quote (`"`) opens only at a field's start and is doubled inside a field.
    `columns` are the names in the header, or those given for a file without one.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    compression: Compression = "none"
    has_header: bool = True
    columns: tuple[str, ...]


@frozen(kw_only=True, slots=True)
class Interpretation:
    """A dialect and what its columns mean.

    `mapping` gives the zero-based column of each field found. `zone` is the IANA zone of times
    without an offset. `speed_unit` is the unit of the mapped speed column.
    `vehicle_from_name`: the vehicle id is not a column but comes from the file's name.
    """

    dialect: Dialect
    mapping: Mapping[FieldName, int]
    time_format: TimeFormat
    zone: str = "UTC"
    speed_unit: SpeedUnit = "km/h"
    vehicle_from_name: bool = False
