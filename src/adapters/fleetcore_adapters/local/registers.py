"""The registers of one region, in SQLite."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import compress, starmap
from operator import itemgetter
from typing import Final

from fleetcore.domain.digests import BUCKETS, Digest, Sum, Sums, leaf_of, leaves_of, word_of
from fleetcore.domain.facts import Fact, version_of, winners_of
from fleetcore.domain.fingerprint import MASK
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.ports.registers import Held, Registers
from fleetcore_adapters.local import register_rows as rows
from fleetcore_adapters.local import register_sums
from fleetcore_adapters.local.database import ViewsDatabase
from fleetcore_adapters.local.known_registers import KnownRegisters

_CITY: Final = 3
_WORD: Final = 4
_LEAF: Final = 5
"""Where they are in what is known of a register."""


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
        winners = winners_of(facts)
        with self._lock:
            with self._database.write() as connection:
                known = self._known.of(connection, winners)
                first, better, held = _advancing(connection, winners, known)
                changed = _put(connection, first, better, held)
                if cursor is not None:
                    register_sums.advance(connection, cursor, since)
            if first or better:
                self._known.changed(changed)
        return len(first) + len(better)

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
        with self._database.write() as connection:
            held = rows.read(connection, [old.vehicle_id])
            # Zeros of either sign are equal, but print apart.
            if [repr(old)] != list(map(repr, held)):
                return False
            ((_, known),) = rows.known(connection, [old.vehicle_id]).items()
            _put(connection, [], [new], [known])
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
            return register_sums.read(connection).digest()

    def leaves(self, buckets: Collection[int]) -> Mapping[int, Sum]:
        with self._database.read() as connection:
            return register_sums.read(connection, cities=()).leaves(buckets)

    def held(self, leaves: Collection[int]) -> tuple[Held, ...]:
        with self._database.read() as connection:
            found = sorted(rows.versions(connection, set(leaves)), key=itemgetter(0))
        return tuple(starmap(Held, found))

    def recount(self, buckets: Collection[int] | None = None) -> tuple[int, ...]:
        leaves = list(leaves_of(range(BUCKETS) if buckets is None else buckets))
        with self._database.write() as connection:
            counted = Sums()
            for leaf, fingerprint, city in rows.fingerprints(connection, leaves):
                word = word_of(fingerprint)
                counted.change(leaf, 1, word)
                counted.change_city(city, 1, word)
            for each in rows.tombstones(connection, leaves):
                counted.change(each.leaf, 1, each.word)
            cities = None if buckets is None else ()
            sums = register_sums.read(connection, cities)
            wrong = sums.put_right(counted, buckets)
            if wrong or buckets is None:
                register_sums.save(connection, sums, cities)
        return wrong

    def tombstones(self, leaves: Collection[int] | None = None) -> tuple[Tombstone, ...]:
        with self._database.read() as connection:
            found = rows.tombstones(connection, None if leaves is None else set(leaves))
        return tuple(sorted(found, key=lambda each: each.key))

    def clear(self) -> None:
        with self._database.write() as connection:
            rows.clear(connection)
            register_sums.clear(connection)


def _advancing(
    connection: sqlite3.Connection, winners: Mapping[str, Fact], known: Sequence[rows.Known | None]
) -> tuple[list[Fact], list[Fact], list[rows.Known]]:
    """Those that are the first of their vehicles; those that beat what is held; and that."""
    facts = list(winners.values())
    held = [each for each in known if each is not None]
    first: list[Fact] = []
    if len(held) < len(facts):
        first = [fact for fact, each in zip(facts, known, strict=True) if each is None]
        facts = [fact for fact, each in zip(facts, known, strict=True) if each is not None]
        # A forgotten vehicle has no register, so only these may be forgotten ones.
        if graves := rows.graves(connection):
            first = [each for each in first if key_of(each.vehicle_id) not in graves]
    wins = [
        fact[1] > at[0] or version_of(fact) > at[:3]  # most are later than what is held
        for fact, at in zip(facts, held, strict=True)
    ]
    if not all(wins):
        facts, held = list(compress(facts, wins)), list(compress(held, wins))
    return first, facts, held


def _put(
    connection: sqlite3.Connection,
    first: Sequence[Fact],
    better: Sequence[Fact],
    held: Sequence[rows.Known],
) -> dict[str, rows.Known]:
    """Make registers, and change those `held`, with the sums; what is known of them then.

    Column by column, because thousands a second are changed.
    """
    made = rows.insert(connection, first) if first else {}
    changed = rows.update(connection, better, held) if better else {}
    if not (made or changed):
        return {}
    cities = {each[_CITY] for known in (made.values(), changed.values(), held) for each in known}
    sums = register_sums.read(connection, cities)
    # Cities are few, so what they gain is summed up first.
    counts: Counter[str] = Counter()
    words = dict.fromkeys(cities, 0)
    for each in made.values():
        sums.change(each[_LEAF], 1, each[_WORD])
        counts[each[_CITY]] += 1
        words[each[_CITY]] += each[_WORD]
    for now, was in zip(changed.values(), held, strict=True):
        city, word, leaf = now[_CITY], now[_WORD], now[_LEAF]
        sums.words[leaf] = (sums.words[leaf] + word - was[_WORD]) & MASK
        words[city] += word
        words[was[_CITY]] -= was[_WORD]
        if city != was[_CITY]:
            counts[city] += 1
            counts[was[_CITY]] -= 1
    for city, word in words.items():
        sums.change_city(city, counts[city], word)
    register_sums.save(connection, sums, cities)
    return made | changed
