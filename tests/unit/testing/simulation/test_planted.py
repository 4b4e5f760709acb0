"""The simulator can fail: every planted bug is found."""

from __future__ import annotations

from typing import Final

import pytest
from tests.unit.testing.simulation.planted import PLANTED, Plant, caught_by

from fleetcore.testing.simulation.running import simulate
from fleetcore_entrypoints.wiring.simulated import scenarios

SEEDS: Final = range(1, 201)


@pytest.mark.parametrize("plant", [pytest.param(each, id=each.__name__) for each in PLANTED])
def test_a_planted_bug_is_found(plant: Plant) -> None:
    """Within 200 seeds; and the seed that finds it finds nothing without the bug."""
    name, caught = caught_by(plant, SEEDS)

    assert caught is not None
    assert caught.failure is not None
    assert "only told errors" != caught.failure.invariant
    assert None is simulate(scenarios()[name], caught.seed).failure
