"""Stops and trips: what is found, and that together they are the whole time of a track."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any, Final

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.location import LocationEvent
from fleetcore.domain.tracks.cleaning import track_of
from fleetcore.domain.tracks.limits import TrackLimits
from fleetcore.domain.tracks.trips import Journey, Silence, Stop, Trip, journey_of
from fleetcore.testing.track_strategies import (
    LATITUDE,
    START_MS,
    drives,
    event_at,
    reports,
)

DEFAULTS: Final = TrackLimits()


def _told(journey: Journey) -> list[tuple[str, float, float]]:
    """What each segment is, and its seconds from the start."""
    return [
        (
            type(each).__name__,
            (each.start_ms - START_MS) / 1000,
            (each.end_ms - START_MS) / 1000,
        )
        for each in journey
    ]


def _delivery() -> list[LocationEvent]:
    """Three minutes at rest, two kilometres north in two minutes, three minutes at rest."""
    at_depot = [event_at(30 * place, place % 2) for place in range(7)]
    under_way = [event_at(180 + 30 * place, 500 * place) for place in range(1, 4)]
    at_door = [event_at(300 + 30 * place, 2000 + place % 2) for place in range(7)]
    return [*at_depot, *under_way, *at_door]


def test_a_trip_lies_between_two_stops() -> None:
    """From the last report of one stop to the first of the next."""
    first, trip, last = journey_of(_delivery(), DEFAULTS)

    assert [("Stop", 0.0, 180.0), ("Trip", 180.0, 300.0), ("Stop", 300.0, 480.0)] == _told(
        (first, trip, last)
    )
    assert isinstance(trip, Trip)
    assert (120.0, 5) == (trip.duration_s, trip.events)
    assert trip.distance_m == pytest.approx(2000)
    assert trip.mean_speed_kmh == pytest.approx(60)
    assert trip.max_speed_kmh == pytest.approx(60)
    assert (trip.start_latitude, trip.end_latitude) == (
        first.end_latitude,
        last.start_latitude,
    )


def test_a_stop_is_where_its_reports_lie_in_the_mean() -> None:
    """Also where some lie east and some west of the antimeridian."""
    here = event_at(0, east_m=670.0)
    there = event_at(300, east_m=700.0)
    (stop,) = journey_of([here, there], DEFAULTS)

    assert here.longitude > 0 > there.longitude
    assert isinstance(stop, Stop)
    assert stop.latitude == pytest.approx(LATITUDE)
    assert abs(stop.longitude) == pytest.approx(180.0, abs=2e-4)
    assert stop.events == 2


def test_the_greatest_speed_is_the_reported_one_where_there_is_one() -> None:
    """Else that of the fastest hop."""
    told = [evolve(each, speed_kmh=0.0) for each in _delivery()]
    told[8] = evolve(told[8], speed_kmh=72.0)
    trip = journey_of(told, DEFAULTS)[1]

    assert isinstance(trip, Trip)
    assert trip.max_speed_kmh == 72.0


def test_a_short_halt_ends_no_trip() -> None:
    """One that lasts less than a stop, or moves further than one."""
    lights = [event_at(30 * place, 400 * min(place, 5)) for place in range(9)]
    lights += [event_at(270 + 30 * place, 2000 + 400 * place) for place in range(1, 5)]

    assert [("Trip", 0.0, 390.0)] == _told(journey_of(lights, DEFAULTS))
    assert ["Trip", "Stop", "Trip"] == [
        each[0] for each in _told(journey_of(lights, TrackLimits(min_stop_s=90.0)))
    ]


def test_a_silence_elsewhere_ends_a_trip() -> None:
    """What happened in it nobody knows; in the same place it was a stop."""
    away = [event_at(0), event_at(60, 1000), event_at(60 + 901, 5000), event_at(1100, 7000)]
    back = [event_at(0), event_at(60, 1000), event_at(60 + 901, 1010), event_at(1100, 7000)]

    assert [("Trip", 0.0, 60.0), ("Silence", 60.0, 961.0), ("Trip", 961.0, 1100.0)] == _told(
        journey_of(away, DEFAULTS)
    )
    assert [("Trip", 0.0, 60.0), ("Stop", 60.0, 961.0), ("Trip", 961.0, 1100.0)] == _told(
        journey_of(back, DEFAULTS)
    )
    assert [("Trip", 0.0, 1100.0)] == _told(journey_of(away, TrackLimits(max_gap_s=901.0)))


@pytest.mark.parametrize("told", [{"speed_kmh": 0.0}, {"status": "idle"}, {"status": "offline"}])
def test_a_stop_begins_and_ends_with_reports_of_rest(told: dict[str, Any]) -> None:
    """Near the place but still moving is no stop yet, where reports tell it."""
    moving = [event_at(10 * place, 30 * place, speed_kmh=10.8) for place in range(4)]
    resting = [evolve(event_at(30 + 60 * place, 90), **told) for place in range(1, 4)]
    leaving = [event_at(210 + 10 * place, 90 - 20 * place, speed_kmh=7.2) for place in range(1, 4)]

    assert [("Trip", 0.0, 90.0), ("Stop", 90.0, 210.0), ("Trip", 210.0, 240.0)] == _told(
        journey_of([*moving, *resting, *leaving], DEFAULTS)
    )
    silent = [evolve(each, speed_kmh=None, status=None) for each in (*moving, *resting, *leaving)]
    assert [("Stop", 0.0, 240.0)] == _told(journey_of(silent, DEFAULTS))


def test_a_status_that_always_says_moving_hides_no_stop() -> None:
    """Where nothing says that it rests, the places decide."""
    always = [evolve(each, status="moving") for each in _delivery()]

    assert ["Stop", "Trip", "Stop"] == [each[0] for each in _told(journey_of(always, DEFAULTS))]


def test_a_lone_report_of_rest_hides_no_stop() -> None:
    """Hours in one place, of which one report alone says that it rests: found, and at once."""
    track = [event_at(place, place % 3, speed_kmh=9.0) for place in range(20_000)]
    track[9_000] = evolve(track[9_000], speed_kmh=0.0)

    assert [("Trip", 0.0, 9001.0), ("Stop", 9001.0, 19999.0)] == _told(journey_of(track, DEFAULTS))


@pytest.mark.parametrize("events", [0, 1])
def test_no_time_has_no_segments(events: int) -> None:
    """A track without a span."""
    assert () == journey_of([event_at(0)] * events, DEFAULTS)


@given(st.one_of(drives(), reports().map(track_of)))
def test_segments_are_the_whole_time_without_a_hole(track: Sequence[LocationEvent]) -> None:
    """Each begins with the report that ends the one before; no time is in two of them."""
    journey = journey_of(track, DEFAULTS)

    assert all(before.end_ms == after.start_ms for before, after in pairwise(journey))
    assert all(each.start_ms < each.end_ms for each in journey)
    if len(track) > 1:
        assert (track[0].observed_at, track[-1].observed_at) == (
            journey[0].start_ms,
            journey[-1].end_ms,
        )


@given(drives())
def test_segments_are_what_they_are_called(track: Sequence[LocationEvent]) -> None:
    """Stops last, trips have no silence in them, silences are long."""
    for each in journey_of(track, DEFAULTS):
        inside = [e.observed_at for e in track if each.start_ms <= e.observed_at <= each.end_ms]
        gaps_s = [(after - before) / 1000 for before, after in pairwise(inside)]
        if isinstance(each, Stop):
            assert each.duration_s >= DEFAULTS.min_stop_s
            assert each.events == len(inside)
        elif isinstance(each, Trip):
            assert max(gaps_s) <= DEFAULTS.max_gap_s
            assert each.events == len(inside)
        else:
            assert isinstance(each, Silence)
            assert gaps_s == [each.duration_s]
            assert each.duration_s > DEFAULTS.max_gap_s


@given(reports(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_no_trip(events: list[LocationEvent], rng: Random) -> None:
    """Shuffled, everything is the same."""
    shuffled = list(events)
    rng.shuffle(shuffled)

    assert journey_of(track_of(events), DEFAULTS) == journey_of(track_of(shuffled), DEFAULTS)
