"""From the text of a vehicles file (JSON or CSV) to what is known of each vehicle."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from fleetcore.domain.cells import BLANKS, NULLS, number_in
from fleetcore.domain.dialects import sniffed_delimiter
from fleetcore.domain.headers import normalised
from fleetcore.domain.location import normalised_id
from fleetcore.domain.vehicles import Vehicle
from fleetcore.errors import InvalidInput

COLUMNS: Final = ("vehicle_id", "class", "max_speed_kmh", "depot_latitude", "depot_longitude")
"""The columns or keys that are read; others are ignored."""

_NAMES: Final[Mapping[str, str]] = {normalised(name): name for name in COLUMNS}


def column_called(name: str) -> str | None:
    """Which of `COLUMNS` a header names; None for none of them."""
    return _NAMES.get(normalised(name))


def vehicles_in(content: bytes, name: str) -> tuple[Vehicle, ...]:
    """The vehicles of a file called `name`, in its order.

    JSON is a list of objects, or an object of objects by vehicle id; CSV has a header row.
    Raises `InvalidInput`, naming the vehicle or line, for what cannot be read, and for a vehicle
    that is listed twice.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{name}: the file is not UTF-8: {error}") from None
    is_json = text.lstrip()[:1] in ("[", "{")
    found: dict[str, Vehicle] = {}
    for where, entry in _json_entries(text, name) if is_json else _csv_entries(text, name):
        vehicle = _vehicle(entry, f"{name}: {where}")
        if vehicle.vehicle_id in found:
            raise InvalidInput(f"{name}: {where}: vehicle {vehicle.vehicle_id!r} is listed twice")
        found[vehicle.vehicle_id] = vehicle
    return tuple(found.values())


def _json_entries(text: str, name: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{name}: the file is not JSON: {error}") from None
    if isinstance(document, dict):
        document = [
            {"vehicle_id": key, **entry} if isinstance(entry, dict) else entry
            for key, entry in document.items()
        ]
    for number, entry in enumerate(document, 1):
        if not isinstance(entry, dict):
            raise InvalidInput(f"{name}: entry {number} is not an object with a vehicle_id")
        yield f"entry {number}", entry


def _csv_entries(text: str, name: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    def known(row: object) -> int:
        return len(_NAMES.keys() & map(normalised, row)) if isinstance(row, list) else 0

    delimiter = sniffed_delimiter(text.encode() + b"\n", width=None, known=known)
    if delimiter not in next((line for line in text.splitlines() if line), ""):
        delimiter = ","  # One column: what looks like a delimiter is a part of some id.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = next((row for row in reader if row), [])
        columns = [column_called(each) for each in header]
        if "vehicle_id" not in columns:
            raise InvalidInput(
                f"{name}: there is no column vehicle_id; columns are {', '.join(COLUMNS)}, "
                f"found: {', '.join(header[:20]) or 'none'}"
            )
        for row in reader:
            if row:
                cells = zip(columns, row, strict=False)
                yield (
                    f"line {reader.line_num}",
                    {key: cell for key, cell in cells if key is not None},
                )
    except csv.Error as error:
        raise InvalidInput(f"{name}: line {reader.line_num}: {error}") from None


def _vehicle(entry: Mapping[str, object], where: str) -> Vehicle:
    given = entry.get("vehicle_id")
    vehicle_id = (
        normalised_id(str(given))
        if isinstance(given, str | int) and not isinstance(given, bool)
        else None
    )
    if vehicle_id is None:
        raise InvalidInput(f"{where}: vehicle_id {given!r} is missing or no id")
    vehicle_class = entry.get("class")
    if isinstance(vehicle_class, str) and _is_text(vehicle_class):
        vehicle_class = vehicle_class.strip(BLANKS)
        vehicle_class = None if vehicle_class in NULLS else vehicle_class
    elif vehicle_class is not None:
        raise InvalidInput(f"{where}: class {vehicle_class!r} is not text")

    def number(key: str, allowed: str, is_allowed: Callable[[float], bool]) -> float | None:
        value = entry.get(key)
        read = number_in(value) if isinstance(value, str) else value
        if read is None:
            return None
        if isinstance(read, bool) or not isinstance(read, int | float) or not is_allowed(read):
            raise InvalidInput(f"{where}: {key} {value!r} is not {allowed}")
        return float(read)

    latitude = number("depot_latitude", "from -90 to 90", lambda value: -90 <= value <= 90)
    longitude = number("depot_longitude", "from -180 to 180", lambda value: -180 <= value <= 180)
    if (latitude is None) != (longitude is None):
        raise InvalidInput(f"{where}: depot_latitude and depot_longitude need each other")
    return Vehicle(
        vehicle_id=vehicle_id,
        vehicle_class=vehicle_class,
        max_speed_kmh=number(
            "max_speed_kmh", "a number above 0", lambda value: 0 < value <= sys.float_info.max
        ),
        depot_latitude=latitude,
        depot_longitude=longitude,
    )


def _is_text(text: str) -> bool:
    """Whether a text can be written; JSON's escapes can name halves of a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
