"""Which rows the log holds already: exact, in bounded memory, without a loop over rows.

The arriving rows get one integer a row that orders and equals their identities; rows of the log
are looked up in them by binary search, a row group at a time. Equal fingerprints decide nothing:
payloads are compared cell by cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fleetcore.domain.fingerprint import FIELD_NUMBERS
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.ports.catalogue import Extent
from fleetcore_adapters.arrow.columns import Ints, Mask
from fleetcore_adapters.arrow.log_files import OpenFile

KEYS: Final = ("vehicle_id", "observed_at", "fingerprint", "ingestion")
PAYLOAD: Final = tuple(name for name in FIELD_NUMBERS if name not in ("vehicle_id", "observed_at"))
COLUMNS: Final = (*KEYS, *PAYLOAD)

_ABSENT: Final = -2
_MISSING: Final = -1


class Arrivals:
    """The rows of some parts of one ingestion, and what is known of them so far."""

    def __init__(self, ingestion: str, tables: Sequence[pa.Table]) -> None:
        """Take the rows of each part, with `COLUMNS`."""
        self._ingestion = ingestion
        self._sizes = [table.num_rows for table in tables]
        whole = pa.concat_tables(tables)
        self._identities = _Identities(whole)
        self._fingerprints = _numbers(whole, "fingerprint")
        self._payload = {name: _Cells(whole.column(name)) for name in PAYLOAD}
        self._has_sibling: Mask = np.zeros(whole.num_rows, dtype=np.bool_)
        self._is_held: Mask = np.zeros(whole.num_rows, dtype=np.bool_)

    def compare(self, file: OpenFile, extents: Sequence[Extent]) -> None:
        """Look for siblings in those row groups of a file that may have any."""
        for group in file.groups(extents):
            self._compare(file, group)

    def _compare(self, file: OpenFile, group: int) -> None:
        keys = file.read(group, KEYS)
        mine, theirs = self._identities.pairs(keys)
        foreign = _text_equals(keys.column("ingestion"), self._ingestion)
        mine, theirs = (rows[~foreign[theirs]] for rows in (mine, theirs))
        if not len(mine):
            return
        self._has_sibling[mine] = True
        alike = self._fingerprints[mine] == _numbers(keys, "fingerprint")[theirs]
        mine, theirs = mine[alike], theirs[alike]
        if not len(mine):
            return
        equal = np.ones(len(mine), dtype=np.bool_)
        payload = file.read(group, PAYLOAD)
        for name, cells in self._payload.items():
            equal &= cells.equal(mine, payload.column(name), theirs)
        self._is_held[mine[equal]] = True

    def new_rows(self) -> list[tuple[StoreOutcome, Mask]]:
        """The outcome of each part, and which of its rows the log does not hold."""
        found, start = [], 0
        for size in self._sizes:
            held = self._is_held[start : start + size]
            siblings = self._has_sibling[start : start + size]
            conflicting = int((siblings & ~held).sum())
            already = int(held.sum())
            outcome = StoreOutcome(
                stored=size - already - conflicting,
                already_stored=already,
                conflicting=conflicting,
            )
            found.append((outcome, ~held))
            start += size
        return found


class _Identities:
    """The identities of rows as sorted integers: `rank of the id * instants + instant`."""

    def __init__(self, table: pa.Table) -> None:
        column = _whole(table.column("vehicle_id"))
        distinct = pc.unique(column.dictionary)
        self._ids = distinct.take(pc.sort_indices(distinct))
        times = _numbers(table, "observed_at")
        self._first, self._last = int(times.min()), int(times.max())
        self._instants: Ints | None = None
        self._width = self._last - self._first + 1
        if len(self._ids) * self._width >= 2**63:
            self._instants = np.unique(times)
            self._width = len(self._instants)
        codes = self._ranks(column) * self._width + self._places(times)
        self._order = np.argsort(codes, kind="stable")
        self._sorted = codes[self._order]
        self._distinct = bool((self._sorted[1:] != self._sorted[:-1]).all())

    def _ranks(self, column: pa.DictionaryArray) -> Ints:
        """The place of each row's id among the sorted ids, negative where it is none of them."""
        ranks = pc.index_in(column.dictionary, value_set=self._ids).fill_null(_ABSENT)
        return ranks.to_numpy(zero_copy_only=False).astype(np.int64)[column.indices.to_numpy()]

    def _places(self, times: Ints) -> Ints:
        """The place of each instant, which lies between the first and the last one."""
        if self._instants is None:
            return times - self._first
        return np.searchsorted(self._instants, times)

    def pairs(self, table: pa.Table) -> tuple[Ints, Ints]:
        """Every pair of an own row and a row of the table with one identity."""
        ranks = self._ranks(_whole(table.column("vehicle_id")))
        times = _numbers(table, "observed_at")
        theirs = np.flatnonzero((ranks >= 0) & (times >= self._first) & (times <= self._last))
        times, places = times[theirs], self._places(times[theirs])
        if self._instants is not None:
            known = self._instants[places] == times
            theirs, places = theirs[known], places[known]
        codes = ranks[theirs] * self._width + places
        starts = np.searchsorted(self._sorted, codes)
        met = self._sorted[np.minimum(starts, len(self._sorted) - 1)] == codes
        theirs, starts = theirs[met], starts[met]
        if self._distinct:
            return self._order[starts], theirs
        counts = np.searchsorted(self._sorted, codes[met], side="right") - starts
        ends = np.cumsum(counts)
        offsets = np.arange(counts.sum()) - np.repeat(ends - counts, counts)
        return self._order[np.repeat(starts, counts) + offsets], np.repeat(theirs, counts)


