"""Hypothesis strategies for delimited files of location events, from clean to hostile."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, TypeAlias

from attrs import evolve, field, frozen
from hypothesis import strategies as st

from fleetcore.domain.blocks import cut
from fleetcore.domain.ingestion_events import ChunkProcessed, Received, Sizes
from fleetcore.domain.interpretation import Dialect, Interpretation, SpeedUnit, TimeFormat
from fleetcore.domain.location import FIELDS, REQUIRED_FIELDS, FieldName
from fleetcore.domain.rows import physical_rows
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.domain.vehicles import Vehicle
from fleetcore.ports.batch_engine import Work
from fleetcore.ports.vehicle_directory import VehicleDirectory
from fleetcore.testing.rule_strategies import fleets, rule_settings

NOW_MS: Final = 1_700_000_000_000
COLUMNS: Final = (*FIELDS, "note")
LAYOUTS: Final[Sequence[Sequence[str]]] = (
    COLUMNS,
    COLUMNS[::-1],
    REQUIRED_FIELDS,
    ("latitude", "longitude", "speed_kmh", "observed_at"),
)
"""Columns of files: all, in another order, as few as can be, and the vehicle in the name."""

INGESTION: Final = "0f-1"

_CAB: Final = "\N{LATIN SMALL LETTER E WITH ACUTE}".encode()

CLEAN: Final[Mapping[str, tuple[bytes, ...]]] = {
    "vehicle_id": (b"cab-1", b"cab-2", _CAB),
    "observed_at": (b"2023-11-14T22:13:20Z", b"2023-11-14T22:13:19Z", b"2023-11-14T22:13:18Z"),
    "latitude": (b"37.75", b"0.0", b"-0.0"),
    "longitude": (b"-122.4", b"1.5"),
    "speed_kmh": (b"", b"0", b"31.25"),
    "heading_deg": (b"", b"-0.0", b"0", b"90"),
    "accuracy_m": (b"", b"5"),
    "battery_pct": (b"",),
    "fuel_pct": (b"50",),
    "status": (b"", b"moving", b"idle"),
    "city": (b"", b"Rome"),
    "source": (b"gw", b""),
    "note": (b"",),
}
"""Cells of every column that no rule minds; few, so that rows repeat. Times are ISO 8601."""

_CLEAN_EPOCHS: Final[Mapping[TimeFormat, tuple[bytes, ...]]] = {
    "epoch-s": (b"1700000000", b"1699999999", b"1699999998"),
    "epoch-ms": (b"1700000000000", b"1699999999000", b"1699999998000"),
}

ODD_NUMBERS: Final = (
    *(b"", b"NA", b"null", b" 5 ", b"\t5", b"abc", b"+5", b"+-5", b"5.", b".5", b"-.5", b"-"),
    *(b"nan", b"NaN", b"-inf", b"Infinity", b"nan(1)", b"1e400", b"1e5", b"1e", b"5e-324"),
    *(b"0x10", b"1_0", b"1,5", b"1;5", b"5\0", b'"7"', b'"7"8', b"12345678901234567890"),
    *(b"\xd9\xa3", b"\xff", b"-0.0", b"0.0", b"90.00000001", b"-91", b"181", b"-180", b"200"),
    *(b"200.0000001", b"360", b"100", b"1000", b"1001", b"-1", b"0.1000000000000000055511151"),
    b"\xef\xbb\xbf5",
)
ODD_TIMES: Final = (
    *(b"2023-11-14 22:13:20", b"2023-11-14T22:13:20.1234567", b"2023-11-14T22:13:20,5"),
    *(b"2023-11-14T22", b"2023-11-14", b"2023-11-14 22:13:20 Z", b"2023-11-15T00:13:20+02:00"),
    *(b"2023-03-26 02:30:00", b"2023-10-29 02:30:00", b"2023-10-29 02:59:59.999"),
    *(b"0001-01-01 00:00:00", b"0000-01-01", b"9999-12-31T23:59:59", b"1969-12-31T23:59:59.9999Z"),
    *(b"2023-13-01", b"2023-02-30", b"2023-11-14T24:00:00", b"2023-11-14T22:13:60", b"abc", b""),
    *(b"1700000000", b"1700000000.5", b"1700000000000", b"-5", b"-5.5", b"+5", b"0x1A", b"1e9"),
    *(b"999999999999999", b"99999999999999999", b"1700000000,", b"2024-11-14T22:13:20Z"),
)
ODD_IDS: Final = (
    *(b"", b" cab-1", b"cab-1\t", b"e\xcc\x81", b"NA", b"cab\x01", b"\xff", b"x" * 1100),
    *(b'"cab-1"', b'"cab""1"', b'"a,b"', b'"a;b"', b'"a\nb"', b'"cab-1\r\n"', b"a b", b"cab-1\0"),
    b"\xef\xbb\xbfcab-1",
)
ODD_TEXTS: Final = (
    *(b"IDLE", b"Parked", b"towed", b"on", b"offline", b'"on"', b"rome ", b"null", b"\xff"),
    *(b"Zu\xcc\x88rich", b"Z\xc3\xbcrich", b'"a""b"', b'a"b', b'"new\nline"', b"x\0", b"x"),
    b"\xef\xbb\xbfx",
)
ODD_LINES: Final = (
    *(b"", b"  ", b"a,b", b'"open,1,2', b'"x"y,2', b'"', b"\xff\xfe", b"\0"),
    b",".join([b"1"] * 30),
)

_ODD: Final[Mapping[str, tuple[bytes, ...]]] = {
    name: ODD_IDS
    if name == "vehicle_id"
    else ODD_TIMES
    if name == "observed_at"
    else ODD_TEXTS
    if name in ("status", "city", "source", "note")
    else ODD_NUMBERS
    for name in COLUMNS
}


class KnownVehicles(VehicleDirectory):
    """A fixed set of vehicles."""

    def __init__(self, vehicles: Mapping[str, Vehicle]) -> None:
        self._vehicles = vehicles

    def find(self, vehicle_ids: Collection[str]) -> Mapping[str, Vehicle]:
        return {each: self._vehicles[each] for each in vehicle_ids if each in self._vehicles}


def _nothing_stored(key: str) -> bytes:
    raise AssertionError(f"no chunk is committed, so no part {key!r}")


@frozen(kw_only=True, slots=True)
class CsvFile:
    """A file's content and all that decides what an engine makes of it."""

    content: bytes
    interpretation: Interpretation
    settings: FleetSettings = FleetSettings()
    sizes: Sizes = field(factory=Sizes)
    vehicles: Mapping[str, Vehicle] | None = None
    vehicle_id: str | None = None

    def work(
        self,
        done: Sequence[ChunkProcessed] = (),
        fetch: Callable[[str], bytes] = _nothing_stored,
    ) -> Work:
        """The work this file is for an engine."""
        return Work(
            received=Received(
                ingestion=INGESTION,
                content="xxh3-128:0f",
                size_bytes=len(self.content),
                interpretation=self.interpretation,
                settings=self.settings,
                sizes=self.sizes,
                now_ms=NOW_MS,
            ),
            vehicle_id=self.vehicle_id,
            directory=None if self.vehicles is None else KnownVehicles(self.vehicles),
            done=tuple(done),
            fetch=fetch,
        )


