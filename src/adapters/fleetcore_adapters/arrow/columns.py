"""Columns of a block as numpy arrays, and the 64-bit words their cells add to a fingerprint."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from fleetcore.domain.fingerprint import salt, word_of
from fleetcore_adapters.vectors.splitmix import mixed

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Codes: TypeAlias = NDArray[np.int32]
Words: TypeAlias = NDArray[np.uint64]
Mask: TypeAlias = NDArray[np.bool_]

MISSING: Final = -1
UNREADABLE_CODE: Final = -2


@frozen(kw_only=True, slots=True, eq=False)
class Numbers:
    """A column of numbers; `valid` is None where no cell is missing. Missing cells hold 0."""

    values: NDArray[Any]
    valid: Mask | None = None

    def take(self, rows: NDArray[Any] | slice) -> Numbers:
        """The rows chosen by a mask, by indices or by a slice."""
        return Numbers(
            values=self.values[rows], valid=None if self.valid is None else self.valid[rows]
        )

    def without(self, rows: Mask) -> Numbers:
        """The column with more cells missing."""
        if not rows.any():
            return self
        valid = ~rows if self.valid is None else self.valid & ~rows
        return Numbers(values=np.where(valid, self.values, 0), valid=valid)


@frozen(kw_only=True, slots=True, eq=False)
class Texts:
    """A column of texts: codes into `values`; `MISSING` where there is none."""

    codes: Codes
    values: tuple[str, ...]

    def take(self, rows: NDArray[Any] | slice) -> Texts:
        """The rows chosen by a mask, by indices or by a slice."""
        return Texts(codes=self.codes[rows], values=self.values)

    def without(self, rows: Mask) -> Texts:
        """The column with more cells missing."""
        return Texts(codes=np.where(rows, MISSING, self.codes).astype(np.int32), values=self.values)


Column: TypeAlias = Numbers | Texts


def number_words(field: str, column: Numbers) -> Words:
    """What each cell of a column of numbers adds to its row's fingerprint."""
    values = column.values
    bits = (values + 0.0).view(np.uint64) if values.dtype.kind == "f" else values.view(np.uint64)
    words = mixed(bits + np.uint64(salt(field)))
    if column.valid is not None:
        words[~column.valid] = 0
    return words


def column_words(field: str, column: Column) -> Words:
    """What each cell of a column adds to its row's fingerprint."""
    if isinstance(column, Numbers):
        return number_words(field, column)
    by_code = np.array([*(word_of(field, value) for value in column.values), 0], dtype=np.uint64)
    return by_code[column.codes]
