"""Whether a point lies in a polygon, against another way to tell; and what is no polygon."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fleetcore.domain.polygons import Point, polygon_of
from fleetcore.errors import InvalidInput
from fleetcore.testing.place_strategies import square

GRID = st.integers(-8, 8)


def side(start: Point, end: Point, point: Point) -> Fraction:
    """Twice the area of a triangle, exact: positive where the point is left of the line."""
    (y1, x1), (y2, x2), (y, x) = (
        (Fraction(latitude), Fraction(longitude)) for latitude, longitude in (start, end, point)
    )
    return (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)


def winding(ring: Sequence[Point], point: Point) -> int:
    """How often a ring goes around a point: Sunday's winding number, in exact arithmetic."""
    turns = 0
    for start, end in pairwise(ring):
        if start[0] <= point[0] < end[0] and side(start, end, point) > 0:
            turns += 1
        elif end[0] <= point[0] < start[0] and side(start, end, point) < 0:
            turns -= 1
    return turns


def is_on(ring: Sequence[Point], point: Point) -> bool:
    """Whether a point lies on an edge."""
    return any(
        side(start, end, point) == 0
        and min(start[0], end[0]) <= point[0] <= max(start[0], end[0])
        and min(start[1], end[1]) <= point[1] <= max(start[1], end[1])
        for start, end in pairwise(ring)
    )


@st.composite
def star_rings(draw: st.DrawFn) -> list[Point]:
    """A ring that does not cross itself: corners by their direction from a point inside."""
    corners = draw(st.lists(st.tuples(GRID, GRID), min_size=3, max_size=14, unique=True))
    by_direction: dict[float, tuple[int, int]] = {}
    for y, x in corners:
        if (y, x) != (0, 0):
            by_direction.setdefault(math.atan2(y, x), (y, x))
    ring = [(float(y), float(x)) for _, (y, x) in sorted(by_direction.items())]
    assume(len(ring) >= 3)
    return [*ring, ring[0]]


@given(
    ring=star_rings(),
    points=st.lists(st.tuples(st.integers(-36, 36), st.integers(-36, 36)), min_size=1),
    east_deg=st.sampled_from((0, 175, 180, -180, -90)),
)
def test_points_lie_where_the_winding_number_says(
    ring: list[Point], points: list[tuple[int, int]], east_deg: int
) -> None:
    """Anywhere on Earth, across the antimeridian too, but for points on an edge."""
    try:
        there = polygon_of(
            [[(latitude, _on_map(longitude + east_deg)) for latitude, longitude in ring]]
        )
    except InvalidInput as error:
        assume("crosses itself" not in str(error) and "no area" not in str(error))
        raise
    for quarter_north, quarter_east in points:
        point = (quarter_north / 4, quarter_east / 4)
        if not is_on(ring, point):
            assert (winding(ring, point) != 0) is there.contains(
                point[0], _on_map(point[1] + east_deg)
            )


def _on_map(longitude: float) -> float:
    return (
        longitude - 360 if longitude > 180 else longitude + 360 if longitude < -180 else longitude
    )


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_a_hole_is_not_inside(latitude: float, longitude: float) -> None:
    """Outline and hole share no point, and between them none is lost."""
    outline, hole = square(-1.5, -1.5, 3.0), square(-0.5, -0.5, 1.0)
    whole, ring, core = polygon_of([outline]), polygon_of([outline, hole]), polygon_of([hole])

    assert whole.contains(latitude, longitude) is (
        ring.contains(latitude, longitude) or core.contains(latitude, longitude)
    )
    assert not (ring.contains(latitude, longitude) and core.contains(latitude, longitude))


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_neighbours_share_no_point_and_leave_no_gap(
    cut_south: float, cut_north: float, latitude: float, longitude: float
) -> None:
    """Of two polygons along one line every point between them is in exactly one."""
    west = polygon_of([[(-1, -3), (-1, cut_south), (1, cut_north), (1, -3), (-1, -3)]])
    east = polygon_of([[(-1, cut_south), (-1, 3), (1, 3), (1, cut_north), (-1, cut_south)]])
    inside = west.contains(latitude, longitude) + east.contains(latitude, longitude)

    assert inside == (0 if latitude == 1 else 1)


def test_a_hole_beyond_the_antimeridian_is_where_its_outline_is() -> None:
    """Though their longitudes have other signs."""
    outline = [(0, 178), (0, -178), (4, -178), (4, 178), (0, 178)]
    hole = [(1, -179.5), (1, -178.5), (2, -178.5), (2, -179.5), (1, -179.5)]
    polygon = polygon_of([outline, hole])

    assert polygon.contains(3, -179)
    assert polygon.contains(1.5, 179)
    assert not polygon.contains(1.5, -179)


def test_the_smaller_is_told() -> None:
    """By its size, a hole taken away."""
    outline, hole = square(0, 0, 2), square(0.5, 0.5, 1)

    assert 3 == polygon_of([outline, hole]).square_degrees


@pytest.mark.parametrize(
    ("rings", "why"),
    [
        ([], "it has no rings"),
        ([[(0, 0), (0, 1), (0, 0)]], "ring 1 has 3 positions; it needs 4 or more"),
        ([[(0, 0), (0, 1), (1, 1), (1, 0)]], "ring 1 is not closed"),
        ([[(0, 0), (0, math.nan), (1, 1), (0, 0)]], "ring 1 has a coordinate that is not finite"),
        ([[(0, 0), (0, 1), (0, 2), (0, 0)]], "ring 1 has no area"),
        ([[(0, 0), (2, 2), (2, 0), (0, 3), (0, 0)]], "ring 1 crosses itself near latitude"),
        (
            [[(80, 0), (80, 120), (80, -120), (80, 0)]],
            "ring 1 goes around a pole; cut it at a meridian",
        ),
        (
            [square(0, 0, 2), square(1, 1, 2)],
            "ring 2, a hole, reaches beyond the outline",
        ),
        ([square(0, 0, 2), square(1, 1, 0)], "ring 2 has no area"),
    ],
)
def test_what_is_no_polygon(rings: list[list[Point]], why: str) -> None:
    """The ring is named, and what is wrong with it."""
    with pytest.raises(InvalidInput, match=re.escape(why)):
        polygon_of(rings)


def test_a_long_ring_is_checked_in_time() -> None:
    """Edges are compared with those near them, not with all; a crossing far on is found."""
    corners = [
        (math.sin(step / 2000 * math.tau), math.cos(step / 2000 * math.tau)) for step in range(2000)
    ]
    polygon_of([[*corners, corners[0]]])
    corners[1000], corners[1001] = corners[1001], corners[1000]

    with pytest.raises(InvalidInput, match="crosses itself"):
        polygon_of([[*corners, corners[0]]])
