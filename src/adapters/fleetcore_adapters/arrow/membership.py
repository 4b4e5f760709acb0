"""Which rows the log holds already: exact, in bounded memory, without a loop over rows.

Rows of the log are looked up among the arriving ones, a row group at a time. Equal fingerprints
decide nothing: payloads are compared cell by cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fleetcore.domain.fingerprint import FIELD_NUMBERS
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.ports.catalogue import Extent
from fleetcore_adapters.arrow.columns import Ints, Mask, Numbers, Words, number_words
from fleetcore_adapters.arrow.identity_index import IdentityIndex
from fleetcore_adapters.arrow.log_files import LogFiles, OpenFile
from fleetcore_adapters.arrow.part_file import times_of
from fleetcore_adapters.arrow.texts import text_words
from fleetcore_adapters.vectors.splitmix import mixed

KEYS: Final = ("vehicle_id", "observed_at", "fingerprint", "ingestion")
PAYLOAD: Final = tuple(name for name in FIELD_NUMBERS if name not in ("vehicle_id", "observed_at"))
TWIN_COLUMNS: Final = ("vehicle_id", "observed_at", "fingerprint", *PAYLOAD)

_ABSENT: Final = -2
_MISSING: Final = -1

Groups: TypeAlias = Callable[[Sequence[str]], Iterable[pa.Table]]
"""Reads columns of row groups."""

_Values: TypeAlias = NDArray[Any]


def are_twins(one: OpenFile, other: OpenFile) -> bool:
    """Whether two files hold the same events in the same order and row groups.

    What a file brings that is ingested again is found so, without a search.
    """
    return (
        one.footer.extents == other.footer.extents
        and one.footer.ingestion != other.footer.ingestion
        and all(
            one.read(group, TWIN_COLUMNS).equals(other.read(group, TWIN_COLUMNS))
            for group in one.groups()
        )
    )


def identity_words(rows: pa.Table) -> Words:
    """The hash of each row's identity, of a row group as it is read."""
    ids = rows.column("vehicle_id").chunk(0)
    by_id = text_words("vehicle_id", ids.dictionary)
    times = number_words("observed_at", Numbers(values=times_of(rows)))
    return mixed(by_id[_indices(ids)] + times)


def hashes_in(files: LogFiles, key: str) -> Words:
    """The hash of the identity of each row of a file."""
    tables = files.tables(key, ("vehicle_id", "observed_at"))
    return np.concatenate([identity_words(table) for table in tables])


class Arrivals:
    """The rows of some parts of one ingestion, and what is known of them so far.

    With no ingestion they are live events, and the log's rows of any ingestion are their siblings.
    """

    def __init__(self, ingestion: str | None, rows: int, groups: Groups) -> None:
        """Take so many rows, at least one; `groups` reads columns of the parts' row groups."""
        self._ingestion = ingestion
        self._groups = groups
        self._fingerprints: Words = np.empty(rows, dtype=np.uint64)
        self._payload: dict[str, _Cells] = {}
        self._has_sibling: Mask = np.zeros(rows, dtype=np.bool_)
        self._is_held: Mask = np.zeros(rows, dtype=np.bool_)
        ids: list[pa.DictionaryArray] = []
        times: Ints = np.empty(rows, dtype=np.int64)
        end = 0
        for group in groups(("vehicle_id", "observed_at", "fingerprint")):
            start, end = end, end + group.num_rows
            ids.append(group.column("vehicle_id").chunk(0))
            times[start:end] = times_of(group)
            self._fingerprints[start:end] = _numbers(group, "fingerprint")
        self._identities = IdentityIndex(ids, times)

    def meet(self, extent: Extent) -> bool:
        """Whether one of the rows lies in an extent; costs most where many vehicles are in it."""
        return self._identities.meet(extent)

    def compare(self, file: OpenFile, groups: Iterable[int]) -> None:
        """Look for siblings in row groups of a file: those that may have any."""
        if self._ingestion is not None and file.footer.ingestion == self._ingestion:
            return
        for group in groups:
            self._compare(file, group)

    def _compare(self, file: OpenFile, group: int) -> None:
        keys = file.read(group, KEYS)
        mine, theirs = self._identities.pairs(keys.column("vehicle_id").chunk(0), times_of(keys))
        if self._ingestion is not None and file.footer.ingestion is None:
            foreign = ~_is_text(keys.column("ingestion").chunk(0), self._ingestion)[theirs]
            mine, theirs = mine[foreign], theirs[foreign]
        self._has_sibling[mine] = True
        alike = self._fingerprints[mine] == _numbers(keys, "fingerprint")[theirs]
        mine, theirs = mine[alike], theirs[alike]
        if not len(mine):
            return
        equal: Mask = np.ones(len(mine), dtype=np.bool_)
        payload = file.read(group, PAYLOAD)
        for name, cells in self._cells().items():
            equal &= cells.equal(mine, payload.column(name).chunk(0), theirs)
        self._is_held[mine[equal]] = True

    def _cells(self) -> dict[str, _Cells]:
        """The payloads, read when the first fingerprint is met again."""
        if not self._payload:
            self._payload = {name: _Cells(len(self._is_held)) for name in PAYLOAD}
            start = 0
            for group in self._groups(PAYLOAD):
                for name, cells in self._payload.items():
                    cells.put(start, group.column(name).chunk(0))
                start += group.num_rows
        return self._payload

    @property
    def held(self) -> Mask:
        """Which rows the log holds with an equal payload."""
        return self._is_held

    @property
    def siblings(self) -> Mask:
        """Which rows have their identity in the log."""
        return self._has_sibling


