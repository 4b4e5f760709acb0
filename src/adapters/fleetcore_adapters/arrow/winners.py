"""The winner of each vehicle, folded over the files of the log in the order of `precedence`."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fleetcore_adapters.arrow.columns import Codes, Ints
from fleetcore_adapters.arrow.log_files import OpenFile
from fleetcore_adapters.arrow.part_file import times_of
from fleetcore_adapters.arrow.texts import EMPTY_INDEX, UNKNOWN

MOST_CANDIDATES: Final = 262_144

_BEFORE_ALL: Final = -(2**63)


class Winners:
    """Takes files one after the other and keeps, a vehicle, what may still win.

    Of a row group it reads who was seen; when, unless all of them were seen later than all of it;
    the rest, only of those with a row that no earlier file has beaten. So it costs least to begin
    with the file that reaches furthest.
    """

    def __init__(self) -> None:
        self._ids: pa.Array = pa.array([], type=pa.string())
        self._index = EMPTY_INDEX
        self._latest: Ints = np.empty(0, dtype=np.int64)
        self._candidates: list[tuple[pa.Table, Codes]] = []
        self._rows = 0
        self._limit = MOST_CANDIDATES

    def add(self, file: OpenFile) -> None:
        """Let the rows of a file take part."""
        seen: list[tuple[int, Codes, Ints]] = []
        for group in file.groups():
            ids = file.read(group, ("vehicle_id",)).column("vehicle_id").chunk(0)
            codes = self._vehicles(ids)
            if (self._latest[codes] <= file.footer.extents[group].max_observed_at).any():
                instants = times_of(file.read(group, ("observed_at",)))
                np.maximum.at(self._latest, codes, instants)
                seen.append((group, codes, instants))
        for group, codes, instants in seen:
            rows = np.flatnonzero(instants == self._latest[codes])
            if len(rows):
                self._keep(file.read(group).take(rows), codes[rows])
        self._reduce_if_many()

    def add_rows(self, rows: pa.Table) -> None:
        """Let rows take part, all columns of them; quicker than many small files one by one."""
        rows = rows.unify_dictionaries().combine_chunks()
        codes = self._vehicles(rows.column("vehicle_id").chunk(0))
        instants = times_of(rows)
        np.maximum.at(self._latest, codes, instants)
        latest = np.flatnonzero(instants == self._latest[codes])
        self._keep(rows.take(latest), codes[latest])
        self._reduce_if_many()

    def result(self) -> pa.Table | None:
        """The winners so far, by vehicle id; None where no row took part."""
        if not self._candidates:
            return None
        self._reduce()
        ((table, codes),) = self._candidates
        return table.take(pc.sort_indices(self._ids.take(pa.array(codes))))

    def _vehicles(self, column: pa.DictionaryArray) -> Codes:
        """Each row's vehicle as its place among all ids met so far, which the new ones join."""
        found = self._index.find(column.dictionary)
        if len(unmet := np.flatnonzero(found == UNKNOWN)):
            new = column.dictionary.take(pa.array(unmet)).unique()
            self._index = self._index.extended(new)
            self._ids = pa.concat_arrays([self._ids, new])
            self._latest = np.append(self._latest, np.full(len(new), _BEFORE_ALL))
            found[unmet] = self._index.find(column.dictionary.take(pa.array(unmet)))
        return found[column.indices.to_numpy()]

    def _keep(self, table: pa.Table, codes: Codes) -> None:
        self._candidates.append((table, codes))
        self._rows += table.num_rows

    def _reduce_if_many(self) -> None:
        if self._rows > self._limit:
            self._reduce()
            self._limit = max(MOST_CANDIDATES, 2 * self._rows)

    def _reduce(self) -> None:
        """Of each vehicle keep the row that comes last in the order of `precedence`."""
        table = pa.concat_tables([table for table, _ in self._candidates])
        table = table.unify_dictionaries().combine_chunks()
        codes = np.concatenate([codes for _, codes in self._candidates])
        rows = np.flatnonzero(times_of(table) == self._latest[codes])
        inaccuracy = table.column("accuracy_m").fill_null(np.inf).to_numpy()[rows]
        fingerprints = table.column("fingerprint").to_numpy()[rows]
        rows = rows[np.lexsort((fingerprints, -inaccuracy, codes[rows]))]
        ordered = codes[rows]
        rows = rows[np.append(ordered[1:] != ordered[:-1], True)]
        self._candidates, self._rows = [], 0
        self._keep(table.take(rows), codes[rows])
