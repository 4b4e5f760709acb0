"""The registers of one region, in SQLite."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import compress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fleetcore.domain.digests import BUCKETS, Digest, Sum, Sums, leaf_of, leaves_of, word_of
from fleetcore.domain.facts import Fact, version_of, winners_of
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.ports.registers import Held, Registers
from fleetcore_adapters.local import register_rows as rows
from fleetcore_adapters.local import register_sums
from fleetcore_adapters.local.database import ViewsDatabase
from fleetcore_adapters.local.known_registers import NO_PLACE, KnownRegisters, Versions
from fleetcore_adapters.vectors.texts import hashes_of, leaves_by_hash

_LEAVES_AT_ONCE: Final = 1_000
"""So many leaves' registers are in memory at once where cities are counted anew."""


class LocalRegisters(Registers):
    """Keeps a row a vehicle, and the sums beside them, in the views' file of a data folder."""

    def __init__(self, database: ViewsDatabase) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._known = KnownRegisters()
        database.define({**rows.TABLES, **register_sums.TABLES})

    def cursor(self) -> int:
        with self._database.read() as connection:
            return register_sums.cursor(connection)

    def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> int:
        with self._changing() as connection:
            changed = self._merged(connection, facts)
            if cursor is not None:
                register_sums.advance(connection, cursor, since)
        return changed

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that changes registers as they are known."""
        with self._lock:
            try:
                with self._database.write() as connection:
                    yield connection
            except BaseException:
                self._known.clear()  # what it knows was not committed
                raise

    def _merged(self, connection: sqlite3.Connection, facts: Sequence[Fact]) -> int:
        """Column by column, because thousands a second are changed."""
        ids = [fact[0] for fact in facts]
        if len(set(ids)) < len(ids):
            winners = winners_of(facts)
            ids, facts = list(winners), list(winners.values())
        places = self._known.places(connection, ids)
        first: list[Fact] = []
        is_new = places == NO_PLACE
        if is_new.any():
            first = list(compress(facts, is_new))
            # A forgotten vehicle has no register, so only these may be forgotten ones.
            if graves := rows.graves(connection):
                first = [each for each in first if key_of(each.vehicle_id) not in graves]
            facts, places = list(compress(facts, ~is_new)), places[~is_new]
        versions = Versions.of(facts)
        wins = versions.beat(self._known.versions.at(places))
        if not wins.all():
            facts, places, versions = list(compress(facts, wins)), places[wins], versions.at(wins)
        self._put(connection, first, facts, places, versions)
        return len(first) + len(facts)

    def _put(
        self,
        connection: sqlite3.Connection,
        first: Sequence[Fact],
        better: Sequence[Fact],
        places: NDArray[np.int64],
        versions: Versions,
    ) -> None:
        """Make registers, and put better facts in these places, with the sums."""
        if not (first or better):
            return
        known = self._known
        gone = known.summed(places)
        rows.update(connection, better, known.numbers[places].tolist())
        known.change(places, better, versions)
        leaves: list[int] = leaves_by_hash(hashes_of([fact[0] for fact in first])).tolist()
        made = known.add(rows.insert(connection, first, leaves), first, leaves)
        come = known.summed(np.append(places, made))
        register_sums.change(connection, come, gone, made=known.leaves[made])
        known.count_change()

    def bury(self, tombstones: Sequence[Tombstone]) -> int:
        with self._database.write() as connection:
            new = [each for each in tombstones if rows.bury(connection, each)]
            gone = [
                fact
                for each in new
                for fact in rows.in_leaves(connection, [each.leaf])
                if key_of(fact.vehicle_id) == each.key
            ]
            if new:
                cities = {fact.city or "" for fact in gone}
                sums = register_sums.read(connection, cities)
                for fact in gone:
                    rows.remove(connection, fact.vehicle_id)
                    sums.remove(leaf_of(fact.vehicle_id), fact)
                for each in new:
                    sums.change(each.leaf, 1, each.word)
                register_sums.save(connection, sums, cities)
        return len(new)

    def replace(self, old: Fact, new: Fact) -> bool:
        with self._changing() as connection:
            held = rows.read(connection, [old.vehicle_id])
            # Zeros of either sign are equal, but print apart.
            if [repr(old)] != list(map(repr, held)):
                return False
            places = self._known.places(connection, [old.vehicle_id])
            self._put(connection, [], [new], places, Versions.of([new]))
        return True

    def read(self, vehicle_ids: Collection[str]) -> tuple[Fact, ...]:
        with self._database.read() as connection:
            return tuple(sorted(rows.read(connection, set(vehicle_ids))))

    def scan(self, buckets: Collection[int] | None = None) -> Iterator[Fact]:
        if buckets is None:
            yield from self._scan_all()
        else:
            for bucket in set(buckets):
                with self._database.read() as connection:
                    found = rows.in_leaves(connection, leaves_of([bucket]))
                yield from found

    def _scan_all(self) -> Iterator[Fact]:
        """Page by page: one long read would keep the file of writes from being emptied."""
        last = ""
        while True:
            with self._database.read() as connection:
                page = rows.behind(connection, last)
            if not page:
                return
            yield from page
            last = page[-1].vehicle_id

    def digest(self) -> Digest:
        with self._database.read() as connection:
            return register_sums.digest(connection)

    def leaves(self, buckets: Collection[int]) -> Mapping[int, Sum]:
        with self._database.read() as connection:
            return register_sums.leaves(connection, buckets)

    def fingerprints(self, leaves: Collection[int]) -> Mapping[int, Collection[int]]:
        with self._database.read() as connection:
            found = rows.fingerprints(connection, leaves)
        by_leaf: dict[int, list[int]] = {}
        for leaf, fingerprint in zip(*found, strict=True):
            by_leaf.setdefault(leaf, []).append(fingerprint)
        return by_leaf

    def held(self, fingerprints: Mapping[int, Collection[int]]) -> tuple[Held, ...]:
        with self._database.read() as connection:
            wanted = {each for some in fingerprints.values() for each in some}
            found = rows.with_fingerprints(connection, fingerprints, wanted)
        return tuple(
            sorted(
                Held(fact.vehicle_id, version_of(fact))
                for leaf, fact in found
                if fact.fingerprint in fingerprints[leaf]
            )
        )

    def recount(self, buckets: Collection[int] | None = None) -> tuple[int, ...]:
        # Hardly ever is anything wrong, and who only reads holds up nobody.
        with self._database.read() as connection:
            _, wrong, is_right = _recounted(connection, buckets)
        if not is_right:
            with self._database.write() as connection:
                sums, wrong, _ = _recounted(connection, buckets)
                register_sums.save(connection, sums, None if buckets is None else ())
        return wrong

    def tombstones(self, leaves: Collection[int] | None = None) -> tuple[Tombstone, ...]:
        with self._database.read() as connection:
            found = rows.tombstones(connection, None if leaves is None else set(leaves))
        return tuple(sorted(found, key=lambda each: each.key))

    def clear(self) -> None:
        with self._database.write() as connection:
            rows.clear(connection)
            register_sums.clear(connection)


def _recounted(
    connection: sqlite3.Connection, buckets: Collection[int] | None
) -> tuple[Sums, tuple[int, ...], bool]:
    """The sums put right; the leaves that were wrong; and whether everything was right."""
    leaves = list(leaves_of(range(BUCKETS) if buckets is None else buckets))
    counted = register_sums.counted(*rows.fingerprints(connection, leaves))
    for each in rows.tombstones(connection, leaves):
        counted.change(each.leaf, 1, each.word)
    if buckets is None:
        for start in range(0, len(leaves), _LEAVES_AT_ONCE):
            for fact in rows.in_leaves(connection, leaves[start : start + _LEAVES_AT_ONCE]):
                counted.change_city(fact.city, 1, word_of(fact.fingerprint))
    sums = register_sums.read(connection, None if buckets is None else ())
    are_right = buckets is not None or sums.cities == counted.cities
    wrong = sums.put_right(counted, buckets)
    return sums, wrong, are_right and not wrong
