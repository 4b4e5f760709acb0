"""Places as stored: a JSON document each, polygons as lists of rings of latitude and longitude."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypedDict, cast

from fleetcore.domain.places import City, Driver, Place, PlaceKind, Rider, TripRequest, Zone
from fleetcore.domain.polygons import Polygon


class _City(TypedDict):
    name: str
    timezone: str
    area: list[list[list[list[float]]]]


class _Zone(TypedDict):
    zone_id: str
    name: str
    area: list[list[list[list[float]]]]


class _Rider(TypedDict):
    rider_id: str
    name: str | None
    latitude: float
    longitude: float
    observed_at: int


class _Driver(TypedDict):
    vehicle_id: str
    name: str | None
    rating: float | None


class _TripRequest(TypedDict):
    trip_id: str
    rider_id: str
    requested_at: int


def encoded(place: Place) -> str:
    """The document of a place; `decoded` takes it and its kind."""
    match place:
        case City():
            document: object = {
                "name": place.name,
                "timezone": place.timezone,
                "area": [polygon.rings for polygon in place.area],
            }
        case Zone():
            document = {
                "zone_id": place.zone_id,
                "name": place.name,
                "area": [polygon.rings for polygon in place.area],
            }
        case Rider():
            document = {
                "rider_id": place.rider_id,
                "name": place.name,
                "latitude": place.latitude,
                "longitude": place.longitude,
                "observed_at": place.observed_at,
            }
        case Driver():
            document = {
                "vehicle_id": place.vehicle_id,
                "name": place.name,
                "rating": place.rating,
            }
        case TripRequest():
            document = {
                "trip_id": place.trip_id,
                "rider_id": place.rider_id,
                "requested_at": place.requested_at,
            }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def decoded(kind: PlaceKind, text: str) -> Place:
    """The place of this kind that a document holds."""
    document: object = json.loads(text)
    match kind:
        case "city":
            city = cast("_City", document)
            return City(name=city["name"], timezone=city["timezone"], area=_area(city["area"]))
        case "zone":
            zone = cast("_Zone", document)
            return Zone(zone_id=zone["zone_id"], name=zone["name"], area=_area(zone["area"]))
        case "rider":
            return Rider(**cast("_Rider", document))
        case "driver":
            return Driver(**cast("_Driver", document))
        case "trip":
            return TripRequest(**cast("_TripRequest", document))


def _area(polygons: Sequence[Sequence[Sequence[Sequence[float]]]]) -> tuple[Polygon, ...]:
    return tuple(
        Polygon(
            tuple(tuple((latitude, longitude) for latitude, longitude in ring) for ring in polygon)
        )
        for polygon in polygons
    )
