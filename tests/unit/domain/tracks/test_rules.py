"""Each track rule: which events of a track break it, and by which limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest
from attrs import evolve, fields

from fleetcore.domain.location import LocationEvent
from fleetcore.domain.rules.event_rules import EVENT_RULES
from fleetcore.domain.tracks.limits import TrackLimits
from fleetcore.domain.tracks.rules import TRACK_RULES
from fleetcore.testing.track_strategies import event_at

RULES: Final = {rule.code: rule for rule in TRACK_RULES}
DEFAULTS: Final = TrackLimits()
FAR_M: Final = 90_000.0


def _broken(code: str, track: Sequence[LocationEvent], limits: TrackLimits = DEFAULTS) -> list[int]:
    return list(RULES[code].broken(track, limits))


def _hops(*north_m: float) -> list[LocationEvent]:
    """A report a minute."""
    return [event_at(60 * place, metres) for place, metres in enumerate(north_m)]


def test_every_rule_has_a_code_of_its_own_and_limits_that_exist() -> None:
    """What `fleetcore rules` and a fleet.toml name is one thing."""
    codes = [*(rule.code for rule in EVENT_RULES), *(rule.code for rule in TRACK_RULES)]

    assert len(set(codes)) == len(codes)
    assert {name for rule in TRACK_RULES for name in rule.limits} <= {
        each.name for each in fields(TrackLimits)
    }


@pytest.mark.parametrize(
    ("north_m", "expected"),
    [
        pytest.param((0, 500, FAR_M, 900, 1000), [2], id="in the middle"),
        pytest.param((FAR_M, 500, 900, 1000), [0], id="at the start"),
        pytest.param((0, 500, 900, FAR_M), [3], id="at the end"),
        pytest.param((0, 500, FAR_M, -FAR_M, 900, 1000), [2, 3], id="two after each other"),
        pytest.param((0, 500, FAR_M, 600, FAR_M, 700, 800), [2, 4], id="every other"),
        pytest.param((0, 500, FAR_M, FAR_M + 500), [], id="two places, each borne out"),
        pytest.param((0, FAR_M), [], id="word against word"),
        pytest.param((0,), [], id="alone"),
        pytest.param((), [], id="nothing"),
        pytest.param((0, FAR_M, 2 * FAR_M), [1], id="none agrees with any"),
    ],
)
def test_implied_speed_asks_both_neighbours(north_m: Sequence[float], expected: list[int]) -> None:
    """A fix falls that neither neighbour bears out; the good ones beside it stay."""
    assert expected == _broken("implied-speed", _hops(*north_m))


def test_a_fix_may_be_as_wrong_as_it_says() -> None:
    """The way at the limit, the error of a good fix and the accuracies reported add up."""
    way_m = 200 / 3.6 * 60
    inside = [event_at(0), event_at(60, way_m + 49), event_at(120)]
    beyond = [event_at(0), event_at(60, way_m + 51), event_at(120)]
    inaccurate = [beyond[0], evolve(beyond[1], accuracy_m=10.0), beyond[2]]

    assert [] == _broken("implied-speed", inside)
    assert [1] == _broken("implied-speed", beyond)
    assert [] == _broken("implied-speed", inaccurate)
    assert [] == _broken("implied-speed", beyond, TrackLimits(position_error_m=60.0))
    assert [] == _broken("implied-speed", beyond, TrackLimits(max_implied_speed_kmh=210.0))
    assert [] == _broken("implied-speed", beyond, TrackLimits(max_implied_speed_kmh=None))


def test_stuck_coordinates_repeat_while_the_speed_says_moving() -> None:
    """The first fix at a place may be good, its repeats are not, once it should have moved on."""
    frozen = [event_at(10 * place, speed_kmh=36.0) for place in range(4)]
    parked = [event_at(10 * place, speed_kmh=0.0) for place in range(4)]
    leaving = [parked[0], evolve(frozen[1], speed_kmh=36.0)]
    trembling = [evolve(each, latitude=52.0 + place * 1e-6) for place, each in enumerate(frozen)]

    assert [1, 2, 3] == _broken("stuck", frozen)
    assert [] == _broken("stuck", parked)
    assert [] == _broken("stuck", leaving)
    assert [] == _broken("stuck", trembling)
    assert [] == _broken("stuck", [evolve(each, speed_kmh=None) for each in frozen])
    assert [1, 2, 3] == _broken("stuck", frozen, TrackLimits(position_error_m=99.0))
    assert [2, 3] == _broken("stuck", frozen, TrackLimits(position_error_m=101.0))
    assert [] == _broken("stuck", frozen, TrackLimits(moving_speed_kmh=40.0))


def test_too_frequent_keeps_the_first_of_each_interval() -> None:
    """A burst is thinned, not lost."""
    burst = [event_at(0.2 * place) for place in range(7)]

    assert [1, 2, 4, 5] == _broken("too-frequent", burst)
    assert [] == _broken("too-frequent", burst, TrackLimits(min_interval_s=0.2))
    assert [] == _broken("too-frequent", burst, TrackLimits(min_interval_s=None))


def test_static_is_a_vehicle_that_moves_on_the_spot() -> None:
    """All said moving for an hour, and it never left."""
    spot = [event_at(600 * place, 10 * (place % 2), status="moving") for place in range(9)]
    rested = [*spot[:4], evolve(spot[4], status="idle"), *spot[5:]]
    left = [*spot[:4], evolve(spot[4], latitude=52.01), *spot[5:]]
    by_speed = [evolve(each, status=None, speed_kmh=8.0) for each in spot]

    assert [7, 8] == _broken("static", spot)
    assert [7, 8] == _broken("static", by_speed)
    assert [] == _broken("static", rested)
    assert [] == _broken("static", left)
    assert [4, 5, 6, 7, 8] == _broken("static", spot, TrackLimits(max_static_s=1800.0))
    assert [] == _broken("static", spot, TrackLimits(max_static_s=None))
