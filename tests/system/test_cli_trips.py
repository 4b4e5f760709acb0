"""Clean tracks and trips on the command line and in Python, on generated and on real files."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from fleetcore.domain.tracks.trips import Trip
from fleetcore.errors import InvalidConfiguration
from fleetcore_entrypoints import open_local

Command = Callable[..., Any]

HEADER: Final = "vehicle_id,observed_at,latitude,longitude,city\n"
LATITUDES: Final = (50.0, 50.0, 50.0, 50.01, 59.0, 50.02, 50.03, 50.03, 50.03)
CABS: Final = (
    *("--columns", "latitude,longitude,occupied,unixtime"),
    *("--vehicle-from-filename", r"new_(\w+)"),
)


@pytest.fixture(name="driven")
def _driven(fleetcore: Command, in_folder: Path) -> None:
    """A drive with one bad fix between two stops, a report a minute."""
    lines = [
        f"v1,2024-05-01T10:{minute:02}:00Z,{latitude},1,Rome\n"
        for minute, latitude in enumerate(LATITUDES)
    ]
    (in_folder / "drive.csv").write_text(HEADER + "".join(lines), encoding="utf-8")
    assert fleetcore("ingest", "drive.csv").status == 0


@pytest.mark.usefixtures("driven")
@pytest.mark.parametrize("words", [("v1",), ("--city", "Rome")], ids=["vehicle", "city"])
def test_a_clean_track_says_what_it_lacks(fleetcore: Command, words: tuple[str, ...]) -> None:
    """On stderr, by rule; the raw track has it all and says nothing."""
    raw = fleetcore("track", *words, "--json")
    clean = fleetcore("track", *words, "--json", "--clean")

    assert (9, "") == (len(raw.objects), raw.err)
    assert 8 == len(clean.objects)
    assert "left out: 1 implied-speed; fleetcore rules says what each asks for\n" == clean.err


@pytest.mark.usefixtures("driven")
def test_limits_come_from_a_file_and_the_class_from_another(fleetcore: Command) -> None:
    """Both only say how to clean."""
    Path("fleet.toml").write_text(
        "[track.class.rocket]\nmax_implied_speed_kmh = 99999\n", encoding="utf-8"
    )
    Path("vehicles.csv").write_text("vehicle_id,class\nv1,rocket\n", encoding="utf-8")
    words = ("track", "v1", "--json", "--config", "fleet.toml", "--vehicles", "vehicles.csv")
    asked = fleetcore(*words, "--clean")

    assert (9, "") == (len(asked.objects), asked.err)
    assert 8 == len(fleetcore(*words[:5], "--clean").objects)
    assert 2 == fleetcore(*words).status


@pytest.mark.usefixtures("driven")
def test_doubtful_events_are_told(fleetcore: Command) -> None:
    """A rule that only warns leaves nothing out."""
    Path("fleet.toml").write_text('[rules]\nimplied-speed = "warn"\n', encoding="utf-8")
    asked = fleetcore("track", "v1", "--clean", "--json", "--config", "fleet.toml")

    assert 9 == len(asked.objects)
    assert asked.err.startswith("doubtful, but not left out: 1 implied-speed")


@pytest.mark.usefixtures("driven")
def test_trips_of_a_vehicle(fleetcore: Command) -> None:
    """Alone, or with the stops between them; times choose among them."""
    trip = fleetcore("trips", "v1", "--json").object
    all_of_it = fleetcore("trips", "v1", "--stops", "--json").objects
    first = fleetcore("trips", "v1", "--stops", "--json", "--to", "2024-05-01T10:02:00Z").objects
    table = fleetcore("trips", "v1", "--stops").out.splitlines()

    assert ("trip", "2024-05-01T10:02:00.000Z", "2024-05-01T10:06:00.000Z", 240.0) == (
        trip["kind"],
        trip["start"],
        trip["end"],
        trip["duration_s"],
    )
    assert trip["distance_m"] == pytest.approx(3336, abs=1)
    assert trip["mean_speed_kmh"] == pytest.approx(50.0, abs=0.1)
    assert ["stop", "trip", "stop"] == [each["kind"] for each in all_of_it]
    assert all_of_it[:1] == first
    assert ["kind", "stop", "trip", "stop"] == [line.split()[0] for line in table]


@pytest.mark.usefixtures("driven")
def test_no_trips_are_told(fleetcore: Command) -> None:
    """And what asks for nothing, or too much, is refused."""
    nothing = fleetcore("trips", "v2")

    assert (0, "") == (nothing.status, nothing.out)
    assert "no trips of 'v2' here" in nothing.err
    for words in ((), ("v1", "--score", "t.csv"), ("--score", "t.csv", "--stops")):
        assert 2 == fleetcore("trips", *words).status
    assert "t.csv: No such file" in fleetcore("trips", "--score", "t.csv").err


@pytest.mark.usefixtures("driven")
def test_the_same_in_python(in_folder: Path) -> None:
    """A clean track and its trips, in a span, by limits of a file."""
    (in_folder / "fleet.toml").write_text("[track]\nmin_stop_s = 3600\n", encoding="utf-8")
    noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    with open_local("fleetcore-data") as fleet:
        assert (9, 8) == (len(fleet.track("v1")), len(fleet.track("v1", clean=True)))
        assert ["Stop", "Trip", "Stop"] == [type(each).__name__ for each in fleet.trips("v1")]
        (only,) = fleet.trips("v1", config=in_folder / "fleet.toml")
        assert isinstance(only, Trip)
        assert () == fleet.trips("v1", noon)
        with pytest.raises(InvalidConfiguration):
            fleet.track("v1", clean=True, config=in_folder / "missing.toml")


def test_a_generated_fleet_is_clean_and_its_trips_are_found(fleetcore: Command) -> None:
    """No track rule says anything of a file without dirt, and its true trips score well."""
    words = ("--rows", "20000", "--vehicles", "20", "--seed", "4")
    told = fleetcore("generate", "fleet.csv", *words, "--trips", "--json").object
    fleetcore("ingest", "fleet.csv", "--vehicles", "fleet.vehicles.csv")
    with Path("fleet.vehicles.csv").open(encoding="utf-8") as file:
        vehicles = [row["vehicle_id"] for row in csv.DictReader(file)]
    score = fleetcore("trips", "--score", "fleet.trips.csv", "--json").objects

    assert "fleet.trips.csv" == told["trips"]
    for vehicle in vehicles:
        clean = fleetcore("track", vehicle, "--clean", "--json")
        assert (1000, "") == (len(clean.objects), clean.err)
    assert vehicles == [each["vehicle_id"] for each in score]
    assert min(each["recall"] for each in score) > 0.95
    assert "f1" in fleetcore("trips", "--score", "fleet.trips.csv").out


@pytest.mark.slow
def test_real_trips_do_not_depend_on_the_order_of_rows(
    fleetcore: Command, shared_data: Path, in_folder: Path
) -> None:
    """The traces of three cabs, as they lie and shuffled: rejects, stops and trips are equal."""
    shuffled = in_folder / "shuffled"
    shuffled.mkdir()
    for path in sorted((shared_data / "cabspotting").glob("new_*.txt")):
        lines = path.read_text(encoding="ascii").splitlines()
        random.Random(path.name).shuffle(lines)
        (shuffled / path.name).write_text("\n".join(lines), encoding="ascii")
        assert 0 == fleetcore("ingest", path, *CABS, "--data", "one").status
        assert 0 == fleetcore("ingest", shuffled / path.name, *CABS, "--data", "two").status
        cab = path.stem.removeprefix("new_")
        found = [
            fleetcore("trips", cab, "--stops", "--json", "--data", data).out
            for data in ("one", "two")
        ]
        clean = [
            fleetcore("track", cab, "--clean", "--json", "--data", data) for data in ("one", "two")
        ]

        assert found[0] == found[1]
        assert len(found[0].splitlines()) > 500
        assert clean[0].err == clean[1].err != ""
        assert [_where(line) for line in clean[0].out.splitlines()] == [
            _where(line) for line in clean[1].out.splitlines()
        ]


def _where(line: str) -> tuple[str, float, float]:
    content = json.loads(line)
    return content["observed_at"], content["latitude"], content["longitude"]
