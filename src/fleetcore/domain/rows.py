"""From the cells of a row to what it said; the reference for every engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Final, TypeAlias

from attrs import frozen

from fleetcore.domain.blocks import Block, row_pattern
from fleetcore.domain.cells import (
    UNREADABLE,
    Unreadable,
    id_in,
    number_in,
    optional_number_in,
    status_in,
    text_in,
    time_in,
)
from fleetcore.domain.interpretation import KMH_PER, Interpretation
from fleetcore.domain.location import FIELDS, REQUIRED_FIELDS, FieldName, Reading

WRONG_COLUMN_COUNT: Final = "wrong-column-count"

Cell: TypeAlias = str | int | float | None | Unreadable


@frozen(kw_only=True, slots=True)
class Row:
    """What one row said. A row with faults is malformed; warnings are optional cells lost."""

    reading: Reading = Reading()
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def unreadable_code(field: FieldName) -> str:
    """The code for a cell of this field that has text but no meaning."""
    return f"unreadable-{field.replace('_', '-')}"


def physical_rows(block: Block, delimiter: str) -> Iterator[tuple[int, bytes]]:
    """Each row of a block: the line it starts on and its bytes without the line end.

    Blank lines are no rows.
    """
    line = block.first_line
    if block.plain:
        for number, text in enumerate(block.data.split(b"\n"), block.first_line):
            if row := text.removesuffix(b"\r"):
                yield number, row
        return
    for match in row_pattern(delimiter).finditer(block.data):
        whole = match[0]
        if row := whole.rstrip(b"\r\n") if whole.strip(b"\r\n") else b"":
            yield line, row
        line += whole.count(b"\n") + whole.count(b"\r") - whole.count(b"\r\n")


@lru_cache(maxsize=16)
def _field_pattern(delimiter: str) -> re.Pattern[bytes]:
    mark = re.escape(delimiter.encode())
    return re.compile(
        rb'(?:"((?:[^"]++|"")*+)"([^%b\r\n]*+)|([^%b\r\n]*+))(?:%b|\Z)' % (mark, mark, mark)
    )


def cells_of(row: bytes, delimiter: str) -> list[bytes]:
    """The cells of a row's bytes, quotes resolved."""
    if b'"' not in row:
        return row.split(delimiter.encode())
    cells: list[bytes] = []
    at, pattern, end = 0, _field_pattern(delimiter), len(row)
    while True:
        match = pattern.match(row, at)
        if match is None:  # pragma: no cover - the row pattern matched it before
            raise AssertionError(f"not a row: {row[:80]!r}")
        quoted, behind, bare = match.groups()
        cells.append(bare if quoted is None else quoted.replace(b'""', b'"') + behind)
        at = match.end()
        if at >= end:
            if row.endswith(delimiter.encode()) and match.end(0) > match.end(
                3 if quoted is None else 2
            ):
                cells.append(b"")
            return cells


def row_reader(
    interpretation: Interpretation, vehicle_id: str | None
) -> Callable[[Sequence[bytes]], Row]:
    """A function from the cells of a row to what it said."""
    width = len(interpretation.dialect.columns)
    readers = _cell_readers(interpretation)
    columns = sorted(interpretation.mapping.items(), key=lambda item: FIELDS.index(item[0]))
    given: dict[str, str | None] = {"vehicle_id": vehicle_id} if vehicle_id is not None else {}

    def read(cells: Sequence[bytes]) -> Row:
        if len(cells) != width:
            return Row(faults=(WRONG_COLUMN_COUNT,))
        values: dict[str, str | int | float | None] = dict(given)
        faults: list[str] = []
        warnings: list[str] = []
        for field, column in columns:
            value = _decoded(cells[column], readers[field])
            if isinstance(value, Unreadable):
                (faults if field in REQUIRED_FIELDS else warnings).append(unreadable_code(field))
                value = None
            values[field] = value
        return Row(
            reading=Reading(**values),  # type: ignore[arg-type]  # each reader gives its field's type
            faults=tuple(faults),
            warnings=() if faults else tuple(warnings),
        )

    return read


def _decoded(cell: bytes, reader: Callable[[str], Cell]) -> Cell:
    try:
        return reader(cell.decode())
    except UnicodeDecodeError:
        return UNREADABLE


def _cell_readers(interpretation: Interpretation) -> Mapping[FieldName, Callable[[str], Cell]]:
    factor = KMH_PER[interpretation.speed_unit]

    def speed_in(text: str) -> Cell:
        value = optional_number_in(text)
        return value * factor if isinstance(value, float) and factor != 1.0 else value

    return {
        "vehicle_id": id_in,
        "observed_at": partial(time_in, form=interpretation.time_format, zone=interpretation.zone),
        "latitude": number_in,
        "longitude": number_in,
        "speed_kmh": speed_in,
        "heading_deg": optional_number_in,
        "accuracy_m": optional_number_in,
        "battery_pct": optional_number_in,
        "fuel_pct": optional_number_in,
        "status": status_in,
        "city": text_in,
        "source": text_in,
    }
