"""Every exporter's header is understood, and units are read from names."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from fleetcore.domain.headers import (
    FIELD_UNITS,
    SPELLINGS,
    candidates,
    meaning_of,
    speed_unit_in,
)
from fleetcore.domain.location import FIELDS

FOLDER = Path(__file__).parent / "headers"

EXPECTED: dict[str, tuple[str, str, dict[str, str]]] = {
    "geolife": (
        ",",
        "km/h",
        {
            "vehicle_id": "uid",
            "observed_at": "datetime",
            "latitude": "lat",
            "longitude": "lng",
        },
    ),
    "traccar": (
        ",",
        "kn",
        {
            "vehicle_id": "DEVICEID",
            "observed_at": "FIXTIME",
            "latitude": "LATITUDE",
            "longitude": "LONGITUDE",
            "speed_kmh": "SPEED",
            "heading_deg": "COURSE",
            "accuracy_m": "ACCURACY",
            "source": "PROTOCOL",
        },
    ),
    "samsara": (
        ",",
        "mph",
        {
            "vehicle_id": "id",
            "observed_at": "gps.time",
            "latitude": "gps.latitude",
            "longitude": "gps.longitude",
            "speed_kmh": "gps.speedMilesPerHour",
            "heading_deg": "gps.headingDegrees",
        },
    ),
    "geotab": (
        ",",
        "km/h",
        {
            "vehicle_id": "DeviceId",
            "observed_at": "DateTime",
            "latitude": "Latitude",
            "longitude": "Longitude",
            "speed_kmh": "Speed",
        },
    ),
    "verizon-connect": (
        ",",
        "km/h",
        {
            "vehicle_id": "VehicleNumber",
            "observed_at": "UpdateUTC",
            "latitude": "Latitude",
            "longitude": "Longitude",
            "speed_kmh": "Speed",
            "heading_deg": "Heading",
            "battery_pct": "BatteryLevel",
            "status": "DisplayState",
            "city": "Locality",
        },
    ),
    "teltonika": (
        ",",
        "km/h",
        {
            "vehicle_id": "imei",
            "observed_at": "timestamp",
            "latitude": "latitude",
            "longitude": "longitude",
            "speed_kmh": "speed",
            "heading_deg": "angle",
        },
    ),
    "wialon": (
        ",",
        "km/h",
        {
            "observed_at": "t",
            "latitude": "pos.y",
            "longitude": "pos.x",
            "speed_kmh": "pos.s",
            "heading_deg": "pos.c",
        },
    ),
    "flespi": (
        ",",
        "km/h",
        {
            "vehicle_id": "device.id",
            "observed_at": "timestamp",
            "latitude": "position.latitude",
            "longitude": "position.longitude",
            "speed_kmh": "position.speed",
            "heading_deg": "position.direction",
            "battery_pct": "battery.level",
        },
    ),
    "calamp": (
        ",",
        "km/h",
        {
            "vehicle_id": "Mobile ID",
            "observed_at": "Time of Fix",
            "latitude": "Latitude",
            "longitude": "Longitude",
            "speed_kmh": "Speed (km/h)",
            "heading_deg": "Heading",
        },
    ),
    "queclink": (
        ",",
        "km/h",
        {
            "vehicle_id": "Unique ID",
            "observed_at": "GPS UTC time",
            "latitude": "Latitude",
            "longitude": "Longitude",
            "speed_kmh": "Speed",
            "heading_deg": "Azimuth",
            "battery_pct": "Battery percentage",
        },
    ),
    "navixy": (
        ";",
        "km/h",
        {
            "observed_at": "msg_time",
            "latitude": "lat",
            "longitude": "lng",
            "speed_kmh": "speed",
            "heading_deg": "heading",
        },
    ),
    "gpswox": (
        ",",
        "km/h",
        {
            "observed_at": "dt_tracker",
            "latitude": "lat",
            "longitude": "lng",
            "speed_kmh": "speed",
            "heading_deg": "angle",
        },
    ),
    "movebank": (
        ",",
        "m/s",
        {
            "vehicle_id": "individual-local-identifier",
            "observed_at": "timestamp",
            "latitude": "location-lat",
            "longitude": "location-long",
            "speed_kmh": "ground-speed",
            "heading_deg": "heading",
        },
    ),
    "gpslogger": (
        ",",
        "m/s",
        {
            "observed_at": "time",
            "latitude": "lat",
            "longitude": "lon",
            "speed_kmh": "speed",
            "heading_deg": "bearing",
            "accuracy_m": "accuracy",
            "battery_pct": "battery",
            "source": "provider",
        },
    ),
    "owntracks": (
        ",",
        "km/h",
        {
            "vehicle_id": "tid",
            "observed_at": "tst",
            "latitude": "lat",
            "longitude": "lon",
            "speed_kmh": "vel",
            "heading_deg": "cog",
            "accuracy_m": "acc",
            "battery_pct": "batt",
        },
    ),
    "sports-tracker": (
        "\t",
        "m/s",
        {
            "observed_at": "Time [s]",
            "latitude": "Latitude [°]",
            "longitude": "Longitude [°]",
            "speed_kmh": "Speed [m/s]",
            "accuracy_m": "Accuracy [m]",
        },
    ),
    "fleetcore": (",", "km/h", {field: field for field in FIELDS}),
}


def test_every_fixture_is_expected_and_every_expectation_has_a_fixture() -> None:
    """No exporter's header lies in the folder untested."""
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(EXPECTED)


