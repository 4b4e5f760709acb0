"""What must hold of regions that follow live locations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from fleetcore.domain.digests import Digest, Sum, bucket_of, leaf_of, word_of
from fleetcore.domain.facts import Fact, Version, version_of, winners_of
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.testing.simulation.live_region import LiveRegion
from fleetcore.testing.simulation.mischief import Mischief
from fleetcore.testing.simulation.scenario import Invariant


class LiveChecks:
    """Compares what a region's log and registers say, with each other and with what was sent."""

    def __init__(
        self, region: LiveRegion, others: Sequence[LiveRegion], mischief: Mischief
    ) -> None:
        self._region = region
        self._all = (region, *others)
        self._mischief = mischief
        self._seen: dict[str, Version] = {}
        self._logged = 0
        self._cleared = 0

    def always(self) -> tuple[Invariant, ...]:
        """What holds at every moment."""
        return (
            Invariant("digests equal a recount", self._miscounted),
            Invariant("no register goes back", self._going_back),
            Invariant("cursors never lead views", self._leading),
            Invariant("forgotten stay forgotten", self._resurrected),
            Invariant("no event is held twice", self._held_twice),
            Invariant("the log only grows", self._shrunk),
        )

    def ending(self) -> tuple[Invariant, ...]:
        """What holds once all is settled."""
        return (
            Invariant("no accepted event is lost", self._lost),
            Invariant("all regions converge", self._differing),
            Invariant("views equal a fresh replay", self._unlike_replay),
        )

    # --- on the way ------------------------------------------------------------------------------

    def _miscounted(self) -> str | None:
        registers = self._region.registers
        told, counted = registers.digest(), recounted(self._facts(), self._graves())
        if told != counted:
            return f"{self._region.name}: the digest is {told}, a recount {counted}"
        return None

    def _going_back(self) -> str | None:
        if self._cleared != self._region.cleared:
            self._cleared = self._region.cleared
            self._seen.clear()
            for region, vehicle in [*self._mischief.lowered]:
                if region == self._region.name:
                    del self._mischief.lowered[region, vehicle]
        for fact in self._facts():
            version = version_of(fact)
            vehicle = fact.vehicle_id
            lowered = self._mischief.lowered.pop((self._region.name, vehicle), None)
            seen = lowered or self._seen.get(vehicle, version)
            is_corrupted = vehicle in self._mischief.corrupted or self._is_restored_so(vehicle)
            if version < seen and not is_corrupted:
                return f"{self._region.name}: {vehicle} went back to {fact}"
            self._seen[vehicle] = version
        return None

    def _leading(self) -> str | None:
        """Registers that followed the log to its end hold its winners."""
        if self._region.registers.cursor() < self._region.log.reached():
            return None
        return self._behind(fact for _, fact in self._region.logged())

    def _resurrected(self) -> str | None:
        keys = {each.key for each in self._region.registers.tombstones()}
        back = [fact.vehicle_id for fact in self._facts() if key_of(fact.vehicle_id) in keys]
        return f"{self._region.name}: {back} were forgotten" if back else None

    def _held_twice(self) -> str | None:
        held = Counter(fact for _, fact in self._region.logged())
        twice = [fact for fact, times in held.items() if times > 1]
        return f"{self._region.name}: {twice[0]}" if twice else None

    def _shrunk(self) -> str | None:
        rows, self._logged = self._logged, len(self._region.logged())
        if self._logged < rows:
            return f"{self._region.name}: {rows} rows became {self._logged}"
        return None

    # --- at the end ------------------------------------------------------------------------------

    def _lost(self) -> str | None:
        """What any region took in is in this region's log."""
        held = {fact for _, fact in self._region.logged()}
        for region in self._all:
            dead = {each.message.payload for each in region.dead_messages.read()}
            for message in region.broker.published:
                for fact in region.facts_of(message):
                    if fact in held or message.payload in dead:
                        continue
                    if not self._is_forgotten(fact.vehicle_id):
                        return f"{self._region.name}: {message.payload!r} of {region.name}"
        return None

    def _differing(self) -> str | None:
        mine = _brief(self._region)
        for other in self._all[1:]:
            theirs = _brief(other)
            if mine != theirs:
                return f"{self._region.name} has {mine}, {other.name} {theirs}"
        return None

    def _unlike_replay(self) -> str | None:
        replay = winners_of(
            fact for _, fact in self._region.logged() if not self._is_forgotten(fact.vehicle_id)
        )
        held = {fact.vehicle_id: fact for fact in self._facts()}
        if replay != held:
            return f"{self._region.name}: the registers are {held}, a replay {replay}"
        return None

    # --- what is compared ------------------------------------------------------------------------

    def _facts(self) -> list[Fact]:
        return sorted(self._region.registers.scan())

    def _graves(self) -> tuple[Tombstone, ...]:
        return self._region.registers.tombstones()

    def _behind(self, logged: Iterable[Fact]) -> str | None:
        held = {fact.vehicle_id: version_of(fact) for fact in self._facts()}
        for vehicle, fact in winners_of(logged).items():
            if self._is_hurt(vehicle) or self._is_forgotten(vehicle):
                continue
            if vehicle not in held or held[vehicle] < version_of(fact):
                return f"{self._region.name}: the registers lack {fact}"
        return None

    def _is_hurt(self, vehicle_id: str) -> bool:
        return vehicle_id in self._mischief.hurt or self._is_restored_so(vehicle_id)

    def _is_restored_so(self, vehicle_id: str) -> bool:
        """Whether a snapshot may have brought back what was hurt when it was taken."""
        hurt = (self._region.name, vehicle_id) in self._mischief.once_hurt
        return hurt and self._region.is_restored

    def _is_forgotten(self, vehicle_id: str) -> bool:
        return vehicle_id == self._mischief.forgotten


def _brief(region: LiveRegion) -> tuple[list[Fact], list[str], Digest]:
    """What regions agree on. When a vehicle was forgotten they need not."""
    registers = region.registers
    graves = [each.key for each in registers.tombstones()]
    return sorted(registers.scan()), graves, registers.digest()


def recounted(facts: Iterable[Fact], graves: Collection[Tombstone]) -> Digest:
    """The digest of these registers, counted by the definition of one."""
    buckets: dict[int, Sum] = {}
    cities: dict[str, Sum] = {}
    for fact in facts:
        word = word_of(fact.fingerprint)
        bucket = bucket_of(leaf_of(fact.vehicle_id))
        buckets[bucket] = buckets.get(bucket, Sum()).plus(1, word)
        cities[fact.city or ""] = cities.get(fact.city or "", Sum()).plus(1, word)
    for grave in graves:
        bucket = bucket_of(grave.leaf)
        buckets[bucket] = buckets.get(bucket, Sum()).plus(1, grave.word)
    return Digest(buckets=buckets, cities=cities)