def interpretation_of(
    columns: Sequence[str] = COLUMNS,
    *,
    delimiter: str = ",",
    has_header: bool = True,
    time_format: TimeFormat = "iso",
    zone: str = "UTC",
    speed_unit: SpeedUnit = "km/h",
) -> Interpretation:
    """Columns named like fields are these fields; without `vehicle_id` the file's name is it."""
    mapping: dict[FieldName, int] = {
        name: columns.index(name) for name in FIELDS if name in columns
    }
    return Interpretation(
        dialect=Dialect(columns=tuple(columns), delimiter=delimiter, has_header=has_header),
        mapping=mapping,
        time_format=time_format,
        zone=zone,
        speed_unit=speed_unit,
        vehicle_from_name="vehicle_id" not in columns,
    )


_Cells: TypeAlias = Mapping[str, bytes]


def _changes(
    columns: Sequence[str], cells: Mapping[str, Sequence[bytes]], at_most: int
) -> st.SearchStrategy[_Cells]:
    """New cells for some columns."""
    cell = st.sampled_from(columns).flatmap(
        lambda name: st.sampled_from(cells[name]).map(lambda chosen: (name, chosen))
    )
    return st.lists(cell, max_size=at_most).map(dict)


@st.composite
def _lines(
    draw: st.DrawFn, columns: Sequence[str], delimiter: bytes, clean: Mapping[str, Sequence[bytes]]
) -> list[bytes]:
    """Rows, rows that come again with a cell changed or not, and lines that are no rows."""
    rows: list[_Cells] = []
    lines: list[bytes] = []
    fresh = st.fixed_dictionaries({name: st.sampled_from(clean[name]) for name in columns})
    for kind in draw(st.lists(st.sampled_from(("row", "again", "spoilt", "odd")), max_size=10)):
        if kind == "odd":
            lines.append(draw(st.sampled_from(ODD_LINES)))
            continue
        if kind == "again" and rows:
            cells = {**draw(st.sampled_from(rows)), **draw(_changes(columns, clean, 1))}
        else:
            spoilt = draw(_changes(columns, _ODD, 2)) if kind == "spoilt" else {}
            cells = {**draw(fresh), **spoilt}
        rows.append(cells)
        lines.append(delimiter.join(cells[name] for name in columns))
    return lines


