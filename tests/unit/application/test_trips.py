"""A vehicle's stops and trips, from all that the log holds of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fleetcore.application.tracks import judges
from fleetcore.application.trips import journey, score, spans_of
from fleetcore.domain.tracks.limits import TrackLimits, TrackSettings

if TYPE_CHECKING:
    from tests.unit.application.conftest import World

START_MS = 1_700_000_000_000
HEADER = "vehicle_id,observed_at,latitude,longitude\n"
DEFAULTS = judges(TrackSettings())
MINUTES = (50.0, 50.0, 50.0, 50.0, 50.01, 59.0, 50.02, 50.03, 50.03, 50.03, 50.03)
"""Where the vehicle is each minute: a drive with one bad fix between two stops."""


def _lines() -> list[str]:
    return [
        f"cab-1,{START_MS + 60_000 * minute},{latitude},1\n"
        for minute, latitude in enumerate(MINUTES)
    ]


def _at(minute: float) -> int:
    return START_MS + round(60_000 * minute)


def test_trips_are_along_the_clean_track(world: World) -> None:
    """The bad fix adds no metre."""
    world.ingest(HEADER + "".join(_lines()))
    stop, trip, end = journey(world.fleet, "cab-1", judge_of=DEFAULTS)

    assert [_at(0), _at(3), _at(7), _at(10)] == [
        stop.start_ms,
        trip.start_ms,
        end.start_ms,
        end.end_ms,
    ]
    assert [(_at(3), _at(7))] == spans_of((stop, trip, end))
    assert 3_300 < getattr(trip, "distance_m", 0.0) < 3_400


def test_what_lies_partly_in_a_span_is_whole(world: World) -> None:
    """A segment is never cut, and is the same in every span."""
    world.ingest(HEADER + "".join(_lines()))
    whole = journey(world.fleet, "cab-1", judge_of=DEFAULTS)

    assert whole[1:2] == journey(world.fleet, "cab-1", _at(4), _at(5), judge_of=DEFAULTS)
    assert whole[:2] == journey(world.fleet, "cab-1", _at(3), _at(4), judge_of=DEFAULTS)
    assert () == journey(world.fleet, "cab-1", _at(11), judge_of=DEFAULTS)
    assert () == journey(world.fleet, "cab-2", judge_of=DEFAULTS)


def test_the_order_of_files_changes_no_trip(new_world: Callable[[], World]) -> None:
    """What comes late, or twice, finds its place."""
    in_order, late = new_world(), new_world()
    in_order.ingest(HEADER + "".join(_lines()))
    late.ingest(HEADER + "".join(reversed(_lines()[4:])))
    late.ingest(HEADER + "".join(_lines()[:6]), name="late.csv")

    assert journey(in_order.fleet, "cab-1", judge_of=DEFAULTS) == journey(
        late.fleet, "cab-1", judge_of=DEFAULTS
    )


def test_limits_are_the_fleets(world: World) -> None:
    """Here a stop must last longer than any did."""
    world.ingest(HEADER + "".join(_lines()))
    patient = judges(TrackSettings(limits=TrackLimits(min_stop_s=600.0)))

    assert [(_at(0), _at(10))] == spans_of(journey(world.fleet, "cab-1", judge_of=patient))


def test_trips_are_scored_by_vehicle(world: World) -> None:
    """Those of which nothing is stored have missed all."""
    world.ingest(HEADER + "".join(_lines()))
    known = {"cab-1": [(_at(3), _at(7))], "cab-0": [(_at(3), _at(7))]}

    assert [("cab-0", 0.0), ("cab-1", 1.0)] == [
        (vehicle_id, each.f1) for vehicle_id, each in score(world.fleet, known, judge_of=DEFAULTS)
    ]