def outcome_of(gone: Mask, held: Mask, siblings: Mask) -> tuple[StoreOutcome, Mask]:
    """What becomes of rows, and which are new.

    `gone` are of forgotten vehicles, `held` are in the log, `siblings` have their identity in it.
    """
    new: Mask = ~(gone | held)
    conflicting = int((siblings & new).sum())
    outcome = StoreOutcome(
        stored=int(new.sum()) - conflicting,
        already_stored=int((held & ~gone).sum()),
        conflicting=conflicting,
        forgotten=int(gone.sum()),
    )
    return outcome, new


class _Cells:
    """One column of the arriving rows' payloads; NaN or `_MISSING` where a cell is missing."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._values: _Values | None = None
        self._texts: dict[str, int] = {}

    def put(self, start: int, column: pa.Array) -> None:
        """Take the cells of the rows from `start` on."""
        if column.null_count == len(column):
            return
        if pa.types.is_dictionary(column.type):
            if self._values is None:
                self._values = np.full(self._rows, _MISSING, dtype=np.int32)
            for text in column.dictionary.to_pylist():
                self._texts.setdefault(text, len(self._texts))
            values = self._codes(column)
        else:
            # No number is NaN, so NaN stands for a missing one.
            if self._values is None:
                self._values = np.full(self._rows, np.nan)
            values = column.to_numpy(zero_copy_only=False)
        self._values[start : start + len(column)] = values

    def equal(self, rows: Ints, column: pa.Array, others: Ints) -> Mask:
        """Which of these pairs of cells are equal; missing equals missing."""
        if self._values is None or column.null_count == len(column):
            missing: Mask = column.is_null().to_numpy(zero_copy_only=False)[others]
            return missing & self._missing(rows)
        mine = self._values[rows]
        if pa.types.is_dictionary(column.type):
            same: Mask = mine == self._codes(column)[others]
            return same
        theirs = column.to_numpy(zero_copy_only=False)[others]
        return (mine == theirs) | (np.isnan(mine) & np.isnan(theirs))

    def _missing(self, rows: Ints) -> Mask:
        if self._values is None:
            return np.ones(len(rows), dtype=np.bool_)
        values = self._values[rows]
        found: Mask = values == _MISSING if values.dtype.kind == "i" else np.isnan(values)
        return found

    def _codes(self, column: pa.DictionaryArray) -> _Values:
        """The codes of the cells in the arriving rows' texts, `_ABSENT` where there is none."""
        known = [self._texts.get(text, _ABSENT) for text in column.dictionary.to_pylist()]
        codes: _Values = np.array([*known, _MISSING], dtype=np.int32)[_indices(column)]
        return codes


def _indices(column: pa.DictionaryArray) -> _Values:
    codes: _Values = column.indices.fill_null(_MISSING).to_numpy(zero_copy_only=False)
    return codes


def _numbers(table: pa.Table, name: str) -> _Values:
    values: _Values = table.column(name).chunk(0).to_numpy()
    return values


def _is_text(column: pa.DictionaryArray, text: str) -> Mask:
    same = np.array([value == text for value in column.dictionary.to_pylist()], dtype=np.bool_)
    by_row: Mask = same[_indices(column)]
    return by_row
