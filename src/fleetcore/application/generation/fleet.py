"""Who drives: depots in a few cities, and the vehicles that start from them."""

from __future__ import annotations

from collections.abc import Iterable
from math import cos, pi, radians, sin
from random import Random
from typing import Final

from attrs import frozen

from fleetcore.domain.geodesy import EARTH_RADIUS_M
from fleetcore.domain.vehicles import Vehicle

METRES_PER_DEGREE: Final = EARTH_RADIUS_M * pi / 180

DEPOTS_PER_CITY: Final = 3
DEPOT_SPREAD_DEG: Final = 0.08
ELECTRIC_SHARE: Final = 0.3


@frozen(slots=True)
class City:
    """A city's centre in degrees, and how far its streets are turned from north."""

    code: str
    latitude: float
    longitude: float
    street_heading_deg: float


CITIES: Final[tuple[City, ...]] = (
    City("BER", 52.5200, 13.4050, 12.0),
    City("LIS", 38.7223, -9.1393, 24.0),
    City("CHI", 41.8781, -87.6298, 0.0),
    City("LAX", 34.0522, -118.2437, 36.0),
    City("TYO", 35.6762, 139.6503, 41.0),
    City("SYD", -33.8688, 151.2093, 8.0),
)
"""All so far from the equator that a slipped decimal point leaves the range of latitudes."""


@frozen(kw_only=True, slots=True)
class VehicleClass:
    """How a kind of vehicle drives: speeds in km/h, acceleration in m/s².

    `share` is its part of the fleet; a kilometre uses `use_pct_per_km` of tank or battery.
    """

    name: str
    letter: str
    share: float
    max_speed_kmh: float
    cruise_kmh: tuple[float, float]
    corner_kmh: float
    acceleration_ms2: float
    use_pct_per_km: float


CLASSES: Final[tuple[VehicleClass, ...]] = (
    VehicleClass(
        name="car",
        letter="C",
        share=0.5,
        max_speed_kmh=130.0,
        cruise_kmh=(28.0, 105.0),
        corner_kmh=20.0,
        acceleration_ms2=1.4,
        use_pct_per_km=0.16,
    ),
    VehicleClass(
        name="van",
        letter="V",
        share=0.35,
        max_speed_kmh=110.0,
        cruise_kmh=(25.0, 90.0),
        corner_kmh=17.0,
        acceleration_ms2=1.1,
        use_pct_per_km=0.18,
    ),
    VehicleClass(
        name="truck",
        letter="T",
        share=0.15,
        max_speed_kmh=85.0,
        cruise_kmh=(22.0, 75.0),
        corner_kmh=12.0,
        acceleration_ms2=0.6,
        use_pct_per_km=0.12,
    ),
)


@frozen(slots=True)
class Direction:
    """A heading as degrees of latitude and longitude a metre, and as a cell."""

    latitude_per_m: float
    longitude_per_m: float
    heading: str


@frozen(slots=True)
class Depot:
    """Where vehicles start and end; its four street directions, clockwise."""

    city: City
    latitude: float
    longitude: float
    directions: tuple[Direction, ...]


@frozen(slots=True)
class Member:
    """One vehicle of the fleet, with what its reports depend on."""

    vehicle: Vehicle
    vehicle_class: VehicleClass
    depot: Depot
    electric: bool


def fleet_of(vehicles: int, rng: Random) -> tuple[Member, ...]:
    """So many vehicles, spread over the depots of all cities."""
    depots = [_depot(city, rng) for city in CITIES for _ in range(DEPOTS_PER_CITY)]
    classes = rng.choices(CLASSES, [each.share for each in CLASSES], k=vehicles)
    return tuple(
        _member(number, vehicle_class, rng.choice(depots), rng)
        for number, vehicle_class in enumerate(classes, start=1)
    )


def vehicles_of(members: Iterable[Member]) -> tuple[Vehicle, ...]:
    """The metadata of each member, by vehicle id."""
    return tuple(
        sorted((member.vehicle for member in members), key=lambda vehicle: vehicle.vehicle_id)
    )


def _depot(city: City, rng: Random) -> Depot:
    latitude = round(city.latitude + rng.uniform(-DEPOT_SPREAD_DEG, DEPOT_SPREAD_DEG), 6)
    longitude = round(city.longitude + rng.uniform(-DEPOT_SPREAD_DEG, DEPOT_SPREAD_DEG), 6)
    headings = [(city.street_heading_deg + 90.0 * quarter) % 360.0 for quarter in range(4)]
    directions = tuple(
        Direction(
            cos(radians(heading)) / METRES_PER_DEGREE,
            sin(radians(heading)) / (METRES_PER_DEGREE * cos(radians(latitude))),
            f"{heading:.0f}",
        )
        for heading in headings
    )
    return Depot(city, latitude, longitude, directions)


def _member(number: int, vehicle_class: VehicleClass, depot: Depot, rng: Random) -> Member:
    vehicle = Vehicle(
        vehicle_id=f"{depot.city.code}-{vehicle_class.letter}{number:05d}",
        vehicle_class=vehicle_class.name,
        max_speed_kmh=vehicle_class.max_speed_kmh,
        depot_latitude=depot.latitude,
        depot_longitude=depot.longitude,
    )
    electric = vehicle_class.name != "truck" and rng.random() < ELECTRIC_SHARE
    return Member(vehicle, vehicle_class, depot, electric)
