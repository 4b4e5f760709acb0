"""Who is near whom: positions, distances, and the edges of the proximity graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import degrees, floor
from typing import Final, Literal, NamedTuple, TypeAlias

from attrs import field, frozen

from fleetcore.domain.facts import Fact
from fleetcore.domain.geodesy import EARTH_RADIUS_M, boxes_around, haversine_m
from fleetcore.domain.location import Status
from fleetcore.domain.places import Place, PlaceKind, Rider

EdgeKind: TypeAlias = Literal["NEAR", "LOCATED_IN", "WITHIN", "REQUESTED_BY"]

_Cell: TypeAlias = tuple[int, int]

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

    `cursor` is of the log, `places_cursor` of the places. Nobody whose last position is before
    `horizon_ms` (epoch ms) is near anybody. `index_life` is of the geo index (`GeoIndex.life`),
    None before there was anything.
    """

    revision: int = 0
    cursor: int = 0
    places_cursor: int = 0
    horizon_ms: int | None = None
    index_life: int | None = None


@frozen(kw_only=True, slots=True)
class GraphChange:
    """What becomes different in a graph, at one moment.

    `near` are all drivers near a rider from now on, by rider; `located` all that contains a
    driver, by driver. Cursors and horizon only ever grow; None leaves them, and the life.
    """

    places: tuple[Place, ...] = ()
    near: Mapping[str, Sequence[Near]] = field(factory=dict)
    located: Mapping[str, Located] = field(factory=dict)
    cursor: int | None = None
    places_cursor: int | None = None
    horizon_ms: int | None = None
    index_life: int | None = None


class Riders:
    """Riders who may have drivers near, found by the cells that the circles around them meet."""

    def __init__(self, radius_m: float, riders: Iterable[Rider] = ()) -> None:
        self._radius_m = radius_m
        self._cell_deg = max(_SMALLEST_CELL_DEG, degrees(radius_m / EARTH_RADIUS_M))
        self._held: dict[str, Rider] = {}
        self._cells: dict[_Cell, set[str]] = {}
        for rider in riders:
            self.put(rider)

    def get(self, rider_id: str) -> Rider | None:
        """Where a rider is; None for who is not held."""
        return self._held.get(rider_id)

    def put(self, rider: Rider) -> None:
        """Hold a rider, in the place of where they were."""
        self._drop(rider.rider_id)
        self._held[rider.rider_id] = rider
        for cell in self._met(rider):
            self._cells.setdefault(cell, set()).add(rider.rider_id)

    def retire(self, oldest_ms: int) -> set[str]:
        """Let go of who was seen last before an instant (epoch ms): their ids."""
        old = {each.rider_id for each in self._held.values() if each.observed_at < oldest_ms}
        for rider_id in old:
            self._drop(rider_id)
        return old

    def around(self, facts: Iterable[Fact]) -> set[str]:
        """Riders to whom one of these facts may be near; nobody else is."""
        cells = {self._cell(fact) for fact in facts}
        return {rider_id for cell in cells for rider_id in self._cells.get(cell, ())}

    def entered(self, facts: Iterable[Fact], reach_m: Mapping[str, float]) -> set[str]:
        """Riders to whom one of these facts is as near as `reach_m` says, else the radius."""
        found: set[str] = set()
        for fact in facts:
            for rider_id in self._cells.get(self._cell(fact), set()) - found:
                at = self._held[rider_id]
                away_m = haversine_m(at.latitude, at.longitude, fact.latitude, fact.longitude)
                if away_m <= reach_m.get(rider_id, self._radius_m):
                    found.add(rider_id)
        return found

    def _drop(self, rider_id: str) -> None:
        if (held := self._held.pop(rider_id, None)) is not None:
            for cell in self._met(held):
                self._cells[cell].discard(rider_id)

    def _met(self, rider: Rider) -> set[_Cell]:
        return {
            (row, column)
            for box in boxes_around(rider.latitude, rider.longitude, self._radius_m)
            for row in self._numbers(box.south, box.north)
            for column in self._numbers(box.west, box.east)
        }

    def _numbers(self, start_deg: float, end_deg: float) -> range:
        return range(floor(start_deg / self._cell_deg), floor(end_deg / self._cell_deg) + 1)

    def _cell(self, fact: Fact) -> _Cell:
        return (floor(fact.latitude / self._cell_deg), floor(fact.longitude / self._cell_deg))
