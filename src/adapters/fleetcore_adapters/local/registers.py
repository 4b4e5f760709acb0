"""The registers of one region, in SQLite."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import starmap
from operator import itemgetter

from fleetcore.domain.digests import BUCKETS, Digest, Sum, Sums, leaf_of, leaves_of, word_of
from fleetcore.domain.facts import Fact, version_of, winners_of
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.ports.registers import Held, Registers
from fleetcore_adapters.local import register_rows as rows
from fleetcore_adapters.local import register_sums
from fleetcore_adapters.local.database import ViewsDatabase
from fleetcore_adapters.local.known_registers import KnownRegisters


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
                held = self._known.among(connection, winners)
                first, better = _advancing(connection, winners, held)
                known = _put(connection, first, better)
                if cursor is not None:
                    register_sums.advance(connection, cursor, since)
            if first or better:
                self._known.changed(known)
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
            _put(connection, [], [(new, known)])
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
    connection: sqlite3.Connection, winners: Mapping[str, Fact], known: Mapping[str, rows.Known]
) -> tuple[list[Fact], list[tuple[Fact, rows.Known]]]:
    """Those that are the first of their vehicles, and those that beat what is held."""
    first: list[Fact] = []
    better: list[tuple[Fact, rows.Known]] = []
    for vehicle_id, fact in winners.items():
        held = known.get(vehicle_id)
        if held is None:
            first.append(fact)
        elif fact.observed_at > held[0] or version_of(fact) > held[:3]:
            better.append((fact, held))
    # A forgotten vehicle has no register, so only these may be forgotten ones.
    if first and (graves := rows.graves(connection)):
        first = [each for each in first if key_of(each.vehicle_id) not in graves]
    return first, better


def _put(
    connection: sqlite3.Connection, first: Sequence[Fact], better: Sequence[tuple[Fact, rows.Known]]
) -> dict[str, rows.Known]:
    """Make registers and change others, with the sums; what is known of those changed."""
    if not (first or better):
        return {}
    leaves = [leaf_of(fact.vehicle_id) for fact in first]
    number = rows.insert(connection, first, leaves) if first else 0
    rows.update(connection, better)
    known: dict[str, rows.Known] = {}
    cities = {fact.city or "" for fact in first}
    cities.update(fact.city or "" for fact, _ in better)
    cities.update(held[3] for _, held in better)
    sums = register_sums.read(connection, cities)
    for at, (fact, leaf) in enumerate(zip(first, leaves, strict=True), number):
        word = word_of(fact.fingerprint)
        sums.change(leaf, 1, word)
        sums.change_city(fact.city, 1, word)
        known[fact.vehicle_id] = rows.known_of(fact, word, leaf, at)
    # Cities are few, so what they gain is summed up first.
    counts: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for fact, (_, _, _, held_city, held_word, leaf, number) in better:
        word = word_of(fact.fingerprint)
        sums.change(leaf, 0, word - held_word)
        city = fact.city or ""
        if city == held_city:
            words[city] += word - held_word
        else:
            words[city] += word
            words[held_city] -= held_word
            counts[city] += 1
            counts[held_city] -= 1
        known[fact.vehicle_id] = rows.known_of(fact, word, leaf, number)
    for city, word in words.items():
        sums.change_city(city, counts[city], word)
    register_sums.save(connection, sums, cities)
    return known
