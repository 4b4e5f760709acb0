"""What is known of registers without asking SQLite for them again."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from fleetcore.domain.digests import Sum
from fleetcore.domain.facts import Fact
from fleetcore_adapters.local import register_rows as rows
from fleetcore_adapters.local import register_sums
from fleetcore_adapters.local.register_sums import Summed
from fleetcore_adapters.vectors.splitmix import register_words

MOST_KNOWN: Final = 400_000
"""How many are remembered: some 100 MB."""

NO_PLACE: Final = -1
"""The place of a vehicle that has no register."""


@frozen(slots=True, eq=False)
class Versions:
    """What the one order compares, as columns: see `fleetcore.domain.facts.Version`."""

    times: NDArray[np.int64]
    closeness: NDArray[np.float64]
    fingerprints: NDArray[np.uint64]

    @classmethod
    def of(cls, facts: Sequence[Fact]) -> Versions:
        """Those of facts."""
        inaccuracies = np.array([fact[6] for fact in facts], np.float64)  # None is NaN
        return cls(
            np.array([fact[1] for fact in facts], np.int64),
            -np.where(np.isnan(inaccuracies), np.inf, inaccuracies),
            np.array([fact[11] for fact in facts], np.uint64),
        )

    def at(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Versions:
        """Some of them."""
        return Versions(self.times[rows], self.closeness[rows], self.fingerprints[rows])

    def beat(self, held: Versions) -> NDArray[np.bool_]:
        """Which are greater than those held, row by row."""
        wins: NDArray[np.bool_] = self.times > held.times
        if not wins.all():  # most are later
            closer, as_close = self.closeness > held.closeness, self.closeness == held.closeness
            closer |= as_close & (self.fingerprints > held.fingerprints)
            wins |= (self.times == held.times) & closer
        return wins

    def put(self, places: NDArray[np.int64], others: Versions) -> None:
        """Have others in some places."""
        self.times[places] = others.times
        self.closeness[places] = others.closeness
        self.fingerprints[places] = others.fingerprints

    def with_more(self, others: Versions) -> Versions:
        """These, and others behind them."""
        return Versions(
            np.append(self.times, others.times),
            np.append(self.closeness, others.closeness),
            np.append(self.fingerprints, others.fingerprints),
        )


class KnownRegisters:
    """Remembers registers as long as nobody else changes any. Not to be shared between threads.

    It knows, as columns, what decides who wins and what is in the sums: `versions`, the `numbers`
    of their rows, and `leaves`. A register's place is where it is in each.
    """

    def __init__(self) -> None:
        self._changes = 0
        self.clear()

    def clear(self) -> None:
        """Know nothing."""
        self._places: dict[str, int] = {}
        self._codes: dict[str, int] = {}
        self._names: list[str] = []
        self._cities: NDArray[np.int64] = np.empty(0, np.int64)
        self.versions = Versions.of([])
        self.numbers: NDArray[np.int64] = np.empty(0, np.int64)
        self.leaves: NDArray[np.int64] = np.empty(0, np.int64)

    def places(
        self, connection: sqlite3.Connection, vehicle_ids: Sequence[str]
    ) -> NDArray[np.int64]:
        """Where these vehicles are, inside a transaction that writes, or `NO_PLACE`."""
        changes = register_sums.changes(connection)
        if changes != self._changes or max(len(self._places), len(self._names)) > MOST_KNOWN:
            self.clear()
            self._changes = changes
        found = list(map(self._places.get, vehicle_ids))
        if None in found:
            missing = [each for each in vehicle_ids if each not in self._places]
            self.add(*rows.numbered(connection, missing))
            found = [self._places.get(each, NO_PLACE) for each in vehicle_ids]
        return np.array(found, np.int64)

    def add(
        self, numbers: Sequence[int], facts: Sequence[Fact], leaves: Sequence[int]
    ) -> NDArray[np.int64]:
        """Take in registers, by the numbers of their rows; their places."""
        first = len(self._places)
        places = np.arange(first, first + len(facts))
        if facts:
            self._places.update(zip([fact[0] for fact in facts], places.tolist(), strict=True))
            self.numbers = np.append(self.numbers, np.array(numbers, np.int64))
            self.leaves = np.append(self.leaves, np.array(leaves, np.int64))
            self.versions = self.versions.with_more(Versions.of(facts))
            self._cities = np.append(self._cities, self._codes_of(facts))
        return places

    def change(self, places: NDArray[np.int64], facts: Sequence[Fact], versions: Versions) -> None:
        """Know these facts, of these versions, in the place of others."""
        self.versions.put(places, versions)
        self._cities[places] = self._codes_of(facts)

    def summed(self, places: NDArray[np.int64]) -> Summed:
        """What these registers add to the sums."""
        words = register_words(self.versions.fingerprints[places])
        # Of as many as are in the batch: how many names there are, vehicles decide.
        codes, which = np.unique(self._cities[places], return_inverse=True)
        counts = np.bincount(which, minlength=len(codes))
        sums = np.zeros(len(codes), np.uint64)
        np.add.at(sums, which, words)
        cities = {
            self._names[code]: Sum(count, word)
            for code, count, word in zip(
                codes.tolist(), counts.tolist(), sums.tolist(), strict=True
            )
        }
        return Summed(self.leaves[places], words, cities)

    def count_change(self) -> None:
        """The sums were changed by who knows these: nobody else has changed anything."""
        self._changes += 1

    def _codes_of(self, facts: Sequence[Fact]) -> NDArray[np.int64]:
        """The number of each city among all names met."""
        names = [fact[10] or "" for fact in facts]
        codes = list(map(self._codes.get, names))
        if None in codes:
            codes = [self._codes.setdefault(name, len(self._codes)) for name in names]
            self._names = list(self._codes)
        return np.array(codes, np.int64)
