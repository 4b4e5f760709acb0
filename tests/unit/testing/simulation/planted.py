"""All planted bugs; run as a module it prints the seed that finds each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

import pytest
from tests.unit.testing.simulation import planted_files, planted_live

from fleetcore.testing.simulation.running import Outcome, simulated
from fleetcore.testing.simulation.scenario import Scenario

Plant: TypeAlias = Callable[[pytest.MonkeyPatch], Scenario]

PLANTED: Final[tuple[Plant, ...]] = (*planted_files.PLANTED, *planted_live.PLANTED)


def caught_by(plant: Plant, seeds: Iterable[int]) -> tuple[str, Outcome | None]:
    """The scenario that a bug is planted in, and the first of the seeds that finds it."""
    with pytest.MonkeyPatch.context() as patch:
        scenario = plant(patch)
        found = (each for each in simulated(scenario, seeds) if each.failure is not None)
        return scenario.name, next(found, None)


def table() -> str:
    """A line a bug: its name, the scenario, the seed that finds it, and what is broken."""
    lines = []
    for plant in PLANTED:
        name, caught = caught_by(plant, range(1, 201))
        bug = plant.__name__.replace("_", " ")
        if caught is None or caught.failure is None:
            lines.append(f"| {bug} | {name} | not found | |")
        else:
            lines.append(f"| {bug} | {name} | {caught.seed} | {caught.failure.invariant} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
