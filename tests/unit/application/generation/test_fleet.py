"""Fleets: depots, classes and metadata."""

from __future__ import annotations

from random import Random

from fleetcore.application.generation.fleet import CITIES, CLASSES, fleet_of, vehicles_of
from fleetcore.application.generation.metadata import vehicles_csv
from fleetcore.application.vehicle_table import vehicles_in
from fleetcore.domain.geodesy import haversine_m

FLEET = fleet_of(400, Random(1))


def test_ids_are_distinct() -> None:
    """No two vehicles share an id, and the metadata is sorted by it."""
    ids = [vehicle.vehicle_id for vehicle in vehicles_of(FLEET)]

    assert 400 == len(set(ids))
    assert sorted(ids) == ids


def test_fleet_has_every_class_and_city() -> None:
    """A fleet of some size has cars, vans and trucks in every city."""
    assert set(CLASSES) == {member.vehicle_class for member in FLEET}
    assert set(CITIES) == {member.depot.city for member in FLEET}


def test_depots_lie_in_their_city() -> None:
    """A depot is within 15 km of its city's centre."""
    for member in FLEET:
        city, depot = member.depot.city, member.depot
        assert haversine_m(city.latitude, city.longitude, depot.latitude, depot.longitude) < 15_000


def test_the_metadata_file_says_all() -> None:
    """The CSV file holds every vehicle with its class, limit and depot."""
    vehicles = vehicles_of(FLEET)

    assert vehicles == vehicles_in(vehicles_csv(vehicles).encode(), "vehicles.csv")
