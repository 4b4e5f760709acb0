"""Columns of cells to columns of times, with the meaning `fleetcore.domain.cells` gives them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fleetcore.domain.cells import FIRST_MS, LAST_MS, offset_of
from fleetcore_adapters.arrow.cells import (
    CellBytes,
    Read,
    bytes_of,
    numbers_of,
    text_integers,
    with_rest,
)
from fleetcore_adapters.arrow.columns import Ints, Mask, Numbers

TypedTime: TypeAlias = Literal["epoch", "local", "offset"]

_QUARTER_MS: Final = 15 * 60 * 1000
_SECONDS_END: Final = len("2024-05-06T06:00:00")
_DIGITS_AT: Final = np.array([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])[:, None]
_MARKS_AT: Final = np.array([4, 7, 10, 13, 16])[:, None]
_DECIMALS: Final = 9
_LONGEST: Final = len("2024-05-06T06:00:00.123456789+00:00")
_EPOCH_START: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - local times have no zone here
TIME_TYPES: Final[dict[TypedTime, pa.DataType]] = {
    "epoch": pa.int64(),
    "local": pa.timestamp("us"),
    "offset": pa.timestamp("us", tz="UTC"),
}


def typed_times(column: pa.Array, kind: TypedTime, form: str, zone: str) -> Numbers | None:
    """A typed column of times in epoch ms; None if a cell is out of range."""
    raw = numbers_of(column.cast(pa.int64()))
    if kind == "epoch":
        unit_ms = _unit_ms(form)
        if not _in_range(raw.values, unit_ms).all():
            return None
        return Numbers(values=raw.values * unit_ms, valid=raw.valid)
    values = raw.values // 1000
    if kind == "local" and zone != "UTC":
        if not _in_range(values).all():
            return None
        values = values - local_offsets_ms(values, zone)
    return Numbers(values=values, valid=raw.valid) if _in_range(values).all() else None


def text_times(column: pa.Array, form: str, zone: str, scalar: Callable[[str], object]) -> Read:
    """A text column read as times in epoch ms; `scalar` reads the cells that are not plain."""
    if form == "iso":
        values, plain = iso_times(bytes_of(column), zone)
    else:
        values, plain = text_integers(column)
        plain &= _in_range(values, _unit_ms(form))
        values = values * _unit_ms(form)
    return with_rest(column, plain, values, scalar)


def _unit_ms(form: str) -> int:
    return 1000 if form == "epoch-s" else 1


def _in_range(times: Ints, unit_ms: int = 1) -> Mask:
    return (times >= FIRST_MS // unit_ms) & (times <= LAST_MS // unit_ms)


def iso_times(cells: CellBytes, zone: str) -> tuple[Ints, Mask]:
    """Epoch ms of the cells that are plain ISO 8601 times, and which cells these are.

    Plain is `2024-05-06T06:00:00`, with a blank for the `T` or not, up to nine decimals or none,
    and `Z`, an offset or nothing at its end, which makes it a local time. The others are 0.
    """
    lengths = cells.ends - cells.starts
    rows = np.flatnonzero((lengths >= _SECONDS_END) & (lengths <= _LONGEST))
    starts, ends = cells.starts[rows], cells.ends[rows]
    ends, offsets_ms, stated, plain = _stated_offsets(cells.data, ends)
    local_ms, good = _local_times(cells.data, starts)
    plain &= good
    decimals_ms, good = _decimals(cells.data, starts + _SECONDS_END, ends)
    plain &= good
    if zone != "UTC" and not stated.all():
        of_zone = local_offsets_ms(np.where(plain, local_ms, 0), zone)
        offsets_ms = np.where(stated, offsets_ms, of_zone)
    read = local_ms + decimals_ms - offsets_ms
    plain &= _in_range(read)
    values, chosen = np.zeros(len(lengths), dtype=np.int64), np.zeros(len(lengths), dtype=np.bool_)
    values[rows], chosen[rows] = np.where(plain, read, 0), plain
    return values, chosen


def _local_times(data: NDArray[np.uint8], starts: Ints) -> tuple[Ints, Mask]:
    """Ms from the epoch to the whole seconds that start there, and where these are a time."""
    marks = data[starts + _MARKS_AT]
    digits = data[starts + _DIGITS_AT] - np.uint8(ord("0"))
    good: Mask = (digits <= 9).all(axis=0) & ((marks[2] == ord("T")) | (marks[2] == ord(" ")))
    good &= (marks[:2] == ord("-")).all(axis=0) & (marks[3:] == ord(":")).all(axis=0)
    century, year, month, day, hour, minute, second = (10 * digits[::2] + digits[1::2]).astype(
        np.int64
    )
    year += 100 * century
    months = (year - 1970) * 12 + month - 1
    first_day = _day_of_month_start(months)
    good &= (year >= 1) & (month >= 1) & (month <= 12)
    good &= (day >= 1) & (day <= _day_of_month_start(months + 1) - first_day)
    good &= (hour < 24) & (minute < 60) & (second < 60)
    minutes = ((first_day + day - 1) * 24 + hour) * 60 + minute
    return (minutes * 60 + second) * 1000, good


def _day_of_month_start(months: Ints) -> Ints:
    """Days from the epoch to the start of a month, counted from the epoch's."""
    return months.view("datetime64[M]").astype("datetime64[D]").view(np.int64)


