"""Polygons on the map, and whether a point lies in one.

Edges are straight in latitude and longitude, as GeoJSON has them (RFC 7946). Two neighbours of a
ring that are more than 180 degrees of longitude apart are joined across the antimeridian.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import isfinite
from typing import Final, NamedTuple, TypeAlias

from attrs import field, frozen

from fleetcore.domain.geodesy import Box
from fleetcore.errors import InvalidInput

Point: TypeAlias = tuple[float, float]
"""Latitude and longitude in degrees."""

Ring: TypeAlias = tuple[Point, ...]
"""Points around an area, the first of them again at the end."""

_MOST_SLABS: Final = 256


class _Edge(NamedTuple):
    """An edge from its southern end upwards; level ones bound nothing from south to north."""

    south: float
    north: float
    longitude: float
    degrees_east_a_degree_north: float


@frozen(slots=True)
class Polygon:
    """An area: the first ring is its outline, the others are holes; made by `polygon_of`.

    Longitudes run on over the antimeridian, to 190 for example. So that a point is compared with
    few edges, they lie in slabs of latitude.
    """

    rings: tuple[Ring, ...]
    box: Box = field(init=False, eq=False, repr=False)
    _slabs: tuple[tuple[_Edge, ...], ...] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        latitudes = [latitude for latitude, _ in self.rings[0]]
        longitudes = [longitude for _, longitude in self.rings[0]]
        box = Box(min(latitudes), max(latitudes), min(longitudes), max(longitudes))
        object.__setattr__(self, "box", box)
        object.__setattr__(self, "_slabs", self._cut(box))

    def _cut(self, box: Box) -> tuple[tuple[_Edge, ...], ...]:
        edges = [edge for ring in self.rings for edge in _edges(ring)]
        count = min(_MOST_SLABS, len(edges))
        slabs: list[list[_Edge]] = [[] for _ in range(count + 1)]
        for edge in edges:
            first = _slab(edge.south, box, count)
            last = _slab(edge.north, box, count)
            for number in range(max(first, 0), min(last, count) + 1):
                slabs[number].append(edge)
        return tuple(map(tuple, slabs))

    def contains(self, latitude: float, longitude: float) -> bool:
        """Whether a point lies inside.

        Of what touches along an edge, a point on it is in one; the southern and western edges of
        a box belong to it, the others do not.
        """
        south, north, west, east = self.box
        if longitude < west:
            longitude += 360
        elif longitude > east:
            longitude -= 360
        if not (south <= latitude <= north and west <= longitude <= east):
            return False
        inside = False
        for low, high, at, slope in self._slabs[_slab(latitude, self.box, len(self._slabs) - 1)]:
            if low <= latitude < high and longitude < at + (latitude - low) * slope:
                inside = not inside
        return inside

    @property
    def square_degrees(self) -> float:
        """The size on the map, holes taken away; only to tell which of two is the smaller."""
        outline, *holes = (abs(_doubled_area(ring)) / 2 for ring in self.rings)
        return outline - sum(holes)


def polygon_of(rings: Sequence[Sequence[Point]]) -> Polygon:
    """The polygon with these rings, the outline first.

    Raises `InvalidInput`, saying which ring and why, for one that is not closed, has fewer than
    three corners or no area, crosses itself, goes around a pole, or is a hole beyond the outline.
    """
    if not rings:
        raise InvalidInput("it has no rings")
    outline, *holes = (_sound(ring, number) for number, ring in enumerate(rings, 1))
    west = min(longitude for _, longitude in outline)
    polygon = Polygon((outline, *(_beside(hole, west) for hole in holes)))
    south, north, west, east = polygon.box
    for number, hole in enumerate(polygon.rings[1:], 2):
        if not all(south <= lat <= north and west <= lon <= east for lat, lon in hole):
            raise InvalidInput(f"ring {number}, a hole, reaches beyond the outline")
    return polygon


def _sound(ring: Sequence[Point], number: int) -> Ring:
    if len(ring) < 4:
        raise InvalidInput(f"ring {number} has {len(ring)} positions; it needs 4 or more")
    if ring[0] != ring[-1]:
        raise InvalidInput(f"ring {number} is not closed: its last position is not its first")
    if not all(isfinite(latitude) and isfinite(longitude) for latitude, longitude in ring):
        raise InvalidInput(f"ring {number} has a coordinate that is not finite")
    unrolled = _unrolled(ring)
    if abs(unrolled[0][1] - unrolled[-1][1]) > 180:
        raise InvalidInput(f"ring {number} goes around a pole; cut it at a meridian")
    if _doubled_area(unrolled) == 0:
        raise InvalidInput(f"ring {number} has no area")
    crossing = _crossing(unrolled)
    if crossing is not None:
        latitude, longitude = crossing
        raise InvalidInput(
            f"ring {number} crosses itself near latitude {latitude:g}, longitude {longitude:g}"
        )
    return unrolled


def _unrolled(ring: Sequence[Point]) -> Ring:
    """The ring without a jump of more than 180 degrees of longitude."""
    points = [ring[0]]
    turns = 0
    for (_, before), (latitude, longitude) in pairwise(ring):
        if longitude - before > 180:
            turns -= 1
        elif longitude - before < -180:
            turns += 1
        points.append((latitude, longitude + 360 * turns))
    return tuple(points)


def _beside(hole: Ring, west: float) -> Ring:
    """The hole on the same turn around the Earth as an outline that begins at `west`."""
    turns = -((min(longitude for _, longitude in hole) - west) // 360)
    return tuple((latitude, longitude + 360 * turns) for latitude, longitude in hole)


def _slab(latitude: float, box: Box, count: int) -> int:
    return int((latitude - box.south) / (box.north - box.south) * count)


def _edges(ring: Ring) -> Iterator[_Edge]:
    for (south, west), (north, east) in map(sorted, pairwise(ring)):
        if south < north:
            yield _Edge(south, north, west, (east - west) / (north - south))


def _doubled_area(ring: Ring) -> float:
    """Twice the area in square degrees, positive where the ring runs counter-clockwise."""
    latitude, longitude = ring[0]
    return sum(
        (x - longitude) * (to_y - latitude) - (to_x - longitude) * (y - latitude)
        for (y, x), (to_y, to_x) in pairwise(ring)
    )


def _crossing(ring: Ring) -> Point | None:
    """An end of an edge that another crosses; None where none do.

    Edges are met from west to east, and compared with those that reach as far.
    """
    edges = sorted(pairwise(ring), key=_western)
    reaching: list[tuple[Point, Point]] = []
    for edge in edges:
        west = _western(edge)
        reaching = [other for other in reaching if max(other[0][1], other[1][1]) >= west]
        for other in reaching:
            if _cross(edge, other):
                return edge[0]
        reaching.append(edge)
    return None


def _western(edge: tuple[Point, Point]) -> float:
    return min(edge[0][1], edge[1][1])


def _cross(edge: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Whether each has its ends strictly on both sides of the other."""
    return (
        _side(*edge, other[0]) * _side(*edge, other[1]) < 0
        and _side(*other, edge[0]) * _side(*other, edge[1]) < 0
    )


def _side(start: Point, end: Point, point: Point) -> int:
    """On which side of a line a point is: 1, -1, or 0 on it."""
    turn = (end[1] - start[1]) * (point[0] - start[0]) - (end[0] - start[0]) * (point[1] - start[1])
    return (turn > 0) - (turn < 0)
