"""From a block's bytes to rows, and from a row's cells to what it said."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.blocks import cut
from fleetcore.domain.interpretation import KMH_PER, Dialect, Interpretation, SpeedUnit
from fleetcore.domain.location import FIELDS, FieldName, Reading
from fleetcore.domain.rows import Row, cells_of, physical_rows, row_reader, unreadable_code

PLAIN: Final = Interpretation(
    dialect=Dialect(columns=("id", "t", "lat", "lon", "v", "state", "note")),
    mapping={
        "vehicle_id": 0,
        "observed_at": 1,
        "latitude": 2,
        "longitude": 3,
        "speed_kmh": 4,
        "status": 5,
    },
    time_format="epoch-ms",
)
GOOD: Final = (b"cab-1", b"1700000000000", b"37.7", b"-122.4", b"5", b"active", b"hello")


def read(cells: Sequence[bytes], how: Interpretation = PLAIN, vehicle_id: str | None = None) -> Row:
    """What a row of cells said."""
    return row_reader(how, vehicle_id)(cells)


def changed(**cells: bytes) -> tuple[bytes, ...]:
    """The good row with other cells, by column."""
    return tuple(cells.get(c, g) for c, g in zip(PLAIN.dialect.columns, GOOD, strict=True))


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        (b"a,b", [b"a", b"b"]),
        (b",", [b"", b""]),
        (b'"a,b",c', [b"a,b", b"c"]),
        (b'"a""b",c', [b'a"b', b"c"]),
        (b'"",""', [b"", b""]),
        (b'"a"b,c', [b"ab", b"c"]),
        (b'"a"b"c",d', [b'ab"c"', b"d"]),
        (b'a"b",c', [b'a"b"', b"c"]),
        (b'"a\r\nb",c', [b"a\r\nb", b"c"]),
        (b'"a",', [b"a", b""]),
        (b',"a"', [b"", b"a"]),
        (b'a,"b",,', [b"a", b"b", b"", b""]),
        (b'""""', [b'"']),
        (b'"a" ,b', [b"a ", b"b"]),
        (b' "a",b', [b' "a"', b"b"]),
    ],
)
def test_cells_of_a_row(row: bytes, cells: list[bytes]) -> None:
    """Quotes that open a field are resolved; those inside one are characters."""
    assert cells == cells_of(row, ",")


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " ", "^", "]", "\\"])
def test_any_delimiter(delimiter: str) -> None:
    """The delimiter parts cells and only it does, whatever it means in a pattern."""
    mark = delimiter.encode()

    assert [b"a,b", b"", mark + b"c"] == cells_of(
        b"a,b" + mark + mark + b'"' + mark + b'c"', delimiter
    )


@given(
    cells=st.lists(
        st.lists(st.sampled_from((b"a", b'"', b",", b"\n", b"\r", b" ")), max_size=4).map(b"".join),
        min_size=2,
        max_size=4,
    )
)
def test_what_is_quoted_is_read_back(cells: list[bytes]) -> None:
    """Cells written in quotes, their own quotes doubled, come back as they were."""
    row = b",".join(b'"' + cell.replace(b'"', b'""') + b'"' for cell in cells)
    (block,) = cut(io.BytesIO(row + b"\n"), size_bytes=1 << 20, delimiter=",", has_header=False)

    ((line, found),) = physical_rows(block, ",")

    assert (1, cells) == (line, cells_of(found, ","))


def test_a_good_row() -> None:
    """Each mapped column becomes its field; a column that is not mapped becomes nothing."""
    expected = Reading(
        vehicle_id="cab-1",
        observed_at=1_700_000_000_000,
        latitude=37.7,
        longitude=-122.4,
        speed_kmh=5.0,
        status="moving",
    )

    assert Row(reading=expected) == read(GOOD)


