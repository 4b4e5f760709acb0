"""Hypothesis strategies for positions, places and who is near whom, with the map's odd corners."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from fleetcore.domain.facts import Fact
from fleetcore.domain.fingerprint import fingerprint_of
from fleetcore.domain.location import STATUSES
from fleetcore.domain.places import City, Driver, Place, Rider, TripRequest, Zone
from fleetcore.domain.polygons import polygon_of

LATITUDES: Final = (48.137, 48.14, 48.1, -33.9, 0.0, -0.0, 89.99, 90.0, -90.0)
LONGITUDES: Final = (11.575, 11.58, 11.6, 151.2, 0.0, 180.0, -180.0, 179.999, -179.999, 90.0)


def latitudes() -> st.SearchStrategy[float]:
    """On Earth, often close to one another or to a pole."""
    return st.sampled_from(LATITUDES) | st.floats(-90, 90)


def longitudes() -> st.SearchStrategy[float]:
    """On Earth, often close to one another or to the antimeridian."""
    return st.sampled_from(LONGITUDES) | st.floats(-180, 180)


def facts(
    vehicle_id: st.SearchStrategy[str] | None = None,
    observed_at: st.SearchStrategy[int] | None = None,
    city: st.SearchStrategy[str | None] | None = None,
) -> st.SearchStrategy[Fact]:
    """Genuine facts of few vehicles at few instants, some of them nowhere on Earth."""
    return st.builds(
        Fact,
        vehicle_id=st.sampled_from(("a", "b", "c", "d", "é")) if vehicle_id is None else vehicle_id,
        observed_at=st.integers(0, 3) if observed_at is None else observed_at,
        latitude=latitudes() | st.sampled_from((91.0, 1e308)),
        longitude=longitudes() | st.sampled_from((180.5, -1e308)),
        speed_kmh=st.none(),
        heading_deg=st.none(),
        accuracy_m=st.sampled_from((None, 0.0, -0.0, 4.5, -1.0, 1e300)),
        battery_pct=st.none(),
        fuel_pct=st.none(),
        status=st.sampled_from((None, *STATUSES)),
        city=st.sampled_from((None, "Ulm", "ulm", "")) if city is None else city,
        fingerprint=st.just(0),
    ).map(genuine)


def genuine(fact: Fact) -> Fact:
    """The fact with the fingerprint of its payload."""
    return fact._replace(fingerprint=fingerprint_of(fact))


def riders() -> st.SearchStrategy[Rider]:
    """Few riders that move."""
    return st.builds(
        Rider,
        rider_id=st.sampled_from(("r1", "r2", "r3")),
        name=st.sampled_from((None, "Ana")),
        latitude=latitudes(),
        longitude=longitudes(),
        observed_at=st.integers(0, 3),
    )


def places() -> st.SearchStrategy[Place]:
    """Anything that places are kept of, few enough to meet again."""
    return (
        riders()
        | st.builds(
            Driver,
            vehicle_id=st.sampled_from(("a", "b")),
            name=st.sampled_from((None, "Bo", "O'Neil")),
            rating=st.none() | st.floats(0, 5),
        )
        | st.builds(
            TripRequest,
            trip_id=st.sampled_from(("t1", "t2")),
            rider_id=st.sampled_from(("r1", "r2")),
            requested_at=st.integers(0, 3),
        )
        | st.builds(
            city, st.sampled_from(("Ulm", "Graz")), st.integers(-80, 80), st.integers(-9, 9)
        )
        | st.builds(zone, st.sampled_from(("z1", "z2")), st.integers(-80, 80), st.integers(-9, 9))
    )


def city(name: str, south: float = 48.0, west: float = 11.0, wide_deg: float = 1.0) -> City:
    """A square city."""
    return City(
        name=name, timezone="Europe/Berlin", area=(polygon_of([square(south, west, wide_deg)]),)
    )


def zone(zone_id: str, south: float = 48.0, west: float = 11.0, wide_deg: float = 0.5) -> Zone:
    """A square zone."""
    return Zone(
        zone_id=zone_id,
        name=zone_id.upper(),
        area=(polygon_of([square(south, west, wide_deg)]),),
    )


def square(south: float, west: float, wide_deg: float) -> tuple[tuple[float, float], ...]:
    """A ring around a square, counter-clockwise."""
    north, east = south + wide_deg, west + wide_deg
    return ((south, west), (south, east), (north, east), (north, west), (south, west))
