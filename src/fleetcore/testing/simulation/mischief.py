"""What happens to regions from outside: links are cut, registers are set back and damaged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fleetcore.domain.digests import leaf_of
from fleetcore.domain.facts import Fact, Version, version_of, winners_of
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.testing.simulation.live_region import LiveRegion
from fleetcore.testing.simulation.sample_reports import VEHICLES
from fleetcore.testing.simulation.world import World

_MOST_PEACE_S: Final = 30


class Mischief:
    """Cuts regions off, hurts registers, and has a vehicle forgotten in some worlds.

    A vehicle is hurt in one region at a time: as long as others hold what is true it can be
    repaired. `hurt` says in which. `lowered` says to which version a register was set back, by
    region and vehicle, until somebody takes note; the others are `corrupted`. `once_hurt` were
    hurt at some time, by region and vehicle: snapshots of then bring it back. `forgotten` is the
    vehicle that is, or will be, forgotten.
    """

    def __init__(self, world: World, regions: Sequence[LiveRegion]) -> None:
        self._world = world
        self._regions = regions
        self._is_buried = False
        self.corrupted: set[str] = set()
        self.lowered: dict[tuple[str, str], Version] = {}
        self.hurt: dict[str, LiveRegion] = {}
        self.once_hurt: set[tuple[str, str]] = set()
        self.forgotten = world.random.choice(VEHICLES) if world.random.random() < 0.5 else None
        self._home = world.random.choice(regions)

    def employ(self) -> None:
        """Let it happen."""
        self._world.employ("weather", self.strike)
        self._world.employ("forget", self.forget)

    def strike(self) -> None:
        """Cut a region off, or heal one; set a register back, or damage it; again and again."""
        while not self._world.is_calm:
            self._strike()
            self._world.sleep(self._world.random.randint(1, _MOST_PEACE_S))

    def _strike(self) -> None:
        self._release()
        region = self._world.random.choice(self._regions)
        if region.links.are_cut():
            region.links.cut(self._world.random.random() < 0.5)
        elif self._world.happens("region cut"):
            region.links.cut(True)
        if self._world.happens("drift"):
            self._set_back(region)
        if self._world.happens("corruption"):
            self._corrupt(region)

    def heal(self) -> None:
        """Join all regions again."""
        for region in self._regions:
            region.links.cut(False)

    def forget(self) -> None:
        """Have a vehicle forgotten in one region; from there it spreads."""
        is_time = self._world.is_calm or self._world.random.random() < 0.2
        if self.forgotten is not None and is_time and not self._is_buried:
            self._home.hosted().bury([self._tombstone(self.forgotten)])
            self._is_buried = True

    @property
    def is_over(self) -> bool:
        """Whether what is to be forgotten is, somewhere."""
        return self.forgotten is None or self._is_buried

    def _tombstone(self, vehicle_id: str) -> Tombstone:
        return Tombstone(
            key=key_of(vehicle_id),
            leaf=leaf_of(vehicle_id),
            forgotten_at_ms=self._home.clock.now_ms(),
        )

    def _release(self) -> None:
        """Whom every region holds alike, as the logs do, is hurt no more."""
        logged = winners_of(fact for region in self._regions for _, fact in region.logged())
        for vehicle in [*self.hurt]:
            # A region that holds nothing of it, being made anew, may yet take in what is older.
            held = {region.registers.read([vehicle]) for region in self._regions}
            if held == {(logged[vehicle],)}:
                region = self.hurt.pop(vehicle)
                self.corrupted.discard(vehicle)
                self.lowered[region.name, vehicle] = version_of(logged[vehicle])

    def _set_back(self, region: LiveRegion) -> None:
        fact = self._victim(region)
        if fact is None:
            return
        older = [
            each
            for _, each in region.logged()
            if each.vehicle_id == fact.vehicle_id and version_of(each) < version_of(fact)
        ]
        if older:
            old = self._world.random.choice(older)
            self._hurt(region, fact.vehicle_id)
            self.lowered[region.name, fact.vehicle_id] = version_of(old)
            region.registers.replace(fact, old)

    def _corrupt(self, region: LiveRegion) -> None:
        fact = self._victim(region)
        if fact is not None:
            self._hurt(region, fact.vehicle_id)
            self.corrupted.add(fact.vehicle_id)
            changed = self._world.random.choice(
                (
                    fact._replace(latitude=fact.latitude + 1),
                    fact._replace(observed_at=fact.observed_at + 3_600_000),
                    fact._replace(observed_at=fact.observed_at - 3_600_000),
                    fact._replace(fingerprint=fact.fingerprint ^ 1),
                )
            )
            region.registers.replace(fact, changed)

    def _hurt(self, region: LiveRegion, vehicle_id: str) -> None:
        self.hurt[vehicle_id] = region
        self.once_hurt.add((region.name, vehicle_id))

    def _victim(self, region: LiveRegion) -> Fact | None:
        sound = [
            each
            for each in sorted(region.registers.scan())
            if each.vehicle_id not in self.hurt and each.vehicle_id != self.forgotten
        ]
        return self._world.random.choice(sound) if sound else None