@pytest.mark.parametrize("cells", [GOOD[:-1], (*GOOD, b""), (), (b"",)])
def test_another_number_of_cells_is_malformed(cells: tuple[bytes, ...]) -> None:
    """A row that is too short or too long says nothing at all."""
    assert Row(faults=("wrong-column-count",)) == read(cells)


@pytest.mark.parametrize(
    ("cells", "faults"),
    [
        ({"t": b"noon"}, ["unreadable-observed-at"]),
        ({"lat": b"37,7"}, ["unreadable-latitude"]),
        ({"lon": b"W122"}, ["unreadable-longitude"]),
        ({"id": b"cab\x07"}, ["unreadable-vehicle-id"]),
        ({"id": b"\xff"}, ["unreadable-vehicle-id"]),
        (
            {"lon": b"?", "id": b"\xff", "v": b"?"},
            ["unreadable-vehicle-id", "unreadable-longitude"],
        ),
    ],
)
def test_a_required_cell_without_meaning_is_malformed(
    cells: dict[str, bytes], faults: list[str]
) -> None:
    """Faults come in the order of the fields, and a malformed row does not warn."""
    row = read(changed(**cells))

    assert (faults, ()) == (list(row.faults), row.warnings)


@pytest.mark.parametrize(
    ("cells", "field", "warnings"),
    [
        ({"v": b"fast"}, "speed_kmh", ["unreadable-speed-kmh"]),
        ({"v": b"nan"}, "speed_kmh", ["unreadable-speed-kmh"]),
        ({"v": b"inf"}, "speed_kmh", ["unreadable-speed-kmh"]),
        ({"state": b"\xff"}, "status", ["unreadable-status"]),
    ],
)
def test_an_optional_cell_without_meaning_is_lost(
    cells: dict[str, bytes], field: FieldName, warnings: list[str]
) -> None:
    """The row counts, the cell is null, and a warning says so."""
    row = read(changed(**cells))

    assert ((), warnings, None) == (row.faults, list(row.warnings), getattr(row.reading, field))
    assert "cab-1" == row.reading.vehicle_id


@pytest.mark.parametrize("column", ["id", "t", "lat", "lon", "v", "state"])
def test_a_missing_cell_is_none_and_no_fault(column: str) -> None:
    """What is missing is for the rules to judge."""
    row = read(changed(**{column: b""}))
    field = next(f for f, at in PLAIN.mapping.items() if at == PLAIN.dialect.columns.index(column))

    assert ((), (), None) == (row.faults, row.warnings, getattr(row.reading, field))


@pytest.mark.parametrize("cell", [b"nan", b"-inf", b"Infinity"])
def test_a_coordinate_that_is_not_finite_is_left_to_the_rules(cell: bytes) -> None:
    """NaN and infinities are readable coordinates, which a rule rejects."""
    assert () == read(changed(lat=cell)).faults


@pytest.mark.parametrize("unit", KMH_PER)
def test_units_of_speed(unit: SpeedUnit) -> None:
    """Speeds are kept in km/h, whatever they were reported in."""
    how = evolve(PLAIN, speed_unit=unit)

    assert 5.0 * KMH_PER[unit] == read(GOOD, how).reading.speed_kmh
    assert read(changed(v=b""), how).reading.speed_kmh is None


def test_the_vehicle_of_the_name_is_that_of_every_row() -> None:
    """An id that was given stands where no column has one."""
    mapping: dict[FieldName, int] = {k: v for k, v in PLAIN.mapping.items() if k != "vehicle_id"}
    how = evolve(PLAIN, mapping=mapping, vehicle_from_name=True)

    assert "new_abboip" == read(GOOD, how, "new_abboip").reading.vehicle_id


def test_codes_of_unreadable_cells() -> None:
    """Each field has a code of its own, in the form of the rules' codes."""
    codes = [unreadable_code(field) for field in FIELDS]

    assert "unreadable-speed-kmh" in codes
    assert len(FIELDS) == len(set(codes))