@pytest.mark.parametrize("exporter", EXPECTED)
def test_an_exporters_header_is_mapped_without_doubt(exporter: str) -> None:
    """Each field is found in one column, and a speed's unit is known."""
    delimiter, unit, expected = EXPECTED[exporter]
    with (FOLDER / f"{exporter}.csv").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file, delimiter=delimiter))
    found = candidates(header)
    assert expected == {field: "|".join(header[i] for i in found[field]) for field in found}
    speed = expected.get("speed_kmh")
    assert unit == ("km/h" if speed is None else speed_unit_in(speed, header))


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("speed", None),
        ("speed_kmh", "km/h"),
        ("Speed (km/h)", "km/h"),
        ("speed_kph", "km/h"),
        ("Speed, km/h", "km/h"),
        ("speed_mph", "mph"),
        ("Speed (mph)", "mph"),
        ("speed_ms", "m/s"),
        ("Speed [m/s]", "m/s"),
        ("ground speed knots", "kn"),
        ("SOG", "kn"),
    ],
)
def test_a_speeds_name_carries_its_unit(name: str, unit: str | None) -> None:
    """However a unit is written into a name, it is read from it."""
    meaning = meaning_of(name)
    assert meaning is not None
    assert ("speed_kmh", unit) == (meaning.field, meaning.speed_unit)


@pytest.mark.parametrize("name", ["Accuracy (ft)", "Battery (V)", "Fuel (l)", "hdop", "altitude"])
def test_another_unit_is_another_thing(name: str) -> None:
    """A column in a unit that a field does not have is not taken for it."""
    assert meaning_of(name) is None


@pytest.mark.parametrize(
    ("name", "unit"), [("velo_mph", "mph"), ("v [kn]", "kn"), ("tempo", "km/h")]
)
def test_the_unit_of_a_column_that_is_no_known_header(name: str, unit: str) -> None:
    """A speed column that was named by hand still says its unit."""
    assert unit == speed_unit_in(name, [name, "lat"])


def test_the_fields_own_name_beats_another_that_means_it() -> None:
    """`latitude` is taken where `lat` stands beside it."""
    assert {"latitude": (1,)} == candidates(["lat", "latitude", "hdop"])


def test_names_of_one_rank_are_all_candidates() -> None:
    """Two columns that may hold a field are both reported."""
    assert {"longitude": (0, 2)} == candidates(["lon", "note", "lng"])


def test_a_word_means_one_field() -> None:
    """No spelling stands for two fields, with or without a unit behind it."""
    owner: dict[str, str] = {}
    for field, ranks in SPELLINGS.items():
        for word in " ".join(ranks).split():
            for suffix in ("", *FIELD_UNITS.get(field, "").split()):
                assert owner.setdefault(word + suffix, field) == field
