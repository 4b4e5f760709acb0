"""Vehicles are read from JSON and CSV, and errors name the entry."""

from __future__ import annotations

import pytest

from fleetcore.application.vehicle_table import vehicles_in
from fleetcore.domain.vehicles import Vehicle
from fleetcore.errors import InvalidInput

FLEET = (
    Vehicle(
        vehicle_id="v-1",
        vehicle_class="van",
        max_speed_kmh=130.0,
        depot_latitude=52.5,
        depot_longitude=13.4,
    ),
    Vehicle(vehicle_id="17"),
)


@pytest.mark.parametrize(
    "text",
    [
        (
            "vehicle_id,class,max_speed_kmh,depot_latitude,depot_longitude\n"
            "v-1,van,130,52.5,13.4\n17,,,,\n"
        ),
        (
            "\ufeffDepot_Latitude;Depot_Longitude;Vehicle ID;colour;class;max speed kmh\n"
            "52.5;13.4; v-1 ;red;van;130\n\nNULL;;17;blue;NULL;NA\n"
        ),
        (
            '[{"vehicle_id": "v-1", "class": "van", "max_speed_kmh": 130,'
            ' "depot_latitude": 52.5, "depot_longitude": 13.4, "colour": "red"},'
            ' {"vehicle_id": 17, "class": null}]'
        ),
        (
            '{"v-1": {"class": "van", "max_speed_kmh": 130.0,'
            ' "depot_latitude": 52.5, "depot_longitude": 13.4}, "17": {}}'
        ),
    ],
)
def test_every_form_says_the_same(text: str) -> None:
    """CSV, a list of objects, and an object by vehicle id."""
    assert FLEET == vehicles_in(text.encode(), "vehicles")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column vehicle_id"),
        ("id,class\n1,van\n", "no column vehicle_id; columns are .* found: id, class"),
        ("vehicle_id,class\n,van\n", "line 2: vehicle_id '' is missing"),
        ("vehicle_id,max_speed_kmh\nv-1,fast\n", "line 2: max_speed_kmh 'fast'"),
        ("vehicle_id,max_speed_kmh\nv-1,0\n", "above 0"),
        ("vehicle_id,max_speed_kmh\nv-1,nan\n", "above 0"),
        ("vehicle_id,depot_latitude,depot_longitude\nv-1,91,0\n", "from -90 to 90"),
        ("vehicle_id,depot_latitude,depot_longitude\nv-1,9,\n", "need each other"),
        ("vehicle_id\nv-1\nv-1\n", "line 3: vehicle 'v-1' is listed twice"),
        ("[1]", "entry 1 is not an object"),
        ('[{"vehicle_id": true}]', "vehicle_id True"),
        ('[{"vehicle_id": "v", "class": 3}]', "class 3 is not text"),
        ('[{"vehicle_id": "v", "max_speed_kmh": true}]', "max_speed_kmh True"),
        ('{"v-1": 5}', "entry 1 is not an object"),
        ("[{", "is not JSON"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, message: str) -> None:
    """The error names the file, the entry and what is allowed."""
    with pytest.raises(InvalidInput, match=message) as raised:
        vehicles_in(text.encode(), "fleet.csv")
    assert str(raised.value).startswith("fleet.csv: ")


def test_another_encoding_is_told() -> None:
    """Vehicles files are UTF-8."""
    with pytest.raises(InvalidInput, match="not UTF-8"):
        vehicles_in(b"vehicle_id\n\xe9\n", "vehicles.csv")
