"""`fleetcore near` and `places`: from files to who is near whom."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

FLEET = (
    "vehicle_id,observed_at,latitude,longitude,status\n"
    "v1,2024-05-01T10:00:00Z,48.4,10.0,moving\n"
    "v2,2024-05-01T10:00:00Z,48.401,10.0,offline\n"
    "v3,2024-05-01T10:00:10Z,48.41,10.01,idle\n"
    "v4,2024-05-01T10:00:10Z,-33.8,151.2,idle\n"
)
MAP = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"kind": "city", "name": "Ulm", "timezone": "Europe/Berlin"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[9, 48], [11, 48], [11, 49], [9, 49], [9, 48]]],
            },
        }
    ],
}


@pytest.fixture(name="fleet", autouse=True)
def _fleet(fleetcore: Command, in_folder: Path) -> None:
    """A map, vehicles, a rider and a driver's name."""
    (in_folder / "map.geojson").write_text(json.dumps(MAP))
    (in_folder / "fleet.csv").write_text(FLEET)
    (in_folder / "riders.csv").write_text("rider_id,name,latitude,longitude\nr1,Ana,48.4,10.0\n")
    (in_folder / "drivers.jsonl").write_text('{"vehicle_id": "v3", "name": "Bo", "rating": 4.8}')
    for words in (
        ("places", "import", "map.geojson"),
        ("ingest", "fleet.csv"),
        ("places", "riders", "riders.csv"),
        ("places", "drivers", "drivers.jsonl"),
    ):
        assert 0 == fleetcore(*words).status


def test_vehicles_near_a_point(fleetcore: Command) -> None:
    """Nearest first, offline ones left out, and the city derived from its polygon."""
    found = fleetcore("near", "48.4", "10", "--radius-km", "5", "--json").objects

    assert ["v1", "v3"] == [each["vehicle_id"] for each in found]
    assert 0 == found[0]["distance_m"]
    assert ["Ulm", "2024-05-01T10:00:00.000Z"] == [found[0]["city"], found[0]["observed_at"]]


def test_vehicles_are_chosen(fleetcore: Command) -> None:
    """By limit, city and age; offline ones if they are asked for; anywhere without a radius."""

    def ids(*words: str) -> list[str]:
        return [each["vehicle_id"] for each in fleetcore("near", *words, "--json").objects]

    assert ["v1", "v2", "v3"] == ids("48.4", "10", "--city", "Ulm", "--offline")
    assert ["v4"] == ids("-33.87", "151.21", "--limit", "1")
    assert [] == ids("48.4", "10", "--max-age", "5m")


def test_nobody_is_there(fleetcore: Command) -> None:
    """It is told what was left out."""
    found = fleetcore("near", "48.4", "10", "--city", "Bonn", "--radius-km", "1.5")

    assert (0, "") == (found.status, found.out)
    assert (
        "no vehicle is there; offline ones are found with --offline; others with a greater"
        " --radius-km; others without --city Bonn"
    ) in found.err


def test_near_is_a_table(fleetcore: Command) -> None:
    """Distance, age, status and city, aligned."""
    lines = fleetcore("near", "48.4", "10", "--limit", "2").out.splitlines()

    assert ["distance", "(m)", "vehicle", "age"] == lines[0].split()[:4]
    assert ["1,335", "v3"] == lines[2].split()[:2]
    assert ["idle", "Ulm"] == lines[2].split()[3:5]


def test_drivers_near_a_rider(fleetcore: Command, in_folder: Path) -> None:
    """With name and rating; a vehicle that comes, or goes, changes who is near."""
    found = fleetcore("near", "--rider", "r1", "--json").objects
    assert [("v1", None, None), ("v3", "Bo", 4.8)] == [
        (each["driver"], each["name"], each["rating"]) for each in found
    ]
    (in_folder / "later.csv").write_text(
        "vehicle_id,observed_at,latitude,longitude,status\n"
        "v1,2024-05-01T11:00:00Z,50,10,moving\nv2,2024-05-01T11:00:00Z,48.4,10,idle\n"
    )
    fleetcore("ingest", "later.csv")

    found = fleetcore("near", "--rider", "r1", "--json").objects
    assert ["v2", "v3"] == [each["driver"] for each in found]
    assert "Bo" in fleetcore("near", "--rider", "r1").out


