"""Who is near whom: positions, distances, and the edges of the proximity graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import degrees, floor
from typing import Final, Literal, NamedTuple, TypeAlias

from attrs import field, frozen

from fleetcore.domain.facts import Fact
from fleetcore.domain.geodesy import EARTH_RADIUS_M, boxes_around, haversine_m
from fleetcore.domain.location import Status
from fleetcore.domain.places import Place, PlaceKind, Rider

EdgeKind: TypeAlias = Literal["NEAR", "LOCATED_IN", "WITHIN", "REQUESTED_BY"]

_SMALLEST_CELL_DEG: Final = 0.05
"""Some 5 km: smaller cells would only be more of them."""


class Position(NamedTuple):
    """Where a vehicle is now; units as in `LocationEvent`. The city may be derived."""

    vehicle_id: str
    observed_at: int
    latitude: float
    longitude: float
    status: Status | None
    city: str | None


class Nearby(NamedTuple):
    """A position, and how far it is from where was asked (m)."""

    distance_m: float
    vehicle_id: str
    observed_at: int
    latitude: float
    longitude: float
    status: Status | None
    city: str | None


class Near(NamedTuple):
    """A driver near a rider: how far (m), by the driver's position of which instant (epoch ms)."""

    driver: str
    distance_m: float
    observed_at: int


class Reach(NamedTuple):
    """How many drivers are near a rider, and how far away the farthest is (m)."""

    drivers: int
    farthest_m: float


class NearDriver(NamedTuple):
    """A driver near a rider, with what is known of who drives."""

    driver: str
    name: str | None
    rating: float | None
    distance_m: float
    observed_at: int


class Node(NamedTuple):
    """Something in the graph; a driver's id is the vehicle's."""

    kind: PlaceKind
    id: str


class Edge(NamedTuple):
    """From a driver `NEAR` a rider, `LOCATED_IN` a city or `WITHIN` a zone; or from a trip.

    A trip was `REQUESTED_BY` a rider. `at_ms` is when that was, or when the driver was near.
    """

    kind: EdgeKind
    source: Node
    target: Node
    distance_m: float | None = None
    at_ms: int | None = None


class Located(NamedTuple):
    """In which city, if any, and which zones a driver is."""

    city: str | None
    zones: tuple[str, ...]


@frozen(kw_only=True, slots=True)
class Standing:
    """What a graph was made of; every change has a greater `revision`.

    `cursor` is of the log, `places_cursor` of the places. No driver whose last position is before
    `horizon_ms` (epoch ms) is near anybody.
    """

    revision: int = 0
    cursor: int = 0
    places_cursor: int = 0
    horizon_ms: int | None = None


@frozen(kw_only=True, slots=True)
class GraphChange:
    """What becomes different in a graph, at one moment.

    `near` are all drivers near a rider from now on, by rider; `located` all that contains a
    driver, by driver. Cursors and horizon only ever grow; None leaves them.
    """

    places: tuple[Place, ...] = ()
    near: Mapping[str, Sequence[Near]] = field(factory=dict)
    located: Mapping[str, Located] = field(factory=dict)
    cursor: int | None = None
    places_cursor: int | None = None
    horizon_ms: int | None = None


class Neighbourhoods:
    """Circles around riders, each with its radius (m), to tell in which of them a position lies."""

    def __init__(self, riders: Iterable[tuple[Rider, float]]) -> None:
        circles = list(riders)
        widest_m = max((radius_m for _, radius_m in circles), default=0.0)
        self._cell_deg = max(_SMALLEST_CELL_DEG, degrees(widest_m / EARTH_RADIUS_M))
        self._cells: dict[tuple[int, int], list[tuple[Rider, float]]] = {}
        for rider, radius_m in circles:
            for south, north, west, east in boxes_around(rider.latitude, rider.longitude, radius_m):
                for row in self._numbers(south, north):
                    for column in self._numbers(west, east):
                        self._cells.setdefault((row, column), []).append((rider, radius_m))

    def _numbers(self, start_deg: float, end_deg: float) -> range:
        return range(floor(start_deg / self._cell_deg), floor(end_deg / self._cell_deg) + 1)

    def entered(self, facts: Iterable[Fact]) -> set[str]:
        """The riders in whose circle one of these facts lies."""
        found: set[str] = set()
        for fact in facts:
            found.update(self._around(fact.latitude, fact.longitude, found))
        return found

    def _around(self, latitude: float, longitude: float, known: set[str]) -> Iterator[str]:
        cell = (floor(latitude / self._cell_deg), floor(longitude / self._cell_deg))
        for rider, radius_m in self._cells.get(cell, ()):
            if rider.rider_id not in known:
                away_m = haversine_m(rider.latitude, rider.longitude, latitude, longitude)
                if away_m <= radius_m:
                    yield rider.rider_id
