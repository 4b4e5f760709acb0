"""Looking twice for a person."""

from __future__ import annotations

from typing import cast

from tests.regions import T0, Silent, fact, memory_region

from fleetcore.application.drift_check import Checked, check
from fleetcore.application.drift_settings import DriftSettings
from fleetcore.ports.region import Region
from fleetcore_adapters.memory.clock import MemoryClock

FLEET = (fact("cab-1", city="Bern"), fact("cab-2", city="Rome"), fact("cab-3"))


def checked(*regions: object) -> Checked:
    """What a check finds of regions that stand still."""
    asked = [cast("Region", each) for each in regions]
    return check(asked, MemoryClock(T0), lambda: None, settings=DriftSettings(settle_s=0))


def test_names_the_cities_in_which_regions_differ() -> None:
    """That of the register that is lacking, the one it left, and none; not those that agree."""
    held = [memory_region(name) for name in "ab"]
    for each in held:
        each.registers.merge(FLEET)
    assert () == checked(*(each.region for each in held)).cities

    held[0].registers.merge([fact("cab-1", 5), fact("cab-4", city="Oslo")])

    found = checked(*(each.region for each in held))
    assert ("", "Bern", "Oslo") == found.cities
    assert {"": 1, "Oslo": 1} == found.by_city


def test_a_silent_region_differs_in_no_city() -> None:
    """It is not compared, wherever it falls silent."""
    held = [memory_region(name) for name in "ab"]
    for each in held:
        each.registers.merge(FLEET)

    for after in range(2):
        found = checked(held[0].region, Silent(held[1].region, after))
        assert ((), {"b"}) == (found.cities, set(found.unreachable))