def test_views_are_rebuilt(fleetcore: Command) -> None:
    """And answer as before."""
    asked = (("near", "48.4", "10", "--offline"), ("near", "--rider", "r1"))
    before = [fleetcore(*words).out for words in asked]

    for view in ("geo", "graph"):
        assert 0 == fleetcore("rebuild", view).status

    assert before == [fleetcore(*words).out for words in asked]


def test_places_are_listed(fleetcore: Command) -> None:
    """All of them or one kind, without what is not known."""
    assert ["city", "rider", "driver"] == [
        each["kind"] for each in fleetcore("places", "list", "--json").objects
    ]
    assert {"kind": "driver", "id": "v3", "name": "Bo", "rating": 4.8} == fleetcore(
        "places", "list", "driver", "--json"
    ).object
    assert "Europe/Berlin" in fleetcore("places", "list").out
    assert "no trip is known" in fleetcore("places", "list", "trip").err


def test_riders_are_forgotten(fleetcore: Command, in_folder: Path) -> None:
    """With what they asked for; who was not known is told."""
    (in_folder / "trips.csv").write_text("trip_id,rider_id,requested_at\nt1,r1,5\n")
    fleetcore("places", "trips", "trips.csv")
    assert 0 == fleetcore("near", "--rider", "r1").status

    assert {"removed": 1} == fleetcore("places", "remove", "rider", "r1", "--json").object

    assert "no rider 'r1' is known" in fleetcore("near", "--rider", "r1").err
    assert ["city", "driver"] == [
        each["kind"] for each in fleetcore("places", "list", "--json").objects
    ]
    assert "0 of 1 riders removed" in fleetcore("places", "remove", "rider", "r1").out


def test_requests_are_kept(fleetcore: Command, in_folder: Path) -> None:
    """A list that is taken in again changes nothing."""
    (in_folder / "trips.csv").write_text("trip_id,rider_id,requested_at\nt1,r1,5\n")

    assert {"read": 1, "changed": 1} == fleetcore("places", "trips", "trips.csv", "--json").object
    assert {"read": 1, "changed": 0} == fleetcore("places", "trips", "trips.csv", "--json").object


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("near",), 2, "say near what: LAT LON, or --rider ID, not both"),
        (("near", "1", "2", "--rider", "r1"), 2, "not both"),
        (("near", "1"), 2, "a point needs both: LAT LON"),
        (("near", "1", "x"), 2, "'x' is no number of degrees"),
        (("near", "--limt", "3"), 2, "No such option '--limt'"),
        (("near", "91", "0"), 1, "91 0 is no place"),
        (("near", "1", "2", "--max-age", "soon"), 2, "is no age, such as 30s, 5m, 2h or 1d"),
        (("near", "--rider", "r1", "--city", "Ulm"), 2, "are for LAT LON"),
        (("near", "--rider", "nobody"), 1, "no rider 'nobody' is known"),
        (("near", "--rider", "r1", "--limit", "11"), 1, "the graph keeps the 10 nearest drivers"),
        (("near", "1", "2", "--data", "nothing"), 1, "there is no fleetcore data here"),
        (("places", "import", "nothing.geojson"), 1, "nothing.geojson: No such file"),
        (("places", "import", "fleet.csv"), 1, "fleet.csv: the file is not JSON"),
        (("places", "riders", "drivers.jsonl"), 1, "drivers.jsonl: line 1: latitude None"),
        (("places", "list", "--data", "nothing"), 1, "there is no fleetcore data here"),
    ],
)
def test_what_is_wrong_is_told(
    fleetcore: Command, words: tuple[str, ...], status: int, said: str
) -> None:
    """In a line that says what to do."""
    done = fleetcore(*words)

    assert (status, "") == (done.status, done.out)
    assert said in done.err
