"""What is known of a vehicle apart from what it reports."""

from __future__ import annotations

from attrs import frozen

from fleetcore.domain.geodesy import haversine_m
from fleetcore.domain.location import LocationEvent


@frozen(kw_only=True, slots=True)
class Vehicle:
    """Metadata of one vehicle; speeds in km/h, the depot in degrees."""

    vehicle_id: str
    vehicle_class: str | None = None
    max_speed_kmh: float | None = None
    depot_latitude: float | None = None
    depot_longitude: float | None = None


def distance_from_depot_m(event: LocationEvent, vehicle: Vehicle | None) -> float | None:
    """Metres between an event and its vehicle's depot; None where no depot is known."""
    if vehicle is None or vehicle.depot_latitude is None or vehicle.depot_longitude is None:
        return None
    return haversine_m(
        event.latitude, event.longitude, vehicle.depot_latitude, vehicle.depot_longitude
    )
