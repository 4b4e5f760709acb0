"""Text columns of numbers and times mean, cell by cell, what the scalar functions say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fleetcore.domain.cells import NULLS, UNREADABLE, number_in, optional_number_in, time_in
from fleetcore.domain.interpretation import TimeFormat
from fleetcore.testing.csv_strategies import ODD_NUMBERS, ODD_TIMES
from fleetcore_adapters.arrow.cells import Read, text_floats
from fleetcore_adapters.arrow.times import text_times

NUMBERS: Final = (
    *(b"0", b"-0", b"-0.0", b"37.75", b"-122.4", b".5", b"-.5", b"5.", b"-", b"--", b"--5", b"5-"),
    *(b"-5-", b".", b"-.", b"..5", b"1.2.3", b"7.5.1", b"1-2", b"007", b"1e5", b"1E-400", b"1e400"),
    *(b"9" * 32, b"-" + b"9" * 32, b"9" * 400, b"-" + b"9" * 400, b"0." + b"3" * 60),
    *(b"0.1000000000000000055511151231257827", b"9007199254740993", b"2.2250738585072011e-308"),
    *(b"err", b"#VALUE!", b"52.5N", b"12:05", b"5/6", b"\xd9\xa3", b"\xef\xbc\x95", b"5\xff"),
    *(b" -0.0 ", b"\t5", b"5 ", b"\n5", b"\xc2\xa05", b"+5", b"5\0", b"\0"),
)
TIMES: Final = (
    *(b"2024-05-06T06:00:00Z", b"2024-05-06 06:00:00", b"2024-05-06T06:00:00.170Z", b"yesterday"),
    *(b"2024-02-29T23:59:59Z", b"2023-02-29T23:59:59Z", b"2024-02-30T25:61:00Z", b"12:05"),
    *(b"1900-02-29T00:00:00Z", b"2000-02-29T00:00:00Z", b"2024-04-31T00:00:00Z"),
    *(b"2024-00-01T00:00:00Z", b"2024-01-00T00:00:00Z", b"2024-12-31T23:59:60Z"),
    *(b"2016-12-31T23:59:60Z", b"2024-01-01T24:00:00Z", b"2024-01-01T00:60:00Z"),
    *(b"0000-01-01T00:00:00Z", b"0001-01-01T00:00:00Z", b"0001-01-01T00:00:00+00:01"),
    *(b"0000-12-31T23:59:59-01:00", b"2024-05-06T06:00+02:00", b"2024-05-06T06:00:-05"),
    *(b"0001-01-01T00:00:00-00:01", b"9999-12-31T23:59:59.999999999Z", b"9999-12-31T23:59:59-01"),
    *(b"9999-12-31T23:59:59+01", b"1969-12-31T23:59:59.9999Z", b"1969-12-31T23:59:59.9Z"),
    *(b"2024-05-06T06:00:00.Z", b"2024-05-06T06:00:00.", b"2024-05-06T06:00:00.1234567890Z"),
    *(b"2024-05-06T06:00:00.12x", b"2024-05-06T06:00:00,5Z", b"2024-05-06T06:00:00:5Z"),
    *(b"2024-05-06T06:00:00+02:00", b"2024-05-06T06:00:00.5-0230", b"2024-05-06 06:00:00+05"),
    *(b"2024-05-06T06:00:00+24:00", b"2024-05-06T06:00:00+23:60", b"2024-05-06T06:00:00+2:00"),
    *(b"2024-05-06T06:00:00+02.00", b"2024-05-06T06:00:00 Z", b"2024-05-06T06:00:00ZZ"),
    *(b"2024-05-06T06:00:00Z+02", b"2024-05-06T06:00:00+02Z", b"2024-05-06T06:00:00+-2"),
    *(b"2024-05-06t06:00:00z", b"2024-05-06_06:00:00Z", b"2024/05/06T06:00:00Z", b"2024-05-06"),
    *(b"2024-5-6T06:00:00.000Z", b"+024-05-06T06:00:00Z", b"2024-05-06T06.00.00Z"),
    *(b" 2024-05-06T06:00:00Z", b"2024-05-06T06:00:00Z\t", b"2024-05-06T06:00:0\xd9\xa3Z"),
    *(b"2023-03-26 02:30:00", b"2023-10-29 02:30:00.25", b"2024-05-06T06:00:00\0"),
    *(b"1700000000", b"-1", b"-0", b"0", b"--1", b"1-", b"+1", b"1700000000.25", b"-1.0005"),
    *(b"253402300799", b"253402300800", b"253402300799999", b"253402300800000"),
    *(b"-62135596800", b"-62135596801", b"-62135596800000", b"-62135596800001"),
    *(b"9" * 17, b"-" + b"9" * 17, b"9" * 18, b"9" * 30, b"0" * 17 + b"1"),
)
PLAIN: Final = (b"5", b"-122.419400", b"2024-05-06T06:00:00.170Z", b"1700000000000", b"")


def scalar(texts: Sequence[bytes], reader: Callable[[str], object]) -> list[str]:
    """What the scalar function makes of each cell, told so that the bits of floats matter."""

    def read(text: bytes) -> object:
        try:
            return reader(text.decode())
        except UnicodeDecodeError:
            return UNREADABLE

    return [repr(read(text)) for text in texts]


def columnar(texts: Sequence[bytes], read: Callable[[pa.Array], Read]) -> list[str]:
    """The same for all cells at once; the column is a piece of a longer one."""
    found = read(pa.array([b"before", *texts, b"behind"], type=pa.binary()).slice(1, len(texts)))
    numbers, lost = found.numbers, found.unreadable
    valid = [True] * len(texts) if numbers.valid is None else numbers.valid.tolist()
    unreadable = [False] * len(texts) if lost is None else lost.tolist()
    assert not any(there and gone for there, gone in zip(valid, unreadable, strict=True))
    return [
        repr(UNREADABLE if gone else value if there else None)
        for value, there, gone in zip(numbers.values.tolist(), valid, unreadable, strict=True)
    ]


def _near(texts: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """These texts, and texts in which a few bytes were put, changed or left out."""
    byte = st.sampled_from(
        [bytes([each]) for each in b"0123456789.-+:TZ eExnaif,/\t\xff"]
    ) | st.just(b"")
    change = st.tuples(st.integers(0, 40), st.integers(0, 2), byte)

    def changed(text: bytes, changes: Sequence[tuple[int, int, bytes]]) -> bytes:
        for at, left_out, put in changes:
            text = text[:at] + put + text[at + left_out :]
        return text

    return st.builds(changed, st.sampled_from(texts), st.lists(change, max_size=2))


@pytest.mark.parametrize("reader", [number_in, optional_number_in])
@settings(max_examples=300)
@given(texts=st.lists(_near((*NUMBERS, *ODD_NUMBERS, *PLAIN)), max_size=12))
@example(texts=list(NUMBERS))
@example(texts=[*ODD_NUMBERS, *(null.encode() for null in NULLS)])
@example(texts=[b"", b""])
def test_numbers(reader: Callable[[str], object], texts: list[bytes]) -> None:
    """Down to the sign of zero; what is not finite, missing or unreadable is so in both."""
    assert scalar(texts, reader) == columnar(texts, partial(text_floats, scalar=reader))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Rome", "America/St_Johns"])
@pytest.mark.parametrize("form", ["iso", "epoch-s", "epoch-ms"])
@settings(max_examples=150)
@given(texts=st.lists(_near((*TIMES, *ODD_TIMES, *PLAIN)), max_size=12))
@example(texts=list(TIMES))
@example(texts=[*ODD_TIMES, *(null.encode() for null in NULLS)])
@example(texts=[b"", b""])
def test_times(form: TimeFormat, zone: str, texts: list[bytes]) -> None:
    """Calendar, offsets, zones, decimals and range are those of the scalar function."""
    reader = partial(time_in, form=form, zone=zone)

    def read(column: pa.Array) -> Read:
        return text_times(column, form, zone, reader)

    assert scalar(texts, reader) == columnar(texts, read)


def test_cells_of_a_plain_form_are_not_read_one_by_one() -> None:
    """Neither numbers nor times, so that a few odd cells do not make a file slow."""
    seen: list[str] = []

    def note(text: str) -> object:
        seen.append(text)
        return UNREADABLE

    numbers = [b"37.75", b"-122.419400", b"0", b"", b"1.2.3", b".5", b"--"]
    times = [
        *(b"2024-05-06T06:00:00Z", b"2024-05-06 06:00:00.123456", b"2024-05-06T06:00:00-0700"),
        *(b"", b"2024-02-30T25:61:00Z", b"2024-05-06T06:00:00.5+05:30", b"yesterday"),
    ]
    text_floats(pa.array(numbers, type=pa.binary()), note)
    text_times(pa.array(times, type=pa.binary()), "iso", "Europe/Rome", note)
    text_times(pa.array([b"-1", b"1700000000", b"1e9"], type=pa.binary()), "epoch-s", "UTC", note)

    assert ["1.2.3", "--", "2024-02-30T25:61:00Z", "yesterday", "1e9"] == seen
