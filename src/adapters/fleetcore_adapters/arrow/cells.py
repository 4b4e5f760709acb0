"""Columns of cells to columns of numbers, with the meaning `fleetcore.domain.cells` gives them.

A typed column comes from the CSV reader as numbers; a text column as bytes. In a text column,
cells of a plain form are told by their bytes and cast at once; the few others are read by the
scalar functions, once for each distinct text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa
from attrs import frozen
from numpy.typing import NDArray

from fleetcore.domain.cells import UNREADABLE, Unreadable
from fleetcore_adapters.arrow.columns import Ints, Mask, Numbers
from fleetcore_adapters.arrow.texts import text_buffers

_LONGEST_NUMBER: Final = 32
"""No number of so many digits is beyond a float."""
_LONGEST_INTEGER: Final = 17


@frozen(kw_only=True, slots=True, eq=False)
class Read:
    """A column as read; `unreadable` is None where every cell is readable or missing."""

    numbers: Numbers
    unreadable: Mask | None = None


@frozen(kw_only=True, slots=True, eq=False)
class CellBytes:
    """The bytes of a text column: `data[starts[n]:ends[n]]` are cell n."""

    data: NDArray[np.uint8]
    starts: Ints
    ends: Ints


def typed_floats(column: pa.Array) -> Numbers | None:
    """A typed column of floats; None if a cell is not finite, which the scalar grammar decides."""
    numbers = numbers_of(column)
    return numbers if np.isfinite(numbers.values).all() else None


def text_floats(column: pa.Array, scalar: Callable[[str], object]) -> Read:
    """A text column read as numbers; `scalar` reads the cells that are not plain."""
    plain = _plain(bytes_of(column), points=1, longest=_LONGEST_NUMBER)
    return with_rest(column, plain, _cast(column, plain, pa.float64()), scalar)


def text_integers(column: pa.Array) -> tuple[Ints, Mask]:
    """The plain integers of a text column, and which cells these are; the others are 0."""
    plain = _plain(bytes_of(column), points=0, longest=_LONGEST_INTEGER)
    return _cast(column, plain, pa.int64()), plain


def bytes_of(column: pa.Array) -> CellBytes:
    """The bytes of a text column."""
    offsets, data = text_buffers(column)
    wide = offsets.astype(np.int64)
    return CellBytes(data=np.frombuffer(data, dtype=np.uint8), starts=wide[:-1], ends=wide[1:])


def numbers_of(column: pa.Array) -> Numbers:
    """A typed column; its nulls are missing."""
    if column.null_count == 0:
        return Numbers(values=column.to_numpy(zero_copy_only=False))
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    return Numbers(values=column.fill_null(0).to_numpy(zero_copy_only=False), valid=valid)


def with_rest(
    column: pa.Array, plain: Mask, values: NDArray[Any], scalar: Callable[[str], object]
) -> Read:
    """A column whose plain cells have been read; `scalar` reads the others that have text."""
    filled = np.diff(text_buffers(column)[0]) > 0
    rest = np.flatnonzero(filled & ~plain)
    if not len(rest):
        return Read(numbers=Numbers(values=values, valid=None if filled.all() else filled))
    distinct = column.take(pa.array(rest)).dictionary_encode()
    read = [_scalar(text, scalar) for text in distinct.dictionary.to_pylist()]
    at = distinct.indices.to_numpy(zero_copy_only=False)
    found = [value if isinstance(value, int | float) else None for value in read]
    out, valid, unreadable = values.copy(), filled.copy(), np.zeros(len(column), dtype=np.bool_)
    numbers = [0 if value is None else value for value in found]
    out[rest] = np.array(numbers, dtype=values.dtype)[at]
    valid[rest] = np.array([value is not None for value in found])[at]
    unreadable[rest] = np.array([value is UNREADABLE for value in read])[at]
    return Read(
        numbers=Numbers(values=out, valid=None if valid.all() else valid),
        unreadable=unreadable if unreadable.any() else None,
    )


def _scalar(text: bytes, scalar: Callable[[str], object]) -> object | Unreadable:
    try:
        return scalar(text.decode())
    except UnicodeDecodeError:
        return UNREADABLE


def _plain(cells: CellBytes, *, points: int, longest: int) -> Mask:
    """Which cells are digits after a minus or not, with at most so many points, none at the end."""
    data, starts, ends = cells.data, cells.starts, cells.ends
    if not len(data):
        return np.zeros(len(starts), dtype=np.bool_)
    # A byte weighs 0 if a digit, 1 if a point, else 2. Sums overflow in long cells only; the sum
    # of the last cell with bytes may lack its last one, which must be a digit anyhow.
    weights = 2 * (data - np.uint8(ord("0")) > 9).view(np.uint8)
    weights -= (data == ord(".")).view(np.uint8)
    firsts = np.minimum(starts, len(data) - 1)
    minus = data[firsts] == ord("-")
    plain: Mask = np.add.reduceat(weights, firsts) <= points + 2 * minus
    plain &= weights[ends - 1] == 0
    plain &= (ends > starts) & (ends - starts <= longest + minus)
    return plain


def _cast(column: pa.Array, chosen: Mask, type_: pa.DataType) -> NDArray[Any]:
    """The chosen cells of a text column as numbers; the others are 0."""
    offsets, data = text_buffers(column)
    texts = pa.StringArray.from_buffers(
        len(column),
        pa.py_buffer(offsets),
        data,
        pa.py_buffer(np.packbits(chosen, bitorder="little")),
    )
    _, values = texts.cast(type_).buffers()
    dtype = type_.to_pandas_dtype()
    return np.where(chosen, np.frombuffer(values, dtype=dtype, count=len(column)), 0)
