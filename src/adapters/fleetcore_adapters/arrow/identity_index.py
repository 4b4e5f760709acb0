"""Finds the rows of one identity among many rows, by binary search and without doubt."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fleetcore.ports.catalogue import Extent
from fleetcore_adapters.arrow.columns import Ints

_NONE: Final = -1


class IdentityIndex:
    """The identities of rows as sorted integers: rank of the vehicle id, then the instant."""

    def __init__(self, ids: Sequence[pa.DictionaryArray], times: Ints) -> None:
        """Take the vehicle ids, piece by piece, and the instants of at least one row."""
        distinct = pc.unique(pa.concat_arrays([piece.dictionary for piece in ids]))
        self._ids = distinct.take(pc.sort_indices(distinct))
        self._names: list[str] = self._ids.to_pylist()
        self._first, self._last = int(times.min()), int(times.max())
        self._instants: Ints | None = None
        self._width = self._last - self._first + 1
        if len(self._ids) * self._width >= 2**63:
            self._instants = np.unique(times)
            self._width = len(self._instants)
        codes = np.concatenate([self._ranks(piece) for piece in ids])
        codes *= self._width
        codes += self._places(times)
        order = np.argsort(codes, kind="stable")
        self._sorted = codes[order]
        self._rows = order.astype(np.int32)
        self._distinct = bool((self._sorted[1:] != self._sorted[:-1]).all())

    def pairs(self, ids: pa.DictionaryArray, times: Ints) -> tuple[Ints, Ints]:
        """Every pair of an indexed row and one of these rows with the same identity."""
        ranks = self._ranks(ids)
        theirs = np.flatnonzero((ranks >= 0) & (times >= self._first) & (times <= self._last))
        places = self._places(times[theirs])
        if self._instants is not None:
            known = self._instants[places] == times[theirs]
            theirs, places = theirs[known], places[known]
        codes = ranks[theirs] * self._width + places
        starts = np.searchsorted(self._sorted, codes)
        met = self._sorted[np.minimum(starts, len(self._sorted) - 1)] == codes
        theirs, starts = theirs[met], starts[met]
        if self._distinct:
            return self._rows[starts].astype(np.int64), theirs
        counts = np.searchsorted(self._sorted, codes[met], side="right") - starts
        behind = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        mine = self._rows[np.repeat(starts, counts) + behind]
        return mine.astype(np.int64), np.repeat(theirs, counts)

    def meet(self, extent: Extent) -> bool:
        """Whether one of the indexed rows lies in an extent."""
        first = bisect_left(self._names, extent.min_vehicle_id)
        behind = bisect_right(self._names, extent.max_vehicle_id)
        start, end = np.searchsorted(self._sorted, [first * self._width, behind * self._width])
        places = self._sorted[start:end] % self._width
        times = places + self._first if self._instants is None else self._instants[places]
        return bool(((times >= extent.min_observed_at) & (times <= extent.max_observed_at)).any())

    def _ranks(self, ids: pa.DictionaryArray) -> Ints:
        """The place of each row's id among the sorted ids, negative where it is none of them."""
        ends = pc.min_max(ids.dictionary)
        start = bisect_left(self._names, ends["min"].as_py())
        end = bisect_right(self._names, ends["max"].as_py())
        found = pc.index_in(ids.dictionary, value_set=self._ids.slice(start, end - start))
        ranks = found.fill_null(_NONE).to_numpy(zero_copy_only=False).astype(np.int64)
        ranks[ranks >= 0] += start
        by_row: Ints = ranks[ids.indices.to_numpy()]
        return by_row

    def _places(self, times: Ints) -> Ints:
        """The place of each instant, which lies between the first and the last one."""
        if self._instants is None:
            return times - self._first
        return np.searchsorted(self._instants, times)
