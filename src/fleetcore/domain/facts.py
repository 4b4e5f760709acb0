"""Facts: the reported fields of a location event, as logs replicate and registers hold them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from fleetcore.domain.fingerprint import fingerprint_of
from fleetcore.domain.location import LocationEvent, Status

Version: TypeAlias = tuple[int, float, int]
"""What the one order compares: `observed_at`, less inaccuracy (m), fingerprint; greatest wins."""


class Fact(NamedTuple):
    """What a vehicle reported at one instant, with its fingerprint; units as in `LocationEvent`.

    A named tuple, because thousands a second are made column by column. The register of a
    vehicle, in one region, is the fact that wins there.
    """

    vehicle_id: str
    observed_at: int
    latitude: float
    longitude: float
    speed_kmh: float | None
    heading_deg: float | None
    accuracy_m: float | None
    battery_pct: float | None
    fuel_pct: float | None
    status: Status | None
    city: str | None
    fingerprint: int


def fact_of(event: LocationEvent) -> Fact:
    """The fact of an event."""
    return Fact(
        event.vehicle_id,
        event.observed_at,
        event.latitude,
        event.longitude,
        event.speed_kmh,
        event.heading_deg,
        event.accuracy_m,
        event.battery_pct,
        event.fuel_pct,
        event.status,
        event.city,
        event.fingerprint,
    )


def version_of(fact: Fact) -> Version:
    """The sort key of the one order: the same as `fleetcore.domain.location.precedence`."""
    accuracy = math.inf if fact.accuracy_m is None else fact.accuracy_m
    return (fact.observed_at, -accuracy, fact.fingerprint)


def is_genuine(fact: Fact) -> bool:
    """Whether the fingerprint is that of the payload; what is not is corrupt."""
    return fingerprint_of(fact) == fact.fingerprint


def winners_of(facts: Iterable[Fact]) -> dict[str, Fact]:
    """The winner of each vehicle, by its id, in the order that vehicles come."""
    winners: dict[str, Fact] = {}
    for fact in facts:
        held = winners.get(fact.vehicle_id)
        if held is None or version_of(held) < version_of(fact):
            winners[fact.vehicle_id] = fact
    return winners
