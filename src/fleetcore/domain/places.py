"""Places and people: cities, zones, riders, who drives, and who asked for a trip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor
from typing import Final, Literal, TypeAlias

from attrs import frozen

from fleetcore.domain.polygons import Polygon

PlaceKind: TypeAlias = Literal["city", "zone", "rider", "driver", "trip"]
PLACE_KINDS: Final[tuple[PlaceKind, ...]] = ("city", "zone", "rider", "driver", "trip")

_CELLS_A_DEGREE: Final = 4
"""A cell of the map is then some 28 km high, about a city."""


@frozen(kw_only=True, slots=True)
class City:
    """A city, its time zone (IANA) and where it is."""

    name: str
    timezone: str
    area: tuple[Polygon, ...]


@frozen(kw_only=True, slots=True)
class Zone:
    """A part of the map with an id, such as a rank or an airport."""

    zone_id: str
    name: str
    area: tuple[Polygon, ...]


@frozen(kw_only=True, slots=True)
class Rider:
    """Who may want a trip, and where they were seen last (degrees, epoch ms)."""

    rider_id: str
    name: str | None = None
    latitude: float
    longitude: float
    observed_at: int


@frozen(kw_only=True, slots=True)
class Driver:
    """Who drives the vehicle with this id; a rating of any scale."""

    vehicle_id: str
    name: str | None = None
    rating: float | None = None


@frozen(kw_only=True, slots=True)
class TripRequest:
    """A rider asked for a trip at an instant (epoch ms)."""

    trip_id: str
    rider_id: str
    requested_at: int


Place: TypeAlias = City | Zone | Rider | Driver | TripRequest


def kind_of(place: Place) -> PlaceKind:
    """What a place is called."""
    match place:
        case City():
            return "city"
        case Zone():
            return "zone"
        case Rider():
            return "rider"
        case Driver():
            return "driver"
        case TripRequest():
            return "trip"


def id_of(place: Place) -> str:
    """What tells a place from others of its kind."""
    match place:
        case City():
            return place.name
        case Zone():
            return place.zone_id
        case Rider():
            return place.rider_id
        case Driver():
            return place.vehicle_id
        case TripRequest():
            return place.trip_id


def supersedes(new: Place, held: Place) -> bool:
    """Whether `new` takes the place of what is held under the same kind and id.

    Of riders and requests the later wins, whichever came first; of two of one instant one of them
    always. Others are as they were said last.
    """
    match new, held:
        case Rider(), Rider():
            return _rider_order(new) > _rider_order(held)
        case TripRequest(), TripRequest():
            return (new.requested_at, new.rider_id) > (held.requested_at, held.rider_id)
        case _:
            return new != held


def _rider_order(rider: Rider) -> tuple[int, float, float, str]:
    return (rider.observed_at, rider.latitude, rider.longitude, rider.name or "")


class Atlas:
    """Which city and zones a point lies in; it does not change.

    Polygons are found by the cells of a grid their boxes reach.
    """

    def __init__(self, cities: Iterable[City] = (), zones: Iterable[Zone] = ()) -> None:
        by_size = sorted(cities, key=lambda city: (_size(city.area), city.name))
        self._cities = _by_cell((city.name, city.area) for city in by_size)
        self._zones = _by_cell(
            (zone.zone_id, zone.area) for zone in sorted(zones, key=lambda zone: zone.zone_id)
        )

    def city_at(self, latitude: float, longitude: float) -> str | None:
        """The city a point lies in, the smallest of several; None for none."""
        for name, polygon in self._cities.get(_cell(latitude, longitude), ()):
            if polygon.contains(latitude, longitude):
                return name
        return None

    def zones_at(self, latitude: float, longitude: float) -> tuple[str, ...]:
        """The ids of the zones a point lies in, in order."""
        found = self._zones.get(_cell(latitude, longitude), ())
        inside = {zone_id: None for zone_id, area in found if area.contains(latitude, longitude)}
        return tuple(inside)


def _size(area: Sequence[Polygon]) -> float:
    return sum(polygon.square_degrees for polygon in area)


def _cell(latitude: float, longitude: float) -> int:
    return _cell_at(
        int((latitude + 90) * _CELLS_A_DEGREE), int((longitude + 180) * _CELLS_A_DEGREE)
    )


def _cell_at(row: int, column: int) -> int:
    around = 360 * _CELLS_A_DEGREE
    return row * around + column % around


def _by_cell(
    areas: Iterable[tuple[str, Sequence[Polygon]]],
) -> dict[int, tuple[tuple[str, Polygon], ...]]:
    cells: dict[int, dict[tuple[str, Polygon], None]] = {}
    for name, area in areas:
        for polygon in area:
            south, north, west, east = polygon.box
            for row in _cells(south + 90, north + 90):
                for column in _cells(west + 180, east + 180):
                    cells.setdefault(_cell_at(row, column), {})[name, polygon] = None
    return {cell: tuple(found) for cell, found in cells.items()}


def _cells(start_deg: float, end_deg: float) -> range:
    return range(floor(start_deg * _CELLS_A_DEGREE), floor(end_deg * _CELLS_A_DEGREE) + 1)
