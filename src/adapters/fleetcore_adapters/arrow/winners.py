"""The winner of each vehicle, folded over tables in the order of `precedence`."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fleetcore_adapters.arrow.columns import Ints

MOST_CANDIDATES: Final = 262_144


class Winners:
    """Takes tables one after the other and keeps, a vehicle, what may still win."""

    def __init__(self) -> None:
        self._candidates: list[pa.Table] = []
        self._rows = 0
        self._limit = MOST_CANDIDATES

    def add(self, table: pa.Table) -> None:
        """Let the rows of a table take part; rows of one vehicle that lie together cost least."""
        if table.num_rows:
            codes = table.column("vehicle_id").combine_chunks().indices.to_numpy()
            times = table.column("observed_at").cast(pa.int64()).to_numpy()
            self._keep(table.take(_latest(codes, times)))
        if self._rows > self._limit:
            self._reduce()
            self._limit = max(MOST_CANDIDATES, 2 * self._rows)

    def result(self) -> pa.Table | None:
        """The winners so far, by vehicle id; None where no row took part."""
        if not self._candidates:
            return None
        self._reduce()
        return self._candidates[0]

    def _keep(self, table: pa.Table) -> None:
        self._candidates.append(table)
        self._rows += table.num_rows

    def _reduce(self) -> None:
        table = pa.concat_tables(self._candidates).unify_dictionaries().combine_chunks()
        self._candidates, self._rows = [], 0
        self._keep(table.take(_winners(table)))


def _winners(table: pa.Table) -> Ints:
    """The row of each vehicle that comes last in the order of `precedence`."""
    ids = table.column("vehicle_id").combine_chunks()
    ranks = np.empty(len(ids.dictionary), dtype=np.int64)
    ranks[pc.sort_indices(ids.dictionary).to_numpy()] = np.arange(len(ids.dictionary))
    vehicles = ranks[ids.indices.to_numpy()]
    times = table.column("observed_at").cast(pa.int64()).to_numpy()
    rows = np.argsort(vehicles, kind="stable")
    rows = rows[_latest(vehicles[rows], times[rows])]
    inaccuracy = table.column("accuracy_m").fill_null(np.inf).to_numpy()[rows]
    fingerprints = table.column("fingerprint").to_numpy()[rows]
    rows = rows[np.lexsort((fingerprints, -inaccuracy, vehicles[rows]))]
    ordered = vehicles[rows]
    return rows[np.append(ordered[1:] != ordered[:-1], True)]


def _latest(codes: Ints, times: Ints) -> Ints:
    """In each run of equal codes the rows with the run's latest time."""
    starts = np.flatnonzero(np.concatenate(([True], codes[1:] != codes[:-1])))
    latest = np.maximum.reduceat(times, starts)
    lengths = np.diff(np.append(starts, len(codes)))
    return np.flatnonzero(times == np.repeat(latest, lengths))
