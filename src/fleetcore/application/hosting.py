"""A region answered for by its own log and registers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import compress, islice
from typing import Final

from attrs import evolve

from fleetcore.application.tracks import BEGINNING_MS, END_MS
from fleetcore.domain.digests import BUCKETS, Digest, Sum
from fleetcore.domain.facts import Fact, fact_of, is_genuine, winners_of
from fleetcore.domain.tombstones import Tombstone
from fleetcore.errors import CorruptObject, RegionUnreachable
from fleetcore.ports.live_engine import LiveEngine
from fleetcore.ports.live_log import Batches, LiveLog
from fleetcore.ports.location_log import LocationLog
from fleetcore.ports.region import Recount, Region
from fleetcore.ports.registers import Held, Registers

REGISTERS_AT_ONCE: Final = 1_000
"""So many are in memory where a region goes through its own."""


class HostedRegion(Region):
    """The region whose log and registers these are; `log` and `history` are the same log.

    What cannot be read or written here is a region that does not answer.
    """

    def __init__(
        self,
        name: str,
        *,
        registers: Registers,
        log: LiveLog,
        history: LocationLog,
        engine: LiveEngine,
    ) -> None:
        self._name = name
        self._registers = registers
        self._log = log
        self._history = history
        self._engine = engine

    @property
    def name(self) -> str:
        return self._name

    def digest(self) -> Digest:
        return evolve(self._registers.digest(), cities={})

    def cities(self) -> Mapping[str, Sum]:
        return self._registers.digest().cities

    def leaves(self, buckets: Collection[int]) -> Mapping[int, Sum]:
        return self._registers.leaves(buckets)

    def fingerprints(self, leaves: Collection[int]) -> Mapping[int, Collection[int]]:
        return self._registers.fingerprints(leaves)

    def held(self, fingerprints: Mapping[int, Collection[int]]) -> tuple[Held, ...]:
        return self._registers.held(fingerprints)

    def tombstones(self, leaves: Collection[int]) -> tuple[Tombstone, ...]:
        return self._registers.tombstones(leaves)

    def read(self, vehicle_ids: Collection[str]) -> tuple[Fact, ...]:
        return self._registers.read(vehicle_ids)

    def logged(self, vehicle_ids: Collection[str]) -> tuple[Fact, ...]:
        try:
            winners = winners_of(
                fact_of(stored.event)
                for vehicle_id in vehicle_ids
                for stored in self._history.read_vehicle(vehicle_id, BEGINNING_MS, END_MS)
            )
        except CorruptObject as error:
            raise RegionUnreachable(f"region {self._name!r}: its log: {error}") from error
        return tuple(winners[each] for each in sorted(winners))

    def recount(self, part: int, parts: int) -> Recount:
        buckets = range(part % parts, BUCKETS, parts)
        # A city's registers are in all buckets, so only all of them together count it.
        untrue = self._registers.recount(buckets if parts > 1 else None)
        registers, corrupt = 0, list[str]()
        scanned = self._registers.scan(buckets)
        while facts := list(islice(scanned, REGISTERS_AT_ONCE)):
            registers += len(facts)
            genuine = self._engine.genuine(facts)
            corrupt += (fact[0] for fact, is_so in zip(facts, genuine, strict=True) if not is_so)
        return Recount(registers=registers, corrupt=tuple(sorted(corrupt)), untrue=untrue)

    def mend(self, facts: Sequence[Fact], run: str) -> int:
        genuine = list(compress(facts, self._engine.genuine(facts)))
        if not genuine:
            return 0
        self._log.append_batches(self._engine.encoded(genuine, f"repair-{run}"))
        return self._registers.merge(genuine)

    def replace(self, old: Fact, new: Fact) -> bool:
        if old.vehicle_id != new.vehicle_id or not is_genuine(new):
            return False
        return self._registers.replace(old, new)

    def bury(self, tombstones: Sequence[Tombstone]) -> int:
        # First the log, so that nothing can come back from it.
        self._log.bury(tombstones)
        # Of the log's tombstones: asked once more, later, it keeps the first instant in both.
        keys = {each.key for each in tombstones}
        return self._registers.bury([each for each in self._log.tombstones() if each.key in keys])

    def batches_since(self, cursor: int, limit: int) -> Batches:
        return self._log.batches_since(cursor, limit)
