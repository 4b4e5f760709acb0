"""A generated fleet's true trips, and that its clean tracks break no track rule."""

from __future__ import annotations

import io
from collections import defaultdict

import pytest

from fleetcore.application.generation.generator import generate, generated_trips
from fleetcore.application.generation.spec import COLUMNS, FleetSpec
from fleetcore.application.generation.true_trips import true_trips
from fleetcore.domain.cells import number_in, time_in
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.rules.rule import Verdict
from fleetcore.domain.tracks.cleaning import track_judge, track_of
from fleetcore.domain.tracks.limits import TrackLimits, TrackSettings
from fleetcore.domain.tracks.scoring import Agreement, agreement
from fleetcore.domain.tracks.trips import Trip, journey_of


def _number(text: str) -> float | None:
    number = number_in(text)
    assert number is None or isinstance(number, float)
    return number


def _tracks(spec: FleetSpec) -> dict[str, list[LocationEvent]]:
    """The events of each vehicle in a file without dirt."""
    file = io.BytesIO()
    generate(spec, file)
    tracks = defaultdict(list)
    for line in file.getvalue().decode().splitlines()[1:]:
        cells = dict(zip(COLUMNS, line.split(","), strict=True))
        at_ms = time_in(cells["observed_at"], "iso", "UTC")
        assert isinstance(at_ms, int)
        tracks[cells["vehicle_id"]].append(
            LocationEvent(
                vehicle_id=cells["vehicle_id"],
                observed_at=at_ms,
                latitude=float(cells["latitude"]),
                longitude=float(cells["longitude"]),
                speed_kmh=_number(cells["speed_kmh"]),
                accuracy_m=_number(cells["accuracy_m"]),
                status="moving" if cells["status"] == "moving" else "idle",
            )
        )
    return tracks


@pytest.mark.parametrize("interval_s", [1, 10, 60, 600, 3600])
@pytest.mark.parametrize("seed", [1, 2])
def test_without_dirt_no_track_rule_is_broken(interval_s: int, seed: int) -> None:
    """Nothing is rejected and nothing doubtful, however often vehicles report."""
    tracks = _tracks(FleetSpec(vehicles=12, rows=6_000, interval_s=interval_s, seed=seed))
    judge = track_judge(TrackSettings())

    for track in tracks.values():
        assert {Verdict()} == set(judge(track_of(track)))


def test_trips_are_from_rest_to_rest() -> None:
    """One report of rest is no rest; what the file cuts off begins and ends with its reports."""
    doing = ["m", "i", "i", "m", "m", "i", "m", "o", "i", "i", "m", "i"]
    blank = [""] * (len(COLUMNS) - 3)
    rows = [
        ["v1", f"{minute * 60_000}", *blank, "moving" if each == "m" else "idle"]
        for minute, each in enumerate(doing)
    ]
    rows.append(["v2", "0", *blank, "moving"])
    minutes = {
        vehicle_id: [(start // 60_000, end // 60_000) for start, end in spans]
        for vehicle_id, spans in true_trips(rows, "epoch-ms").items()
    }

    assert {"v1": [(0, 1), (2, 7), (9, 11)], "v2": []} == minutes


def test_dirt_changes_no_trip() -> None:
    """The drives are what they were; a file that tells of fewer reports has fewer trips."""
    clean = FleetSpec(vehicles=5, rows=3_000)
    dirty = FleetSpec(
        vehicles=5,
        rows=3_000,
        dirt={"ragged": 0.05, "blank-line": 0.05, "latitude-range": 0.1},
        columns=("vehicle_id", "observed_at", "latitude", "longitude"),
        time_format="epoch-ms",
    )
    repeats = FleetSpec(vehicles=5, rows=3_000, dirt={"duplicate": 0.3, "conflicting": 0.2})
    trips = [generated_trips(spec, generate(spec, io.BytesIO())) for spec in (clean, dirty)]
    fewer = generated_trips(repeats, generate(repeats, io.BytesIO()))

    assert trips[0] == trips[1]
    assert 0 < sum(map(len, fewer.values())) < sum(map(len, trips[0].values()))


@pytest.mark.parametrize("interval_s", [1, 10, 60])
def test_the_true_trips_are_found(interval_s: int) -> None:
    """Almost all their time; stops too short to be one are part of a found trip."""
    spec = FleetSpec(vehicles=20, rows=200_000 // interval_s // 4, interval_s=interval_s)
    known = generated_trips(spec, generate(spec, io.BytesIO()))
    limits = TrackLimits(min_stop_s=60.0)
    total = Agreement()
    for vehicle_id, track in _tracks(spec).items():
        trips = [each for each in journey_of(track, limits) if isinstance(each, Trip)]
        spans = [(trip.start_ms, trip.end_ms) for trip in trips]
        total += agreement(spans, known[vehicle_id])

    assert total.f1 > 0.97
    assert total.recognised > 0.75 * total.known
