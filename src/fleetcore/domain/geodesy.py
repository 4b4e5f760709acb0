"""Distances on a spherical Earth."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Final

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean Earth radius in metres (IUGG, Moritz 1980)."""


def haversine_m(
    latitude: float, longitude: float, to_latitude: float, to_longitude: float
) -> float:
    """Great-circle distance in metres between two points in degrees.

    Haversine formula (Sinnott, "Virtues of the haversine", Sky and Telescope 68, 1984).
    """
    phi, to_phi = radians(latitude), radians(to_latitude)
    half_phi = sin((to_phi - phi) / 2)
    half_lambda = sin(radians(to_longitude - longitude) / 2)
    chord = half_phi * half_phi + cos(phi) * cos(to_phi) * half_lambda * half_lambda
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))
