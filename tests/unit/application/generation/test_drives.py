"""Drives: what a vehicle reports agrees with where it goes."""

from __future__ import annotations

from itertools import islice, pairwise
from random import Random

import pytest

from fleetcore.application.generation.drives import NOISE_LIMIT_M, Position, drive, receiver_of
from fleetcore.application.generation.fleet import Member, fleet_of
from fleetcore.application.generation.roads import roads_of
from fleetcore.domain.geodesy import haversine_m

REPORTS = 600


def _drives(interval_s: int, vehicles: int = 25) -> list[tuple[Member, list[Position]]]:
    rng = Random(f"drives {interval_s}")
    roads, receiver = roads_of(interval_s, rng), receiver_of(rng)
    return [
        (
            member,
            list(
                islice(
                    drive(member, roads[member.vehicle_class.name], receiver, interval_s, rng),
                    REPORTS,
                )
            ),
        )
        for member in fleet_of(vehicles, rng)
    ]


def _metres(one: Position, other: Position) -> float:
    return haversine_m(float(one[0]), float(one[1]), float(other[0]), float(other[1]))


@pytest.mark.parametrize("interval_s", [1, 5, 10, 30, 60])
def test_speeds_agree_with_positions(interval_s: int) -> None:
    """The distance between neighbours is that of the mean of their speeds, but for GPS noise."""
    noise_kmh = 2 * 2**0.5 * NOISE_LIMIT_M / interval_s * 3.6
    for _, reports in _drives(interval_s):
        for before, after in pairwise(reports):
            implied = _metres(before, after) / interval_s * 3.6
            reported = (float(before[2]) + float(after[2])) / 2

            assert abs(implied - reported) <= noise_kmh + 0.02 * reported + 0.1


@pytest.mark.parametrize("interval_s", [1, 10, 30])
def test_acceleration_is_that_of_the_class(interval_s: int) -> None:
    """No vehicle gains or loses speed faster than it can."""
    for member, reports in _drives(interval_s):
        most = member.vehicle_class.acceleration_ms2 * interval_s * 3.6
        cruising = 0.09 * member.vehicle_class.cruise_kmh[1]
        for before, after in pairwise(reports):
            assert abs(float(after[2]) - float(before[2])) <= most + cruising + 0.1


def test_vehicles_stay_below_their_limit() -> None:
    """Every class keeps to its own speed limit, and most of its vehicles drive."""
    for member, reports in _drives(10):
        limit = member.vehicle.max_speed_kmh
        assert limit is not None
        assert max(float(report[2]) for report in reports) < limit
        assert max(float(report[2]) for report in reports) > 20.0


def test_status_tells_driving_stopping_and_parking() -> None:
    """Moving means a speed; stops are idle, away from the depot; parked is offline, at it."""
    seen = set()
    for member, reports in _drives(10):
        depot = (f"{member.depot.latitude}", f"{member.depot.longitude}", *reports[0][2:])
        for report in reports:
            seen.add(report[7])
            assert ("moving" == report[7]) == (float(report[2]) > 0.0)
            if report[7] == "offline":
                assert _metres(report, depot) < 2 * NOISE_LIMIT_M

    assert {"moving", "idle", "offline"} == seen


def test_vehicles_come_back_to_their_depot() -> None:
    """A vehicle that leaves is at its depot again in time."""
    returned = 0
    for _, reports in _drives(30):
        statuses = [report[7] for report in reports]
        away = next(place for place, status in enumerate(statuses) if status == "moving")
        returned += "offline" in statuses[away:]

    assert 25 == returned


def test_tank_or_battery_is_reported_never_both() -> None:
    """An electric vehicle reports its battery, any other its fuel, within 0 to 100 percent."""
    kinds = set()
    for member, reports in _drives(30):
        for report in reports:
            filled, empty = (report[5], report[6]) if member.electric else (report[6], report[5])
            assert "" == empty
            assert 0.0 <= float(filled) <= 100.0
        kinds.add(member.electric)

    assert {True, False} == kinds
