"""The registers of one region, in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence

from fleetcore.domain.digests import Digest, Sum, Sums, bucket_of, leaf_of
from fleetcore.domain.facts import Fact, version_of
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.ports.registers import Held, Registers


class MemoryRegisters(Registers):
    """Keeps winners as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._empty()

    def _empty(self) -> None:
        self._cursor = 0
        self._facts: dict[str, Fact] = {}
        self._graves: dict[str, Tombstone] = {}
        self._sums = Sums()
        self._known: dict[int, set[str]] = {}

    def cursor(self) -> int:
        with self._lock:
            return self._cursor

    def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> int:
        changed: set[str] = set()
        with self._lock:
            for fact in facts:
                held = self._facts.get(fact.vehicle_id)
                if held is None:
                    wins = key_of(fact.vehicle_id) not in self._graves
                else:
                    wins = version_of(fact) > version_of(held)
                if wins:
                    self._put(fact)
                    changed.add(fact.vehicle_id)
            if self._cursor >= since:
                self._cursor = max(self._cursor, cursor or 0)
        return len(changed)

    def bury(self, tombstones: Sequence[Tombstone]) -> int:
        with self._lock:
            before = len(self._graves)
            for tombstone in tombstones:
                if tombstone.key not in self._graves:
                    for vehicle_id in tuple(self._known.get(tombstone.leaf, ())):
                        if key_of(vehicle_id) == tombstone.key:
                            self._remove(vehicle_id)
                    self._graves[tombstone.key] = tombstone
                    self._sums.change(tombstone.leaf, 1, tombstone.word)
            return len(self._graves) - before

    def replace(self, old: Fact, new: Fact) -> bool:
        with self._lock:
            # Zeros of either sign are equal, but print apart.
            if repr(self._facts.get(old.vehicle_id)) != repr(old):
                return False
            self._put(new)
            return True

    def read(self, vehicle_ids: Collection[str]) -> tuple[Fact, ...]:
        with self._lock:
            return tuple(self._facts[each] for each in sorted(self._facts.keys() & vehicle_ids))

    def scan(self, buckets: Collection[int] | None = None) -> Iterator[Fact]:
        with self._lock:
            facts = sorted(self._facts.values())
        for fact in facts:
            if buckets is None or bucket_of(leaf_of(fact.vehicle_id)) in buckets:
                yield fact

    def digest(self) -> Digest:
        with self._lock:
            return self._sums.digest()

    def leaves(self, buckets: Collection[int]) -> Mapping[int, Sum]:
        with self._lock:
            return self._sums.leaves(buckets)

    def fingerprints(self, leaves: Collection[int]) -> Mapping[int, Collection[int]]:
        with self._lock:
            return {
                leaf: [self._facts[each].fingerprint for each in known]
                for leaf in leaves
                if (known := self._known.get(leaf))
            }

    def held(self, fingerprints: Mapping[int, Collection[int]]) -> tuple[Held, ...]:
        with self._lock:
            facts = [
                self._facts[each]
                for leaf, wanted in fingerprints.items()
                for each in self._known.get(leaf, ())
                if self._facts[each].fingerprint in wanted
            ]
        return tuple(sorted(Held(fact.vehicle_id, version_of(fact)) for fact in facts))

    def recount(self, buckets: Collection[int] | None = None) -> tuple[int, ...]:
        with self._lock:
            counted = Sums()
            for fact in self._facts.values():
                counted.add(leaf_of(fact.vehicle_id), fact)
            for each in self._graves.values():
                counted.change(each.leaf, 1, each.word)
            return self._sums.put_right(counted, buckets)

    def tombstones(self, leaves: Collection[int] | None = None) -> tuple[Tombstone, ...]:
        with self._lock:
            graves = [self._graves[key] for key in sorted(self._graves)]
        return tuple(each for each in graves if leaves is None or each.leaf in leaves)

    def clear(self) -> None:
        with self._lock:
            self._empty()

    def _put(self, fact: Fact) -> None:
        """Put a fact in the place of its vehicle's register, if there is one."""
        leaf = leaf_of(fact.vehicle_id)
        held = self._facts.get(fact.vehicle_id)
        if held is not None:
            self._sums.remove(leaf, held)
        self._sums.add(leaf, fact)
        self._facts[fact.vehicle_id] = fact
        self._known.setdefault(leaf, set()).add(fact.vehicle_id)

    def _remove(self, vehicle_id: str) -> None:
        leaf = leaf_of(vehicle_id)
        self._sums.remove(leaf, self._facts.pop(vehicle_id))
        self._known[leaf].remove(vehicle_id)
