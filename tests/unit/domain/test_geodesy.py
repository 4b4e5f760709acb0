"""Distances, and boxes around what is near."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.geodesy import (
    EARTH_RADIUS_M,
    FARTHEST_M,
    boxes_around,
    distances_from,
    haversine_m,
    is_on_earth,
)
from fleetcore.testing.place_strategies import latitudes, longitudes

RADII = st.sampled_from((0.0, 1.0, 5e3, 1e6, 1.5e7, FARTHEST_M)) | st.floats(0, FARTHEST_M)


@pytest.mark.parametrize(
    ("start", "end", "expected_m"),
    [
        ((0.0, 0.0), (0.0, 1.0), EARTH_RADIUS_M * math.pi / 180),
        ((0.0, 179.5), (0.0, -179.5), EARTH_RADIUS_M * math.pi / 180),
        ((90.0, 0.0), (-90.0, 77.0), FARTHEST_M),
        ((36.12, -86.67), (33.94, -118.40), 2_886_448.4),
    ],
)
def test_distances(start: tuple[float, float], end: tuple[float, float], expected_m: float) -> None:
    """A degree of the equator, from pole to pole, and Nashville to Los Angeles."""
    assert expected_m == pytest.approx(haversine_m(*start, *end), rel=1e-6)


@given(latitudes(), longitudes(), latitudes(), longitudes())
def test_distances_from_a_point(
    latitude: float, longitude: float, to_latitude: float, to_longitude: float
) -> None:
    """They are the very same, and none is beyond the farthest."""
    away_m = distances_from(latitude, longitude)(to_latitude, to_longitude)

    assert haversine_m(latitude, longitude, to_latitude, to_longitude) == away_m
    assert 0 <= away_m <= FARTHEST_M


@given(latitudes(), longitudes(), RADII, latitudes(), longitudes())
def test_boxes_hold_what_is_near(
    latitude: float, longitude: float, radius_m: float, to_latitude: float, to_longitude: float
) -> None:
    """Whatever lies within the radius lies in one of the boxes, poles and antimeridian included."""
    if haversine_m(latitude, longitude, to_latitude, to_longitude) <= radius_m:
        assert any(
            box.south <= to_latitude <= box.north and box.west <= to_longitude <= box.east
            for box in boxes_around(latitude, longitude, radius_m)
        )


@given(latitudes(), longitudes(), RADII, st.floats(0, 360))
def test_boxes_hold_the_circle(
    latitude: float, longitude: float, radius_m: float, bearing_deg: float
) -> None:
    """Points on the circle's edge too, in every direction."""
    reach, bearing, phi = (
        radius_m / EARTH_RADIUS_M,
        math.radians(bearing_deg),
        math.radians(latitude),
    )
    sine = math.sin(phi) * math.cos(reach) + math.cos(phi) * math.sin(reach) * math.cos(bearing)
    to_phi = math.asin(max(-1.0, min(1.0, sine)))
    turn = math.atan2(
        math.sin(bearing) * math.sin(reach) * math.cos(phi),
        math.cos(reach) - math.sin(phi) * math.sin(to_phi),
    )
    to_latitude = math.degrees(to_phi)
    to_longitude = (longitude + math.degrees(turn) + 540) % 360 - 180

    away_m = haversine_m(latitude, longitude, to_latitude, to_longitude)
    if away_m <= radius_m:
        assert any(
            box.south <= to_latitude <= box.north and box.west <= to_longitude <= box.east
            for box in boxes_around(latitude, longitude, radius_m)
        )


@given(latitudes(), longitudes(), RADII)
def test_boxes_are_on_the_map(latitude: float, longitude: float, radius_m: float) -> None:
    """One or two, which do not overlap, with longitudes from -180 to 180."""
    boxes = boxes_around(latitude, longitude, radius_m)

    assert all(-180 <= box.west <= box.east <= 180 for box in boxes)
    assert 1 <= len(boxes) <= 2
    if len(boxes) == 2:
        one, other = sorted(boxes, key=lambda box: box.west)
        assert one.east < other.west or one.east == other.west == 180


def test_a_small_box_is_small() -> None:
    """It is no wider than the circle, by more than centimetres."""
    (box,) = boxes_around(48.0, 11.0, 1000)

    assert 1000 == pytest.approx(haversine_m(48.0, 11.0, box.north, 11.0), abs=0.02)
    assert 1000 == pytest.approx(haversine_m(48.0, 11.0, 48.0, box.east), abs=0.02)


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        (90.0, 180.0, True),
        (-90.0, -180.0, True),
        (90.001, 0.0, False),
        (0.0, 180.001, False),
        (math.nan, 0.0, False),
        (0.0, math.inf, False),
    ],
)
def test_what_is_on_earth(latitude: float, longitude: float, expected: bool) -> None:
    """Edges included; what is no number is nowhere."""
    assert expected is is_on_earth(latitude, longitude)
