"""A seed goes the same way, whenever and wherever it is played."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

import pytest

from fleetcore.testing.simulation.running import Outcome, simulate, summed_up
from fleetcore_entrypoints.wiring.simulated import scenarios

SEEDS: Final = range(1, 4)

IN_ANOTHER_PROCESS: Final = """
from fleetcore.testing.simulation.running import simulated
from fleetcore_entrypoints.wiring.simulated import scenarios

for outcome in simulated(scenarios()["{name}"], range({start}, {stop})):
    print(outcome.digest)
"""


def played(name: str) -> list[Outcome]:
    """Some seeds of a scenario."""
    return [simulate(scenarios()[name], seed) for seed in SEEDS]


@pytest.mark.parametrize("name", scenarios())
def test_equal_seeds_go_equal_ways(name: str) -> None:
    """Steps, faults and checks are the same each time; other seeds go other ways."""
    first, second = played(name), played(name)

    assert first == second
    assert len(SEEDS) == len({outcome.digest for outcome in first})


@pytest.mark.parametrize("hash_seed", ["0", "1"])
@pytest.mark.parametrize("name", scenarios())
def test_other_processes_go_the_same_way(name: str, hash_seed: str) -> None:
    """Nothing rests on the order of sets, which each process has its own."""
    script = IN_ANOTHER_PROCESS.format(name=name, start=SEEDS.start, stop=SEEDS.stop)
    told = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        check=True,
        capture_output=True,
        text=True,
    )

    assert [outcome.digest for outcome in played(name)] == told.stdout.split()


@pytest.mark.parametrize("name", scenarios())
def test_a_seed_is_large_enough(name: str) -> None:
    """At least 200 port calls, and no invariant broken."""
    summary = summed_up(played(name))

    assert summary.fewest_calls >= 200
    assert () == summary.failed
