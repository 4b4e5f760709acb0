"""How far apart two events are, and what an event says of its own motion."""

from __future__ import annotations

from math import pi
from typing import Final

from fleetcore.domain.fingerprint import Reported
from fleetcore.domain.geodesy import EARTH_RADIUS_M, haversine_m

SECOND_MS: Final = 1000
_MS_PER_KMH: Final = 3600
"""Milliseconds in which 1 km/h covers a metre."""

_METRES_PER_DEGREE: Final = EARTH_RADIUS_M * pi / 180


def distance_m(event: Reported, other: Reported) -> float:
    """Metres between two events."""
    return haversine_m(event.latitude, event.longitude, other.latitude, other.longitude)


def is_within(event: Reported, other: Reported, metres: float) -> bool:
    """Whether two events lie so near each other."""
    # Along the meridian and then the parallel is no shorter than the great circle.
    north = abs(event.latitude - other.latitude)
    east = abs(event.longitude - other.longitude)
    return (north + east) * _METRES_PER_DEGREE <= metres or distance_m(event, other) <= metres


def covered_m(speed_kmh: float, duration_ms: int) -> float:
    """Metres that a speed covers in a time."""
    return speed_kmh * duration_ms / _MS_PER_KMH


def speed_between_kmh(metres: float, duration_ms: int) -> float:
    """The speed that covers so many metres in a time; 0 for no time."""
    return metres * _MS_PER_KMH / duration_ms if duration_ms else 0.0


def says_moving(event: Reported, moving_speed_kmh: float) -> bool:
    """Whether an event reports that its vehicle moves: by its speed, else by its status."""
    if event.speed_kmh is not None:
        return event.speed_kmh >= moving_speed_kmh
    return event.status == "moving"


def says_resting(event: Reported, moving_speed_kmh: float) -> bool:
    """Whether an event reports that its vehicle stands: by its speed, else by its status."""
    if event.speed_kmh is not None:
        return event.speed_kmh < moving_speed_kmh
    return event.status is not None and event.status != "moving"
