"""The second story: live locations in three regions that copy, compare and mend each other."""

from __future__ import annotations

from typing import Final

from fleetcore.application.conducting import Conductor, Watch, tick
from fleetcore.application.drift_settings import DriftSettings
from fleetcore.domain.consistency import ConsistencyEvent
from fleetcore.ports.event_store import EventStore
from fleetcore.testing.simulation.fakes import LiveFakes
from fleetcore.testing.simulation.live_checks import LiveChecks
from fleetcore.testing.simulation.live_region import LiveRegion
from fleetcore.testing.simulation.mischief import Mischief
from fleetcore.testing.simulation.scenario import Act, Play, Scenario
from fleetcore.testing.simulation.weak_ports import weak
from fleetcore.testing.simulation.world import World

REGIONS: Final = ("north", "south", "west")
CONDUCTED_FROM: Final = 2
_SETTINGS: Final = DriftSettings(parts=2)
_MOST_TICKS: Final = 8
_RAGING: Final = (400, 700)
_EAGERNESS: Final = 6
"""A tick takes many calls: it is to end while others still bring what is new."""


class LiveScenario(Scenario):
    """Three regions with their own brokers, each with listeners, a follower and a puller.

    Two conductors in two of them look for drift at once, while links are cut, registers are set
    back and damaged, and a vehicle may be forgotten. Behind the faults all agree.
    """

    def __init__(self, fakes: LiveFakes, region: type[LiveRegion] = LiveRegion) -> None:
        self._fakes = fakes
        self._region = region

    @property
    def name(self) -> str:
        return "live"

    def begin(self, world: World) -> Play:
        regions = [self._region(world, name, self._fakes) for name in REGIONS]
        for region in regions:
            region.peers = tuple(each.seen_by(region) for each in regions if each is not region)
            region.employ()
        mischief = Mischief(world, regions)
        mischief.employ()
        runs = self._fakes.runs()
        conducting = [
            Conducting(world, home, regions, runs, self._fakes) for home in regions[:CONDUCTED_FROM]
        ]
        checks = [
            LiveChecks(region, [each for each in regions if each is not region], mischief)
            for region in regions
        ]
        ending = tuple(each for check in checks for each in check.ending())

        def agree() -> bool:
            is_quiet = all(region.broker.is_empty for region in regions) and mischief.is_over
            told = is_quiet and all(each.agrees for each in conducting)
            return told and not any(each.wrong() for each in ending)

        return Play(
            always=tuple(each for check in checks for each in check.always()),
            acts=(Act(name="all regions agree in the end", begin=mischief.heal, is_settled=agree),),
            ending=ending,
            raging=_RAGING,
        )


class Conducting:
    """A process that looks for drift, from one of the regions."""

    def __init__(
        self,
        world: World,
        home: LiveRegion,
        regions: list[LiveRegion],
        runs: EventStore[ConsistencyEvent],
        fakes: LiveFakes,
    ) -> None:
        self._world = world
        self._conductor = Conductor(
            regions=[each.seen_by(home) for each in regions],
            events=weak(world, home.name, "events", runs),
            clock=home.clock,
            telemeter=fakes.telemeter(),
            settings=_SETTINGS,
        )
        self.agrees = False
        world.employ(f"{home.name} conduct", self.conduct, eagerness=_EAGERNESS)

    def conduct(self) -> None:
        """Look a few times; when it is calm, until all registers agree."""
        watch, agreed = Watch(), 0
        self.agrees = False
        least = _SETTINGS.parts if self._world.is_calm else 1
        for _ in range(self._world.random.randint(least, _MOST_TICKS)):
            ticked = tick(self._conductor, watch)
            watch = ticked.watch
            agreed = agreed + 1 if ticked.outcomes == ("agreed",) and not ticked.unreachable else 0
            # One tick goes through some of the registers only.
            self.agrees = agreed >= _SETTINGS.parts
            if self.agrees and self._world.is_calm:
                return
            self._world.sleep(_SETTINGS.every_s)
