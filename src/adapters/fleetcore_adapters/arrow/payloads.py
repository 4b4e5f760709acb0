"""What rows reported, as comparable bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from fleetcore.domain.fingerprint import FIELD_NUMBERS
from fleetcore_adapters.arrow.columns import Column, Ints, Mask, Texts, Words


class TextTable:
    """Gives each text of a file the same code wherever it occurs."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def merged(self, columns: Sequence[Texts]) -> Texts:
        """Columns one behind the other, in the table's codes."""
        found = []
        for column in columns:
            by_code = [self._codes.setdefault(value, len(self._codes)) for value in column.values]
            found.append(np.array([*by_code, -1], dtype=np.int32)[column.codes])
        return Texts(codes=np.concatenate(found), values=tuple(self._codes))


class Payloads:
    """The payloads of rows; equal words, equal payloads. Texts are by the codes of one table."""

    def __init__(self, columns: Mapping[str, Column], rows: int) -> None:
        self._columns = [columns[name] for name in FIELD_NUMBERS if name in columns]
        self._rows = rows

    def __len__(self) -> int:
        return self._rows

    @property
    def width(self) -> int:
        """Words a payload."""
        return len(self._columns)

    def words(self, place: int, rows: Ints | None = None) -> Words:
        """The 64-bit words of one column, of all rows or of some; a missing cell has its own."""
        column = self._columns[place]
        if rows is not None:
            column = column.take(rows)
        if isinstance(column, Texts):
            return column.codes.astype(np.int64).view(np.uint64)
        words = (column.values + 0.0).view(np.uint64)
        if column.valid is not None:
            words[~column.valid] = _MISSING_WORD
        return words

    def equal(self, rows: Ints, others: Ints) -> Mask:
        """Which of these pairs of rows have equal payloads."""
        same = np.ones(len(rows), dtype=np.bool_)
        for place in range(self.width):
            same &= self.words(place, rows) == self.words(place, others)
        return same


_MISSING_WORD: Final = np.uint64(0xFFF8_0000_0000_0001)
"""A NaN: no cell holds one."""
