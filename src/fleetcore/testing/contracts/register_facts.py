"""Facts, tombstones and digests that tests of registers are about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

from fleetcore.domain.digests import Digest, Sums, leaf_of
from fleetcore.domain.facts import Fact, fact_of
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.testing.strategies import location_events

VEHICLES: Final = ("cab-1", "cab-2", "é", "a'b")
CLOSE_FACTS: Final = location_events(
    vehicle_id=st.sampled_from(VEHICLES), observed_at=st.integers(-1, 1)
).map(fact_of)
"""Of few vehicles at few instants, so that they contest each other."""

FULL: Final = Fact(
    vehicle_id="cab-1",
    observed_at=1_600_000_000_123,
    latitude=-33.9,
    longitude=-0.0,
    speed_kmh=0.1,
    heading_deg=5e-324,
    accuracy_m=4.0,
    battery_pct=99.5,
    fuel_pct=0.0,
    status="moving",
    city="Zürich",
    fingerprint=2**64 - 3,
)
"""A register with everything; it is corrupt, which is nothing to those who keep it."""

BARE: Final = Fact("cab-1", -1, 1.0, 2.0, None, None, None, None, None, None, None, 7)


def fact(vehicle_id: str, observed_at: int, accuracy_m: float | None = None) -> Fact:
    """What a vehicle reported at an instant."""
    return fact_of(
        LocationEvent(
            vehicle_id=vehicle_id,
            observed_at=observed_at,
            latitude=48.137,
            longitude=11.575,
            accuracy_m=accuracy_m,
            city="München",
        )
    )


def tombstone(vehicle_id: str, forgotten_at_ms: int = 5) -> Tombstone:
    """What is left of a vehicle."""
    return Tombstone(
        key=key_of(vehicle_id), leaf=leaf_of(vehicle_id), forgotten_at_ms=forgotten_at_ms
    )


def summed(facts: Sequence[Fact], tombstones: Sequence[Tombstone] = ()) -> Digest:
    """The digest of these registers and tombstones, summed one by one."""
    sums = Sums()
    for each in facts:
        sums.add(leaf_of(each.vehicle_id), each)
    for stone in tombstones:
        sums.change(stone.leaf, 1, stone.word)
    return sums.digest()


def exact(facts: Sequence[Fact]) -> str:
    """Facts so that zeros of either sign differ."""
    return repr(list(facts))
