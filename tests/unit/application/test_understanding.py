"""Files are understood from their first bytes, or the user is told what to say."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from fleetcore.application.description import described
from fleetcore.application.reading_options import ReadingOptions
from fleetcore.application.understanding import SAMPLE_BYTES, understand, vehicle_id_in_name
from fleetcore.domain.dialects import compression_of
from fleetcore.domain.interpretation import Dialect, Interpretation
from fleetcore.errors import InvalidMapping, UnreadableFile
from fleetcore.ports.source import Sample

HEADERS = Path(__file__).parents[1] / "domain" / "headers"
HEADER = "vehicle_id,observed_at,latitude,longitude"
ROW = "v-1,2024-05-01T10:00:00Z,52.1,13.1"


def _understood(
    text: str | bytes, options: ReadingOptions | None = None, *, complete: bool = True
) -> Interpretation:
    content = text if isinstance(text, bytes) else text.encode()
    return understand(
        Sample(content=content, complete=complete), "f.csv", options or ReadingOptions()
    )


def test_a_file_in_the_librarys_own_words() -> None:
    """A plain file needs no options."""
    assert Interpretation(
        dialect=Dialect(columns=("vehicle_id", "observed_at", "latitude", "longitude")),
        mapping={"vehicle_id": 0, "observed_at": 1, "latitude": 2, "longitude": 3},
        time_format="iso",
    ) == _understood(f"{HEADER}\n{ROW}\n")


@pytest.mark.parametrize("path", sorted(HEADERS.glob("*.csv")), ids=lambda path: path.stem)
def test_every_exporters_file_is_understood(path: Path) -> None:
    """Dialect, columns and times of an exporter's file need no options."""
    found = _understood(path.read_bytes(), ReadingOptions(vehicle_from_filename=r"\w+"))
    assert found.dialect.has_header
    assert {"observed_at", "latitude", "longitude"} <= set(found.mapping)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_an_encoding_is_recognised_and_the_mark_is_no_part_of_a_name(codec: str) -> None:
    """The first column's name is free of a byte order mark in every encoding."""
    found = _understood(f"{HEADER}\n{ROW}\n".encode(codec))
    assert (codec, "vehicle_id") == (found.dialect.encoding, found.dialect.columns[0])


def test_a_stated_encoding_is_used() -> None:
    """Names in Latin-1 are read where it is stated."""
    text = f"{HEADER},Größe\n{ROW},1\n".encode("latin-1")
    found = _understood(text, ReadingOptions(encoding="latin-1"))
    assert ("iso8859-1", "Größe") == (found.dialect.encoding, found.dialect.columns[-1])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\n\r\n\n", "only blank lines"),
        (bytes(range(256)), "is binary"),
        (b"PAR1....", "is a Parquet file"),
        (b'"never closed', "never closed"),
    ],
)
def test_what_is_no_delimited_text_is_refused(content: bytes, message: str) -> None:
    """The error says what the file is."""
    with pytest.raises(UnreadableFile, match=message) as raised:
        _understood(content)
    assert str(raised.value).startswith("f.csv: ")


def test_a_first_row_without_an_end_is_refused() -> None:
    """A sample that holds not even one row is no CSV."""
    with pytest.raises(UnreadableFile, match="no end within"):
        _understood("x" * 1000, complete=False)


def test_a_header_alone_is_fine() -> None:
    """A file without rows is understood."""
    assert _understood(HEADER).time_format == "iso"


def test_blank_lines_before_the_header_are_no_rows() -> None:
    """The first row that is not blank is the header."""
    assert _understood(f"\n\n{HEADER}\n{ROW}\n").dialect.columns[0] == "vehicle_id"


@pytest.mark.parametrize(
    ("cell", "form"),
    [
        ("1714557600", "epoch-s"),
        ("1714557600.25", "epoch-s"),
        ("1714557600000", "epoch-ms"),
        ("2024-05-01 10:00:00", "iso"),
        ("2024-05-01T10:00:00.123+02:00", "iso"),
        ("2024-05-01", "iso"),
    ],
)
def test_the_time_format_is_told_from_cells(cell: str, form: str) -> None:
    """ISO 8601, seconds or milliseconds."""
    assert form == _understood(f"{HEADER}\nv-1,{cell},52.1,13.1\n").time_format


