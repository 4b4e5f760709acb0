"""How drift is looked for, and when it is corrected: `[drift]` in a `fleet.toml`."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from fleetcore.domain.consistency import Correct
from fleetcore.errors import InvalidConfiguration

SHORTEST_S: Final = 0.001
LONGEST_S: Final = 86_400.0


@frozen(kw_only=True, slots=True)
class DriftSettings:
    """Times in seconds. The sample and the threshold are a report, unless `correct` uses them.

    A look every `every_s`; the second one of a run at least `settle_s` after the first. A tick
    ends within `limit_s`. `parts` ticks go through all registers, one by one, for corrupt ones
    (0: none do). `sample` vehicles, of which more than `threshold_pct` per cent further off than
    `threshold_m` are above the threshold.
    """

    every_s: float = 10.0
    settle_s: float = 3.0
    limit_s: float = 30.0
    parts: int = 512
    sample: int = 1000
    threshold_m: float = 100.0
    threshold_pct: float = 5.0
    correct: Correct = "all"

    def __attrs_post_init__(self) -> None:
        for name in ("every_s", "limit_s"):
            seconds: float = getattr(self, name)
            if not SHORTEST_S <= seconds <= LONGEST_S:
                raise InvalidConfiguration(
                    f"{name} = {seconds}: allowed are {SHORTEST_S} to {LONGEST_S:.0f} seconds"
                )

    @property
    def patience_ms(self) -> int:
        """After so long without an event, a run's conductor is taken for gone."""
        return round((self.every_s + self.settle_s + 2 * self.limit_s) * 1000)
