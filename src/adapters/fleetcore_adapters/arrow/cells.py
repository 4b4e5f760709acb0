"""Columns of cells to columns of values, with the meaning `fleetcore.domain.cells` gives them.

A typed column comes from the CSV reader as numbers or times; a text column as bytes. In a text
column, cells of the common form are cast at once; the rest is read by the scalar functions, once
for each distinct text.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from attrs import frozen
from numpy.typing import NDArray

from fleetcore.domain.cells import FIRST_MS, LAST_MS, UNREADABLE, Unreadable, offset_of
from fleetcore_adapters.arrow.columns import Ints, Mask, Numbers

TimeKind: TypeAlias = Literal["epoch", "local", "offset", "text"]

_QUARTER_MS: Final = 15 * 60 * 1000
_COMMON_NUMBER: Final = r"^-?[0-9]{1,17}(\.[0-9]{1,17})?$"
_COMMON_EPOCH: Final = r"^-?[0-9]{1,17}$"
_COMMON_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
_DIGITS: Final = b"0123456789"
TIME_TYPES: Final[dict[TimeKind, pa.DataType]] = {
    "epoch": pa.int64(),
    "local": pa.timestamp("us"),
    "offset": pa.timestamp("us", tz="UTC"),
    "text": pa.binary(),
}


@frozen(kw_only=True, slots=True, eq=False)
class _Form:
    """The common form of a cell: a pattern, and what every cell of it is made of and ends with."""

    pattern: str
    made_of: bytes
    ends_with: bytes


_NUMBER: Final = _Form(pattern=_COMMON_NUMBER, made_of=_DIGITS + b".-", ends_with=_DIGITS)
_TIMES: Final[dict[TimeKind, _Form]] = {
    "epoch": _Form(pattern=_COMMON_EPOCH, made_of=_DIGITS + b"-", ends_with=_DIGITS),
    "local": _Form(pattern=_COMMON_TIME + "$", made_of=_DIGITS + b"-:.T ", ends_with=_DIGITS),
    "offset": _Form(pattern=_COMMON_TIME + "Z$", made_of=_DIGITS + b"-:.T Z", ends_with=b"Z"),
}


@frozen(kw_only=True, slots=True, eq=False)
class Read:
    """A column as read; `unreadable` is None where every cell is readable or missing."""

    numbers: Numbers
    unreadable: Mask | None = None


def typed_floats(column: pa.Array) -> Numbers | None:
    """A typed column of floats; None if a cell is not finite, which the scalar grammar decides."""
    numbers = _numbers(column)
    return numbers if np.isfinite(numbers.values).all() else None


def text_floats(column: pa.Array, scalar: Callable[[str], object]) -> Read:
    """A text column read as numbers; `scalar` reads what is not of the common form."""
    common, typed = _cast(column, _NUMBER, pa.float64())
    values = None if typed is None else typed.to_numpy(zero_copy_only=False)
    return _read_rest(column, common, values, scalar, np.dtype(np.float64))


def typed_times(column: pa.Array, kind: TimeKind, form: str, zone: str) -> Numbers | None:
    """A typed column of times in epoch ms; None if a cell is out of range."""
    raw = _numbers(column.cast(pa.int64()))
    if kind == "epoch":
        unit_ms = 1000 if form == "epoch-s" else 1
        if not _all_between(raw.values, FIRST_MS // unit_ms, LAST_MS // unit_ms):
            return None
        return Numbers(values=raw.values * unit_ms, valid=raw.valid)
    values = raw.values // 1000
    if kind == "local" and zone != "UTC":
        if not _all_between(values, FIRST_MS, LAST_MS):
            return None
        values = values - local_offsets_ms(values, zone)
    return (
        Numbers(values=values, valid=raw.valid) if _all_between(values, FIRST_MS, LAST_MS) else None
    )


def _all_between(values: Ints, low: int, high: int) -> bool:
    return not len(values) or bool(values.min() >= low and values.max() <= high)


def text_times(
    column: pa.Array, kind: TimeKind, form: str, zone: str, scalar: Callable[[str], object]
) -> Read:
    """A text column read as times in epoch ms; `kind` is the common form to try first."""
    common, typed = _cast(column, _TIMES[kind], TIME_TYPES[kind])
    read = None if typed is None else typed_times(typed, kind, form, zone)
    if read is None:
        return _read_rest(column, np.zeros(len(column), dtype=np.bool_), None, scalar, _INT)
    return _read_rest(column, common, read.values, scalar, _INT)


def _cast(column: pa.Array, form: _Form, type_: pa.DataType) -> tuple[Mask, pa.Array | None]:
    """The cells of a common form, cast, and which they are; none if they cannot be cast.

    Cells are told by their bytes, which is quick, and by the pattern only where a cell of the
    right bytes is no value after all.
    """
    for find in (_made_of, _matching):
        common = find(column, form)
        try:
            return common, column.filter(pa.array(common)).cast(pa.string()).cast(type_)
        except pa.ArrowInvalid:
            continue
    return np.zeros(len(column), dtype=np.bool_), None


def _made_of(column: pa.Array, form: _Form) -> Mask:
    _, offsets_buffer, data_buffer = column.buffers()
    offsets = np.frombuffer(offsets_buffer, dtype=np.int32)[column.offset :][: len(column) + 1]
    data = np.frombuffer(data_buffer or b"", dtype=np.uint8)[offsets[0] : offsets[-1]]
    starts, ends = offsets[:-1] - offsets[0], offsets[1:] - offsets[0]
    strange = np.zeros(len(data) + 1, dtype=np.int32)
    np.cumsum(~_lookup(form.made_of)[data], out=strange[1:])
    common: Mask = (ends > starts) & (strange[ends] == strange[starts])
    common[common] = _lookup(form.ends_with)[data[ends[common] - 1]]
    return common


@lru_cache(maxsize=16)
def _lookup(allowed: bytes) -> Mask:
    table = np.zeros(256, dtype=np.bool_)
    table[list(allowed)] = True
    return table


def _matching(column: pa.Array, form: _Form) -> Mask:
    return pc.match_substring_regex(column, form.pattern).to_numpy(zero_copy_only=False)


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


_INT: Final = np.dtype(np.int64)
_EPOCH_START: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - local times have no zone here


def _offset_ms(local_ms: int, zone: str) -> int:
    inside = min(max(local_ms, FIRST_MS), LAST_MS)
    local = _EPOCH_START + timedelta(milliseconds=inside)
    return int(offset_of(local, zone) / timedelta(milliseconds=1))


def _numbers(column: pa.Array) -> Numbers:
    if column.null_count == 0:
        return Numbers(values=column.to_numpy(zero_copy_only=False))
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    return Numbers(values=column.fill_null(0).to_numpy(zero_copy_only=False), valid=valid)


def _read_rest(
    column: pa.Array,
    common: Mask,
    values: NDArray[Any] | None,
    scalar: Callable[[str], object],
    dtype: np.dtype[Any],
) -> Read:
    out = np.zeros(len(column), dtype=dtype)
    if values is not None:
        out[common] = values
    rest = np.flatnonzero(~common)
    if not len(rest):
        return Read(numbers=Numbers(values=out))
    distinct = column.take(pa.array(rest)).dictionary_encode()
    read = [_scalar(text, scalar) for text in distinct.dictionary.to_pylist()]
    at = distinct.indices.to_numpy(zero_copy_only=False)
    lost = np.array([value is UNREADABLE for value in read], dtype=np.bool_)[at]
    there = np.array([isinstance(value, int | float) for value in read], dtype=np.bool_)[at]
    found = np.array(
        [value if isinstance(value, int | float) else 0 for value in read], dtype=dtype
    )[at]
    out[rest] = found
    valid = np.ones(len(column), dtype=np.bool_)
    valid[rest] = there
    unreadable = np.zeros(len(column), dtype=np.bool_)
    unreadable[rest] = lost
    return Read(
        numbers=Numbers(values=out, valid=None if valid.all() else valid),
        unreadable=unreadable if lost.any() else None,
    )


def _scalar(text: bytes, scalar: Callable[[str], object]) -> object | Unreadable:
    try:
        return scalar(text.decode())
    except UnicodeDecodeError:
        return UNREADABLE