@st.composite
def csv_files(draw: st.DrawFn, layouts: Sequence[Sequence[str]] = LAYOUTS) -> CsvFile:
    """Files with clean rows, repeats, rows with odd cells and lines that are no rows, cut small.

    A file has the columns of one of the layouts.
    """
    columns = draw(st.sampled_from(layouts))
    delimiter = draw(st.sampled_from((",", ";", "\t")))
    time_format: TimeFormat = draw(st.sampled_from(("iso", "epoch-s", "epoch-ms")))
    has_header = draw(st.booleans())
    clean = {**CLEAN, "observed_at": _CLEAN_EPOCHS.get(time_format, CLEAN["observed_at"])}
    ends = draw(st.sampled_from(((b"\n",), (b"\n", b"\r\n"), (b"\n", b"\r\n", b"\r"))))
    content = b"".join(
        line + draw(st.sampled_from(ends))
        for line in draw(_lines(columns, delimiter.encode(), clean))
    )
    if draw(st.booleans()):
        content = content.rstrip(b"\r\n")
    return CsvFile(
        content=(b"header\n" if has_header else b"") + content,
        interpretation=interpretation_of(
            columns,
            delimiter=delimiter,
            has_header=has_header,
            time_format=time_format,
            zone=draw(st.sampled_from(("UTC", "Europe/Rome"))),
            speed_unit=draw(st.sampled_from(("km/h", "mph"))),
        ),
        settings=draw(st.just(FleetSettings()) | rule_settings()),
        sizes=Sizes(
            block_bytes=draw(st.sampled_from((1 << 20, 300, 100, 20))),
            blocks_per_chunk=draw(st.integers(1, 3)),
        ),
        vehicles=draw(st.none() | fleets()),
        vehicle_id=None if "vehicle_id" in columns else "cab-1",
    )


@st.composite
def files_in_two_orders(draw: st.DrawFn) -> tuple[CsvFile, CsvFile]:
    """A file, in which rows come again, and the same file with its rows in another order.

    A quote that does not close reaches into the rows behind it, so no row has one.
    """
    file = draw(csv_files(layouts=(REQUIRED_FIELDS, COLUMNS)))
    dialect = file.interpretation.dialect
    blocks = cut(
        io.BytesIO(file.content),
        size_bytes=file.sizes.block_bytes,
        delimiter=dialect.delimiter,
        has_header=dialect.has_header,
    )
    rows = [row for block in blocks for _, row in physical_rows(block, dialect.delimiter)]
    if rows:
        rows += draw(st.lists(st.sampled_from(rows), max_size=4))
    header = [b"header"] * dialect.has_header

    def holding(rows: Sequence[bytes]) -> CsvFile:
        return evolve(file, content=b"".join(line + b"\n" for line in (*header, *rows)))

    return holding(rows), holding(draw(st.permutations(rows)))