def test_the_majority_of_readable_cells_decides_the_time_format() -> None:
    """Unreadable and missing times do not vote."""
    cells = ["", "broken", "NULL", "17145576", "1714557600000", "1714557600001"]
    rows = "".join(f"v-1,{cell},52.1,13.1\n" for cell in cells)
    assert _understood(f"{HEADER}\n{rows}").time_format == "epoch-ms"


@pytest.mark.parametrize(
    "cell", ["01.05.2024 10:00", "20240501100000", "1714557600000000", "10:00"]
)
def test_times_of_no_known_format_are_refused_with_an_example(cell: str) -> None:
    """The error shows a cell and what is understood."""
    with pytest.raises(InvalidMapping, match=re.escape(repr(cell))) as raised:
        _understood(f"{HEADER}\nv-1,{cell},52.1,13.1\n")
    assert "ISO 8601" in str(raised.value)
    assert "epoch milliseconds" in str(raised.value)


@pytest.mark.parametrize("field", ["latitude", "longitude"])
def test_decimal_commas_are_refused_with_an_example(field: str) -> None:
    """A file of which no coordinate could be read is not read; empty cells say nothing."""
    cells = {"latitude": "52.1", "longitude": "13.1"} | {field: "53,551086"}
    rows = [cells, cells | {field: " -3,5"}, cells | {field: ""}]
    text = "".join(f"v-1;2024-05-01;{each['latitude']};{each['longitude']}\n" for each in rows)
    with pytest.raises(InvalidMapping, match=f"{field} cells look like '53,551086'; decimal comma"):
        _understood(f"{HEADER.replace(',', ';')}\n{text}")


def test_a_few_decimal_commas_cost_only_their_rows() -> None:
    """Where some coordinates can be read the file is read."""
    assert _understood(f'{HEADER}\nv-1,2024-05-01,"52,1",13.1\n{ROW}\n').time_format == "iso"


def test_missing_columns_are_listed_with_how_to_map_them() -> None:
    """The error lists the columns found and the options to say."""
    with pytest.raises(InvalidMapping) as raised:
        _understood("id,seen at,north,lng\n1,2024-05-01,52.1,13.1\n")
    assert "no column found for observed_at, latitude" in str(raised.value)
    assert "column 2 'seen at', column 3 'north'" in str(raised.value)
    assert "--map observed_at=COLUMN --map latitude=COLUMN" in str(raised.value)


@pytest.mark.parametrize(
    "mapping",
    [
        {"observed_at": "seen at", "latitude": "north"},
        {"observed_at": "2", "latitude": "3"},
        {"observed_at": "SEEN AT", "latitude": " North "},
    ],
)
def test_columns_are_mapped_by_name_or_number(mapping: Mapping[str, str]) -> None:
    """A name is found in any case, a number counts from 1."""
    found = _understood(
        "id,seen at,north,lng\n1,2024-05-01,52.1,13.1\n",
        ReadingOptions(mapping=mapping),
    )
    assert {"vehicle_id": 0, "observed_at": 1, "latitude": 2, "longitude": 3} == found.mapping


@pytest.mark.parametrize(
    ("header", "mapping", "message"),
    [
        (HEADER, {"latitude": "north"}, "there is no column 'north'"),
        (HEADER, {"latitude": "9"}, "there is no column '9'"),
        (HEADER, {"latitude": "0"}, "there is no column '0'"),
        (f"{HEADER},b,b", {"city": "b"}, "2 columns named 'b'.*--map city=5"),
        (HEADER, {"latitude": "3", "city": "latitude"}, "mapped to both"),
        ("vehicle_id,time,lat,lon,lng", {}, "longitude is ambiguous: column 4 'lon', column 5"),
        ("vehicle_id,time,lat,lon,lat", {}, "latitude is ambiguous: .*--map latitude=3"),
    ],
)
def test_a_doubtful_mapping_is_refused(
    header: str, mapping: Mapping[str, str], message: str
) -> None:
    """Unknown, doubled and ambiguous columns are named, with the option that helps."""
    with pytest.raises(InvalidMapping, match=message):
        _understood(f"{header}\n", ReadingOptions(mapping=mapping))


