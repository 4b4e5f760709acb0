"""A region that its own log and registers answer for."""

from __future__ import annotations

from tests.regions import fact, memory_region


def test_cities_are_counted_anew_with_all_buckets() -> None:
    """A part of the buckets has a part of a city's registers, so it says nothing of it."""
    held = memory_region("north")
    held.registers.merge([fact("cab-1", city="Bern"), fact("cab-2", city="Rome")])
    true = held.region.cities()
    held.registers._sums.change_city("Bern", 1, 1)

    held.region.recount(0, 2)
    held.region.recount(1, 2)
    assert true != held.region.cities()
    held.region.recount(0, 1)
    assert true == held.region.cities()