def _decimals(data: NDArray[np.uint8], starts: Ints, ends: Ints) -> tuple[Ints, Mask]:
    """The ms that a point and decimals from start to end say, and where there is no other byte."""
    ms = np.zeros(len(starts), dtype=np.int64)
    lengths = ends - starts - 1
    good = (lengths == -1) | (lengths >= 1) & (lengths <= _DECIMALS)
    good &= (lengths == -1) | (data.take(starts, mode="clip") == ord("."))
    for place in range(min(int(lengths.max(initial=0)), _DECIMALS)):
        inside = lengths > place
        digit, is_digit = _digits(data, starts + 1 + place, 1)
        good &= ~inside | is_digit
        if place < 3:
            ms += np.where(inside, digit, 0) * 10 ** (2 - place)
    return ms, good


def _stated_offsets(data: NDArray[np.uint8], ends: Ints) -> tuple[Ints, Ints, Mask, Mask]:
    """Offsets at the ends of times: where they start, how many ms, where they are, where good."""
    zulu = data[ends - 1] == ord("Z")
    starts, offsets_ms, stated, good = ends - zulu, np.zeros_like(ends), zulu, np.ones_like(zulu)
    for length in (3, 5, 6):
        if stated.all():
            break
        sign = data[ends - length]
        signed = ~zulu & ((sign == ord("+")) | (sign == ord("-")))
        hours, good_hours = _digits(data, ends - length + 1, 2)
        minutes, good_minutes = _digits(data, ends - 2, 2) if length > 3 else (0, True)
        parted = data[ends - 3] == ord(":") if length == 6 else True
        good &= ~signed | good_hours & good_minutes & parted & (hours < 24) & (minutes < 60)
        minutes_east = np.where(sign == ord("-"), -1, 1) * (hours * 60 + minutes)
        starts, stated = starts - length * signed, stated | signed
        offsets_ms = np.where(signed, minutes_east * 60_000, offsets_ms)
    return starts, offsets_ms, stated, good


def _digits(data: NDArray[np.uint8], starts: Ints, count: int) -> tuple[Ints, Mask]:
    """The number that so many digits from each start on are, and where they are digits."""
    number = np.zeros(len(starts), dtype=np.int64)
    good = np.ones(len(starts), dtype=np.bool_)
    for at in range(count):
        digit = data.take(starts + at, mode="clip") - np.uint8(ord("0"))
        good &= digit <= 9
        number = number * 10 + digit
    return number, good


def local_offsets_ms(local_ms: Ints, zone: str) -> Ints:
    """The zone's offset at each local time (fold=0), looked up once a quarter of an hour.

    Where the offset changes inside a quarter, its times are looked up one by one.
    """
    quarters, where = np.unique(local_ms // _QUARTER_MS, return_inverse=True)
    starts = [_offset_ms(int(quarter) * _QUARTER_MS, zone) for quarter in quarters]
    ends = [_offset_ms((int(quarter) + 1) * _QUARTER_MS - 1, zone) for quarter in quarters]
    offsets = np.array(starts, dtype=np.int64)[where]
    mixed = np.array(starts) != np.array(ends)
    for row in np.flatnonzero(mixed[where]):
        offsets[row] = _offset_ms(int(local_ms[row]), zone)
    return offsets


def _offset_ms(local_ms: int, zone: str) -> int:
    inside = min(max(local_ms, FIRST_MS), LAST_MS)
    local = _EPOCH_START + timedelta(milliseconds=inside)
    return int(offset_of(local, zone) / timedelta(milliseconds=1))