def test_doubled_names_that_mean_nothing_do_no_harm() -> None:
    """Only a mapped column must be unique."""
    assert _understood(f"{HEADER},x,x,,\n").mapping["longitude"] == 3


def test_an_ambiguity_is_settled_by_a_mapping() -> None:
    """What the user says is taken, the other column ignored."""
    options = ReadingOptions(mapping={"longitude": "lng"})
    assert _understood("vehicle_id,time,lat,lon,lng\n", options).mapping["longitude"] == 4


def test_a_file_without_a_header_asks_for_names() -> None:
    """The error shows the first row and the option."""
    with pytest.raises(InvalidMapping, match=r"no header row.*'52.1'.*--columns"):
        _understood(f"{ROW}\n")


def test_columns_can_be_named_and_names_that_are_no_field_are_ignored() -> None:
    """With names given the first row is data."""
    options = ReadingOptions(columns=("vehicle_id", "unixtime", "latitude", "longitude", "taken"))
    found = _understood("v-1 1714557600 52.1 13.1 0\n", options)
    assert (False, " ", "epoch-s") == (
        found.dialect.has_header,
        found.dialect.delimiter,
        found.time_format,
    )
    assert {"vehicle_id": 0, "observed_at": 1, "latitude": 2, "longitude": 3} == found.mapping


def test_as_many_columns_must_be_named_as_there_are() -> None:
    """Too few or too many names are an error, not a guess."""
    with pytest.raises(InvalidMapping, match=r"2 columns are named.*rows have 4"):
        _understood(f"{ROW}\n", ReadingOptions(columns=("vehicle_id", "time")))


def test_numbers_alone_map_a_file_without_a_header() -> None:
    """Mapping every required field by number needs no names."""
    numbers = {"vehicle_id": "1", "observed_at": "2", "latitude": "3", "longitude": "4"}
    found = _understood(f"{ROW}\n", ReadingOptions(mapping=numbers))
    assert (False, ("1", "2", "3", "4")) == (found.dialect.has_header, found.dialect.columns)


def test_the_vehicle_may_come_from_the_files_name() -> None:
    """Then no column is the vehicle id, not even one that could be."""
    options = ReadingOptions(vehicle_from_filename=r"(\w+)\.csv")
    found = _understood(f"{HEADER}\n{ROW}\n", options)
    assert found.vehicle_from_name
    assert "vehicle_id" not in found.mapping


def test_the_vehicle_has_one_origin() -> None:
    """A mapped column and the file's name exclude each other."""
    options = ReadingOptions(vehicle_from_filename=".*", mapping={"vehicle_id": "1"})
    with pytest.raises(InvalidMapping, match="choose one"):
        _understood(f"{HEADER}\n{ROW}\n", options)


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("data/new_abboip.txt", r"new_(\w+)", "abboip"),
        ("/cabs/007.csv.gz", r"\d+", "007"),
        ("C:\\cabs\\a b.csv", "[^.]+", "a b"),
    ],
)
def test_a_vehicle_id_is_found_in_a_name(name: str, pattern: str, expected: str) -> None:
    """The first group, or the whole match; folders do not count."""
    assert expected == vehicle_id_in_name(name, pattern)


@pytest.mark.parametrize("pattern", [r"cab_(\w+)", "x*", "(y)?"])
def test_a_name_without_a_vehicle_id_is_refused(pattern: str) -> None:
    """No match, or an empty one, is an error that names the file."""
    with pytest.raises(InvalidMapping, match=r"data/a\.txt"):
        vehicle_id_in_name("data/a.txt", pattern)