class _Cells:
    """One column of the arriving rows' payloads."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._values: NDArray[Any] | None = None
        self._texts: pa.Array | None = None
        if column.null_count == len(column):
            return
        if pa.types.is_dictionary(column.type):
            whole = _whole(column)
            self._texts = whole.dictionary
            self._values = _codes(whole)
        else:
            self._values = column.to_numpy()

    def equal(self, rows: Ints, column: pa.ChunkedArray, others: Ints) -> Mask:
        """Which of these pairs of cells are equal; missing equals missing."""
        if self._values is None or column.null_count == len(column):
            mine = np.ones(len(rows), np.bool_) if self._values is None else self._lacks(rows)
            whole = column.combine_chunks()
            return mine & whole.is_null().to_numpy(zero_copy_only=False)[others]
        values = self._values[rows]
        if self._texts is None:
            theirs = column.to_numpy()[others]
            # No number is NaN, so NaN stands for a missing one.
            return (values == theirs) | (np.isnan(values) & np.isnan(theirs))
        whole = _whole(column)
        known = pc.index_in(whole.dictionary, value_set=self._texts).fill_null(_ABSENT)
        by_code = np.append(known.to_numpy(zero_copy_only=False), _MISSING)
        return values == by_code[_codes(whole)[others]]

    def _lacks(self, rows: Ints) -> Mask:
        assert self._values is not None
        values = self._values[rows]
        return np.isnan(values) if self._texts is None else values == _MISSING


def _whole(column: pa.ChunkedArray) -> pa.DictionaryArray:
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.unify_dictionaries().combine_chunks()


def _codes(column: pa.DictionaryArray) -> NDArray[np.int32]:
    return column.indices.fill_null(_MISSING).to_numpy(zero_copy_only=False)


def _numbers(table: pa.Table, name: str) -> NDArray[Any]:
    column = table.column(name)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    return column.to_numpy()


def _text_equals(column: pa.ChunkedArray, text: str) -> Mask:
    whole = _whole(column)
    same = np.array([value == text for value in whole.dictionary.to_pylist()], dtype=np.bool_)
    return same[_codes(whole)]
