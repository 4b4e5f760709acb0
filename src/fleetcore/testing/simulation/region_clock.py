"""The clock of a simulated region, which may be wrong."""

from __future__ import annotations

from typing import Final

from fleetcore.ports.clock import Clock
from fleetcore.testing.simulation.world import World

_MOST_SKEW_MS: Final = 120_000


class RegionClock(Clock):
    """Tells the world's time, some of them up to two minutes early or late."""

    def __init__(self, world: World) -> None:
        self._world = world
        skewed = world.strikes("clock skew")
        self._skew_ms = world.random.randint(-_MOST_SKEW_MS, _MOST_SKEW_MS) if skewed else 0

    def now_ms(self) -> int:
        return self._world.now_ms + self._skew_ms
