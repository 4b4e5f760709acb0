"""What is known of registers without asking SQLite for them again."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fleetcore.domain.digests import Sum, leaf_of
from fleetcore.domain.facts import Fact
from fleetcore_adapters.local import register_rows as rows
from fleetcore_adapters.local import register_sums
from fleetcore_adapters.local.register_sums import Summed
from fleetcore_adapters.vectors.splitmix import register_words

MOST_KNOWN: Final = 400_000
"""How many are remembered: some 100 MB."""

NONE: Final = -1
"""The place of a vehicle that has no register."""

_NOWHERE: Final = np.empty(0, np.int64)


class KnownRegisters:
    """Remembers registers as long as nobody else changes any. Not to be shared between threads.

    It knows, as columns, what decides who wins and what is in the sums: the `numbers` of their
    rows, `times` (epoch ms), `words` and `leaves`. A register's place is where it is in each.
    """

    def __init__(self) -> None:
        self._changes = 0
        self.clear()

    def clear(self) -> None:
        """Know nothing."""
        self._places: dict[str, int] = {}
        self._codes: dict[str, int] = {}
        self.numbers: NDArray[np.int64] = np.empty(0, np.int64)
        self.times: NDArray[np.int64] = np.empty(0, np.int64)
        self.words: NDArray[np.uint64] = np.empty(0, np.uint64)
        self.leaves: NDArray[np.int64] = np.empty(0, np.int64)
        self._cities: NDArray[np.int64] = np.empty(0, np.int64)

    def places(
        self, connection: sqlite3.Connection, vehicle_ids: Sequence[str]
    ) -> NDArray[np.int64]:
        """Where these vehicles are, inside a transaction that writes; `NONE`: no register."""
        changes = register_sums.changes(connection)
        if changes != self._changes or max(len(self._places), len(self._codes)) > MOST_KNOWN:
            self.clear()
            self._changes = changes
        found = list(map(self._places.get, vehicle_ids))
        if None in found:
            missing = [each for each in vehicle_ids if each not in self._places]
            numbers, facts = rows.numbered(connection, missing)
            self.add(numbers, facts, [leaf_of(each) for each, *_ in facts])
            found = [self._places.get(each, NONE) for each in vehicle_ids]
        return np.array(found, np.int64)

    def add(
        self, numbers: Collection[int], facts: Sequence[Fact], leaves: Sequence[int]
    ) -> NDArray[np.int64]:
        """Take in registers, by the numbers of their rows; their places."""
        first = len(self._places)
        places = np.arange(first, first + len(facts))
        self._places.update(zip([fact[0] for fact in facts], places.tolist(), strict=True))
        self.numbers = np.append(self.numbers, np.array(numbers, np.int64))
        self.leaves = np.append(self.leaves, np.array(leaves, np.int64))
        self.times = np.append(self.times, times_of(facts))
        self.words = np.append(self.words, words_of(facts))
        self._cities = np.append(self._cities, self._codes_of(facts))
        return places

    def change(self, places: NDArray[np.int64], facts: Sequence[Fact]) -> None:
        """Know these facts in the place of others."""
        self.times[places] = times_of(facts)
        self.words[places] = words_of(facts)
        self._cities[places] = self._codes_of(facts)

    def summed(self, places: NDArray[np.int64]) -> Summed:
        """What these registers add to the sums."""
        if not len(places):
            return Summed(_NOWHERE, np.empty(0, np.uint64), {})
        words, codes = self.words[places], self._cities[places]
        counts = np.bincount(codes)
        sums = np.zeros(len(counts), np.uint64)
        np.add.at(sums, codes, words)
        names = list(self._codes)
        cities = {
            names[code]: Sum(int(counts[code]), int(sums[code]))
            for code in np.flatnonzero(counts).tolist()
        }
        return Summed(self.leaves[places], words, cities)

    def saved(self) -> None:
        """Count a change of the sums that was made here."""
        self._changes += 1

    def _codes_of(self, facts: Sequence[Fact]) -> NDArray[np.int64]:
        names = [fact[10] or "" for fact in facts]
        codes = list(map(self._codes.get, names))
        if None in codes:
            codes = [self._codes.setdefault(name, len(self._codes)) for name in names]
        return np.array(codes, np.int64)


def times_of(facts: Sequence[Fact]) -> NDArray[np.int64]:
    """When they were observed (epoch ms)."""
    return np.array([fact[1] for fact in facts], np.int64)


def words_of(facts: Sequence[Fact]) -> NDArray[np.uint64]:
    """What they add to the sums."""
    return register_words(np.array([fact[11] for fact in facts], np.uint64))