@pytest.mark.parametrize(
    ("column", "stated", "unit"),
    [("speed", None, "km/h"), ("speed_mph", None, "mph"), ("speed_mph", "kn", "kn")],
)
def test_a_speeds_unit_is_stated_or_told_by_its_column(
    column: str, stated: str | None, unit: str
) -> None:
    """What the user says goes before the column's name."""
    options = ReadingOptions(speed_unit=stated)
    assert unit == _understood(f"{HEADER},{column}\n{ROW},5\n", options).speed_unit


def test_ten_thousand_columns_are_listed_in_a_few_lines() -> None:
    """Neither what was understood nor an error floods the screen."""
    names = ",".join(f"c{number}" for number in range(10_000))
    lines = described(_understood(f"{HEADER},{names}\n"), None)
    assert max(map(len, lines)) < 200
    with pytest.raises(InvalidMapping) as raised:
        _understood(f"{names}\n")
    assert len(str(raised.value)) < 2000


def test_what_was_understood_is_said_in_a_few_lines() -> None:
    """Form, mapping, vehicle, time, units and what is ignored, a line each."""
    options = ReadingOptions(
        vehicle_from_filename=".*", zone="Europe/Berlin", mapping={"speed_kmh": "v (mph)"}
    )
    found = understand(
        Sample(content=b"time;lat;lon;v (mph);note;\n", compression="gzip"), "a.csv", options
    )
    assert [
        "format: 6 columns, delimiter semicolon, header, utf-8, gzip",
        "mapping: observed_at = time, latitude = lat, longitude = lon, speed_kmh = v (mph)",
        "vehicle: cab 7 (from the file's name)",
        "time: ISO 8601, Europe/Berlin where a time has no offset",
        "units: speed in mph",
        "ignored: note, (no name)",
    ] == described(found, "cab 7")


def test_a_name_cannot_break_the_lines_that_tell_of_it() -> None:
    """Line ends and control characters in a column's name are not printed."""
    lines = described(_understood(f'{HEADER},"two\nlines\x1b[2J"\n'), None)
    assert lines[-1] == "ignored: two\ufffdlines\ufffd[2J"


def _sample(path: Path) -> Sample:
    content = path.read_bytes()
    compression = compression_of(content)
    if compression == "gzip":
        content = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(content)
    return Sample(content=content[:SAMPLE_BYTES], compression=compression, complete=False)


def test_the_geolife_sample_needs_no_options(shared_data: Path) -> None:
    """A real export is understood as it lies."""
    path = shared_data / "geolife-sample.csv.gz"
    found = understand(_sample(path), str(path), ReadingOptions())
    assert {"vehicle_id": 3, "observed_at": 2, "latitude": 0, "longitude": 1} == found.mapping
    assert ("iso", "gzip") == (found.time_format, found.dialect.compression)


def test_the_cabspotting_files_are_named_by_hand(shared_data: Path) -> None:
    """Real files without a header, their vehicle in the file's name."""
    options = ReadingOptions(
        columns=("latitude", "longitude", "occupied", "unixtime"),
        delimiter=" ",
        vehicle_from_filename=r"new_(\w+)",
    )
    paths = sorted((shared_data / "cabspotting").glob("*.txt"))
    for path in paths:
        found = understand(_sample(path), str(path), options)
        assert {"observed_at": 3, "latitude": 0, "longitude": 1} == found.mapping
        assert found.time_format == "epoch-s"
    assert ["abboip", "akgicjud", "ugthfu"] == [
        vehicle_id_in_name(str(path), r"new_(\w+)") for path in paths
    ]


def test_a_file_of_trips_is_refused(shared_data: Path) -> None:
    """Trips without positions are no location events."""
    path = shared_data / "yellow_tripdata_sample_2019-01.csv"
    with pytest.raises(InvalidMapping, match="column 2 'pickup_datetime'"):
        understand(_sample(path), str(path), ReadingOptions())
