"""Distances on a spherical Earth, and the boxes that hold what lies within one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import asin, cos, degrees, pi, radians, sin, sqrt
from typing import Final, NamedTuple

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean Earth radius in metres (IUGG, Moritz 1980)."""

FARTHEST_M: Final = EARTH_RADIUS_M * pi
"""Half around the Earth; nothing is farther away."""

_DIAMETER_M: Final = 2 * EARTH_RADIUS_M

_SLACK_DEG: Final = 1e-7
"""About a centimetre: more than the rounding of a box, less than a position is worth."""


class Box(NamedTuple):
    """Latitudes and longitudes in degrees, ends included; `west` is not beyond `east`."""

    south: float
    north: float
    west: float
    east: float


def haversine_m(
    latitude: float, longitude: float, to_latitude: float, to_longitude: float
) -> float:
    """Great-circle distance in metres between two points in degrees.

    Haversine formula (Sinnott, "Virtues of the haversine", Sky and Telescope 68, 1984).
    """
    phi = radians(latitude)
    return _away_m(phi, cos(phi), longitude, to_latitude, to_longitude)


def distances_from(latitude: float, longitude: float) -> Callable[[float, float], float]:
    """`haversine_m` from one point, sooner told of many others."""
    phi = radians(latitude)
    return partial(_away_m, phi, cos(phi), longitude)


def _away_m(
    phi: float, cos_phi: float, longitude: float, to_latitude: float, to_longitude: float
) -> float:
    to_phi = radians(to_latitude)
    half_phi = sin((to_phi - phi) / 2)
    half_lambda = sin(radians(to_longitude - longitude) / 2)
    chord = half_phi * half_phi + cos_phi * cos(to_phi) * half_lambda * half_lambda
    return _DIAMETER_M * asin(sqrt(chord)) if chord < 1 else FARTHEST_M


def is_on_earth(latitude: float, longitude: float) -> bool:
    """Whether a latitude is from -90 to 90 and a longitude from -180 to 180; NaN is not."""
    return -90 <= latitude <= 90 and -180 <= longitude <= 180


def boxes_around(latitude: float, longitude: float, radius_m: float) -> tuple[Box, ...]:
    """Boxes of longitudes from -180 to 180 that hold all within `radius_m` of a point.

    Two where the antimeridian is near; all longitudes where a pole is within reach. The width is
    that of the circle's easternmost point, which is not at its centre's latitude (Bronshtein and
    others, Handbook of Mathematics, spherical trigonometry: sin a / sin A).
    """
    reach = radius_m / EARTH_RADIUS_M
    reach_deg = degrees(reach) + _SLACK_DEG
    south, north = latitude - reach_deg, latitude + reach_deg
    if south <= -90 or north >= 90:
        return (Box(max(south, -90.0), min(north, 90.0), -180.0, 180.0),)
    wide_deg = degrees(asin(min(1.0, sin(reach) / cos(radians(latitude))))) + _SLACK_DEG
    west, east = longitude - wide_deg, longitude + wide_deg
    boxes = [Box(south, north, max(west, -180.0), min(east, 180.0))]
    if west <= -180:
        boxes.append(Box(south, north, west + 360, 180.0))
    if east >= 180:
        boxes.append(Box(south, north, -180.0, east - 360))
    return tuple(boxes)
