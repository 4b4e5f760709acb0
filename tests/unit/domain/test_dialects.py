"""A file's form is told from its first bytes."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.dialects import (
    DELIMITERS,
    compression_of,
    encoding_of,
    is_delimiter,
    other_kind,
    rows_in,
    sniffed_delimiter,
)

TEXT = "vehicle_id,observed_at,latitude,longitude\nv-1,1714557600,52.1,13.1\n"


def _delimiter(text: str, width: int | None = None, known: tuple[str, ...] = ()) -> str:
    return sniffed_delimiter(
        text.encode(), width=width, known=lambda row: len(set(row) & set(known))
    )


@pytest.mark.parametrize(
    ("first", "compression"),
    [
        (gzip.compress(b"a,b\n", mtime=0), "gzip"),
        (b"\x28\xb5\x2f\xfd\x24\x00", "zstd"),
        (b"a,b\n", "none"),
        (b"", "none"),
    ],
)
def test_compression_is_told_by_the_first_bytes(first: bytes, compression: str) -> None:
    """Magic numbers decide; there is no name to ask."""
    assert compression == compression_of(first)


@pytest.mark.parametrize(
    ("codec", "expected"),
    [
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-8", "utf-8"),
    ],
)
def test_encoding_is_told_by_mark_or_zero_bytes(codec: str, expected: str) -> None:
    """A byte order mark, or the zero bytes of UTF-16, give the encoding away."""
    assert expected == encoding_of(TEXT.encode(codec), None)


def test_a_mark_is_believed_before_what_is_stated() -> None:
    """A stated encoding holds for files without a byte order mark."""
    assert "utf-8-sig" == encoding_of(TEXT.encode("utf-8-sig"), "cp1252")
    assert "cp1252" == encoding_of(TEXT.encode("cp1252"), "cp1252")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"PK\x03\x04\x14\x00", "a zip archive or an Excel workbook"),
        (b'{"vehicle_id": "v-1"}', "JSON"),
        (b'\n<?xml version="1.0"?>', "XML or HTML"),
        (b"BZh91AY", "compressed with bzip2 (gzip and zstd are read)"),
        (bytes(range(256)) * 8, "binary"),
    ],
)
def test_what_is_no_delimited_text_is_named(content: bytes, kind: str) -> None:
    """Other formats and binary content are recognised."""
    assert kind == other_kind(content)


def test_a_few_zero_bytes_do_not_make_a_file_binary() -> None:
    """A stray NUL costs its row, not the file."""
    assert other_kind(TEXT.encode() * 20 + b"v-2,1714\x00557600,52.1,13.1\n") is None


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_each_delimiter_is_recognised(delimiter: str) -> None:
    """Rows of one width and known names show the delimiter."""
    text = TEXT.replace(",", delimiter)
    assert delimiter == _delimiter(text, known=("latitude",))


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("1,2008-02-02 15:36:08,116.5,39.9\n2,2008-02-02 15:36:10,116.6,39.8\n", ","),
        ("lat;lon;t\n37,5;12,3;1\n37,6;12,4;2\n", ";"),
        ('"a,b";"c,d"\n"e,f";"g,h"\n', ";"),
        ("37.75 -122.39 0 1211033530\n37.76 -122.38 1 1211033514\n", " "),
    ],
)
def test_the_delimiter_that_makes_most_sense_is_taken(text: str, delimiter: str) -> None:
    """Blanks in times, decimal commas and commas in quotes do not mislead."""
    assert delimiter == _delimiter(text, known=("lat", "lon"))


def test_a_known_number_of_columns_decides() -> None:
    """Where the columns are named, the delimiter that makes as many is taken."""
    assert " " == _delimiter("1,5 2,5 3,5\n1,6 2,6 3,6\n", width=3)


def test_a_quote_opens_only_at_a_fields_start() -> None:
    """Quotes inside a field are text; doubled quotes and line ends in quotes are content."""
    text = b'5" pipe,b\r\n\r\n"x ""y"", z","two\nlines"\n'
    assert [['5" pipe', "b"], ['x "y", z', "two\nlines"]] == list(rows_in(text, ","))


def test_a_line_with_an_open_quote_is_passed_over() -> None:
    """One stray quote does not hide the rows behind it."""
    assert [["a", "b"], ["e", "f"]] == list(rows_in(b'a,b\n"c,d\ne,f\n', ","))


@given(st.binary(max_size=300), st.sampled_from(sorted(DELIMITERS)))
def test_any_bytes_can_be_looked_at(content: bytes, delimiter: str) -> None:
    """Sniffing never fails, whatever the bytes."""
    assert all(isinstance(row, list) for row in rows_in(content, delimiter))
    assert sniffed_delimiter(content, width=None, known=len) in DELIMITERS
    assert isinstance(encoding_of(content, None), str)
    assert other_kind(content) is None or content


@pytest.mark.parametrize(
    ("text", "expected"), [("^", True), (",", True), ('"', False), ("a", False), (",,", False)]
)
def test_what_may_part_cells(text: str, expected: bool) -> None:
    """One ASCII character that no plain cell needs."""
    assert expected is is_delimiter(text)
