"""Riders, found by where drivers come."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetcore.domain.facts import Fact
from fleetcore.domain.geodesy import haversine_m, is_on_earth
from fleetcore.domain.places import Rider
from fleetcore.domain.proximity import Riders
from fleetcore.testing.place_strategies import facts, genuine, riders

AT_POLE = Rider(rider_id="r1", latitude=89.99, longitude=0.0, observed_at=0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(riders(), max_size=6),
    st.lists(facts().filter(lambda it: is_on_earth(it.latitude, it.longitude)), max_size=6),
    st.sampled_from((5.0, 5_000.0, 2_000_000.0)),
    st.dictionaries(st.sampled_from(("r1", "r2", "r3")), st.floats(0, 6_000)),
    st.integers(0, 3),
)
def test_whoever_is_reached_is_found(
    told: list[Rider],
    where: Sequence[Fact],
    radius_m: float,
    reach_m: dict[str, float],
    oldest_ms: int,
) -> None:
    """By looking at each rider, as told last; wherever they were before, and who is retired."""
    held = Riders(radius_m)
    for each in told:
        held.put(each)
    last = {each.rider_id: each for each in told}

    old = held.retire(oldest_ms)
    reach_m = {key: min(each, radius_m) for key, each in reach_m.items()}

    assert {key for key, each in last.items() if each.observed_at < oldest_ms} == old
    assert [held.get(key) for key in last] == [
        None if key in old else each for key, each in last.items()
    ]
    found = held.entered(where, reach_m)
    assert found <= held.around(where)
    assert found == {
        key
        for key, each in last.items()
        if key not in old
        for fact in where
        if haversine_m(each.latitude, each.longitude, fact.latitude, fact.longitude)
        <= reach_m.get(key, radius_m)
    }


def test_who_moved_is_not_looked_for_where_they_were() -> None:
    """Around a pole, too, where the circle meets cells of every longitude."""
    held = Riders(5_000, [AT_POLE])
    driver = genuine(Fact("a", 0, 89.99, 180.0, None, None, None, None, None, "moving", None, 0))
    assert {"r1"} == held.around([driver]) == held.entered([driver], {})

    held.put(evolve(AT_POLE, latitude=0.0))

    assert set() == held.around([driver])
