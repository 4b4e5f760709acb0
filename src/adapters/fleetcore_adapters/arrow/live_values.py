"""Columns of JSON values to columns of cells, as `fleetcore.domain.payload_cells` reads them.

A column of one plain type is converted at once; in any other, the odd values are read one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from fleetcore.domain.cells import FIRST_MS, LAST_MS, UNREADABLE
from fleetcore.domain.payload_cells import (
    FIRST_EPOCH_MS,
    NO_EPOCH,
    number_of,
    optional_number_of,
    text_of,
    time_of,
)
from fleetcore_adapters.arrow.cells import Read, bytes_of
from fleetcore_adapters.arrow.columns import (
    MISSING,
    UNREADABLE_CODE,
    Floats,
    Ints,
    Mask,
    Numbers,
    Texts,
)
from fleetcore_adapters.arrow.times import iso_times

_NUMBERS: Final = frozenset({int, float})
_MAYBE_NUMBERS: Final = _NUMBERS | {type(None)}
_MAYBE_TEXTS: Final = frozenset({str, type(None)})


def numbers_in(values: Sequence[object], *, optional: bool) -> Read:
    """A column of numbers; of an optional one, what is not finite is unreadable."""
    kinds = frozenset(map(type, values))
    if kinds <= _MAYBE_NUMBERS and (floats := _floats(values)) is not None:
        # JSON has no NaN, so a NaN is where there was nothing.
        valid = None if kinds <= _NUMBERS else ~np.isnan(floats)
        if not np.isinf(floats).any():
            return Read(numbers=Numbers(values=_filled(floats, valid), valid=valid))
    return _one_by_one(values, optional_number_of if optional else number_of, np.float64)


def scaled(read: Read, factors: Floats) -> Read:
    """A column of speeds times a factor a row; what is then beyond all numbers is unreadable."""
    with np.errstate(over="ignore"):
        values = read.numbers.values * factors
    beyond = ~np.isfinite(values)
    numbers = Numbers(values=values, valid=read.numbers.valid)
    if not beyond.any():
        return Read(numbers=numbers, unreadable=read.unreadable)
    lost = beyond if read.unreadable is None else beyond | read.unreadable
    return Read(numbers=numbers.without(beyond), unreadable=lost)


def times_in(values: Sequence[object], zone: str) -> Read:
    """A column of instants in epoch ms."""
    kinds = frozenset(map(type, values))
    times: Ints = np.zeros(len(values), dtype=np.int64)
    plain: Mask = np.zeros(len(values), dtype=np.bool_)
    if kinds == {int}:
        times, plain = _whole(values, times, plain)
    elif kinds <= _NUMBERS:
        times, plain = _decimal(values, times, plain)
    elif kinds == {str} and (column := _utf8(values)) is not None:
        times, plain = iso_times(bytes_of(column), zone)
    return _with_rest(values, times, plain, lambda value: time_of(value, zone))


def texts_in(values: Sequence[object], read: Callable[[object], object]) -> tuple[Texts, Mask]:
    """A column of texts through the scalar reader, once for each distinct one."""
    known: dict[str, int] = {}
    code_of: dict[object, int] = {}
    if not frozenset(map(type, values)) <= _MAYBE_TEXTS:
        # As texts, for 1, 1.0 and true are one key.
        values = [text_of(value) for value in values]
    for value in set(values):
        text = UNREADABLE if value is UNREADABLE else read(value)
        if isinstance(text, str):
            code_of[value] = known.setdefault(text, len(known))
        else:
            code_of[value] = UNREADABLE_CODE if text is UNREADABLE else MISSING
    codes = np.fromiter(map(code_of.__getitem__, values), np.int32, len(values))
    return (
        Texts(codes=np.maximum(codes, MISSING), values=tuple(known)),
        codes == UNREADABLE_CODE,
    )


def ids_in(values: Sequence[object]) -> tuple[pa.Array, Mask]:
    """A column of ids as UTF-8, empty where there is none, and which cells are unreadable."""
    unreadable: Mask = np.zeros(len(values), dtype=np.bool_)
    column = _utf8(values) if frozenset(map(type, values)) == {str} else None
    if column is None:
        texts = [text_of(value) for value in values]
        unreadable = np.array([text is UNREADABLE for text in texts], dtype=np.bool_)
        column = _utf8([text if isinstance(text, str) else "" for text in texts])
    return column, unreadable


def _utf8(values: Sequence[object]) -> pa.Array | None:
    """Texts as binary; None where one is no text."""
    try:
        return pa.array(values, type=pa.string()).cast(pa.binary())
    except UnicodeEncodeError:
        return None


def _floats(values: Sequence[object]) -> Floats | None:
    try:
        return np.array(values, dtype=np.float64)
    except OverflowError:
        return None


def _filled(floats: Floats, valid: Mask | None) -> Floats:
    return floats if valid is None else np.where(valid, floats, 0.0)


def _whole(values: Sequence[object], times: Ints, plain: Mask) -> tuple[Ints, Mask]:
    try:
        raw: Ints = np.array(values, dtype=np.int64)
    except OverflowError:
        return times, plain
    plain = (raw > -NO_EPOCH) & (raw < NO_EPOCH)
    return _in_ms(np.where(plain, raw, 0), np.abs(raw) >= FIRST_EPOCH_MS, plain)


def _decimal(values: Sequence[object], times: Ints, plain: Mask) -> tuple[Ints, Mask]:
    """Numbers of at most three decimals in seconds, or none in milliseconds."""
    raw = _floats(values)
    if raw is None:
        return times, plain
    plain = np.abs(raw) < NO_EPOCH
    raw = np.where(plain, raw, 0.0)
    is_ms = np.abs(raw) >= FIRST_EPOCH_MS
    ms = np.rint(np.where(is_ms, raw, raw * 1000))
    # Then the shortest decimal of the float is the one of these milliseconds.
    plain &= np.where(is_ms, ms, ms / 1000) == raw
    return np.where(plain, ms, 0).astype(np.int64), plain & (ms >= FIRST_MS) & (ms <= LAST_MS)


def _in_ms(raw: Ints, is_ms: Mask, plain: Mask) -> tuple[Ints, Mask]:
    ms = np.where(is_ms, raw, raw * 1000)
    return ms, plain & (ms >= FIRST_MS) & (ms <= LAST_MS)


def _with_rest(
    values: Sequence[object], times: Ints, plain: Mask, scalar: Callable[[object], object]
) -> Read:
    """A column whose plain cells have been read; `scalar` reads the others."""
    rest = np.flatnonzero(~plain)
    if not len(rest):
        return Read(numbers=Numbers(values=times))
    read = _one_by_one([values[row] for row in rest.tolist()], scalar, np.int64)
    found, valid, unreadable = times.copy(), plain.copy(), np.zeros_like(plain)
    found[rest] = read.numbers.values
    valid[rest] = True if read.numbers.valid is None else read.numbers.valid
    unreadable[rest] = False if read.unreadable is None else read.unreadable
    return Read(
        numbers=Numbers(values=found, valid=None if valid.all() else valid),
        unreadable=unreadable if unreadable.any() else None,
    )


def _one_by_one(
    values: Sequence[object],
    scalar: Callable[[object], object],
    dtype: type[np.float64 | np.int64],
) -> Read:
    read = [scalar(value) for value in values]
    numbers = [value if isinstance(value, int | float) else None for value in read]
    valid = np.array([value is not None for value in numbers], dtype=np.bool_)
    unreadable = np.array([value is UNREADABLE for value in read], dtype=np.bool_)
    return Read(
        numbers=Numbers(
            values=np.array([0 if value is None else value for value in numbers], dtype=dtype),
            valid=None if valid.all() else valid,
        ),
        unreadable=unreadable if unreadable.any() else None,
    )
