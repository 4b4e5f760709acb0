"""A region that its own log and registers answer for."""

from __future__ import annotations

import pytest
from tests.regions import fact, memory_region

from fleetcore.application import hosting


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


def test_registers_are_gone_through_slice_by_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, and the corrupt ones of every slice."""
    monkeypatch.setattr(hosting, "REGISTERS_AT_ONCE", 3)
    held = memory_region("north")
    held.registers.merge([fact(f"cab-{number}", city="Bern") for number in range(8)])
    for number in (0, 7):
        false = fact(f"cab-{number}", at=1)
        held.registers.merge([false._replace(fingerprint=false.fingerprint ^ 1)])

    found = held.region.recount(0, 1)

    assert (8, ("cab-0", "cab-7"), ()) == (found.registers, found.corrupt, found.untrue)
