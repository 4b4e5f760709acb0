"""Drift is found exactly, however regions are grouped, and only after two looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.regions import fact, forged, memory_region, tombstone

from fleetcore.application.looks import FirstLook, SecondLook, first_look, second_look
from fleetcore.application.panel import Panel
from fleetcore.domain.digests import Sum
from fleetcore.domain.drift import Drifted, Noted, asked, differing, still_behind
from fleetcore.domain.facts import version_of

VEHICLES: Final = tuple(f"cab-{n}" for n in range(6))
REGIONS: Final = tuple("abcde")

histories = st.dictionaries(
    st.sampled_from(REGIONS),
    st.fixed_dictionaries({}, optional={each: st.integers(0, 3) for each in VEHICLES}),
    min_size=2,
)
"""By region and vehicle, how far the register has got."""


def panel_of(holdings: Mapping[str, Mapping[str, int]]) -> Panel:
    """Regions that hold these."""
    regions = []
    for name, held in holdings.items():
        each = memory_region(name)
        each.take_in([fact(vehicle_id, at) for vehicle_id, at in held.items()])
        regions.append(each.region)
    return Panel(regions)


def behind_in(look: FirstLook) -> dict[str, set[str]]:
    """Who is behind, by vehicle."""
    return {each.vehicle_id: set(each.behind) for each in look.vehicles}


@settings(max_examples=200, deadline=None)
@given(holdings=histories)
def test_exactly_those_behind_are_found(holdings: Mapping[str, Mapping[str, int]]) -> None:
    """The winning version and the behind set of every vehicle; missing is behind; nobody else."""
    expected: dict[str, set[str]] = {}
    for vehicle_id in VEHICLES:
        known = {name: held.get(vehicle_id, -1) for name, held in holdings.items()}
        behind = {name for name, at in known.items() if at < max(known.values())}
        if behind:
            expected[vehicle_id] = behind

    look = first_look(panel_of(holdings), 0)

    assert expected == behind_in(look)
    for each in look.vehicles:
        best = max(held.get(each.vehicle_id, -1) for held in holdings.values())
        assert version_of(fact(each.vehicle_id, best)) == each.version
        assert set(holdings) == {*each.behind, *each.holders}


@settings(max_examples=100, deadline=None)
@given(first=histories, later=histories)
def test_who_catches_up_has_not_drifted(
    first: Mapping[str, Mapping[str, int]], later: Mapping[str, Mapping[str, int]]
) -> None:
    """After the second look: those behind then that still are behind what was noted then."""
    regions = {name: memory_region(name) for name in first}
    for name, held in first.items():
        regions[name].take_in([fact(vehicle_id, at) for vehicle_id, at in held.items()])
    noted = first_look(Panel([each.region for each in regions.values()]), 0)
    for name in first.keys() & later.keys():
        regions[name].take_in([fact(vehicle_id, at) for vehicle_id, at in later[name].items()])

    look = second_look(Panel([each.region for each in regions.values()]), noted)

    expected = {
        (name, vehicle_id)
        for vehicle_id, behind in behind_in(noted).items()
        for name in behind
        if max(first[name].get(vehicle_id, -1), later.get(name, {}).get(vehicle_id, -1))
        < max(held.get(vehicle_id, -1) for held in first.values())
    }
    assert expected == {(each.region, each.vehicle_id) for each in look.drifted}


@given(
    held=st.lists(st.none() | st.integers(0, 3), min_size=1, max_size=5),
    version=st.integers(0, 3),
)
def test_only_what_is_still_behind_the_noted_version_counts(
    held: list[int | None], version: int
) -> None:
    """A newer version, though not the newest by now, is not behind; nothing at all is."""
    names = [f"r{n}" for n in range(len(held))]
    noted = Noted(
        vehicle_id="cab-1",
        version=version_of(fact(at=version)),
        holders=(),
        behind=(*names, "silent"),
    )
    answers = {
        name: {} if at is None else {"cab-1": fact(at=at)}
        for name, at in zip(names, held, strict=True)
    }

    expected = tuple(
        name for name, at in zip(names, held, strict=True) if at is None or at < version
    )
    assert ({"cab-1": expected} if expected else {}) == still_behind([noted], answers)


def test_a_region_that_does_not_answer_is_not_taken_for_empty() -> None:
    """It is neither behind nor compared."""
    panel = panel_of({"a": {"cab-1": 1}, "b": {"cab-1": 1}, "c": {}})
    panel.unreachable["c"] = "cut off"

    look = first_look(panel, 0)

    assert (("a", "b"), ()) == (look.compared, look.vehicles)


@given(holdings=histories, graves=st.dictionaries(st.sampled_from(REGIONS), st.just("cab-0")))
@settings(max_examples=50, deadline=None)
def test_tombstones_are_missed_where_others_have_them(
    holdings: Mapping[str, Mapping[str, int]], graves: Mapping[str, str]
) -> None:
    """A region without the tombstone is behind on it, and on that vehicle nobody else is."""
    regions = {name: memory_region(name) for name in holdings}
    for name, held in holdings.items():
        regions[name].take_in([fact(vehicle_id, at) for vehicle_id, at in held.items()])
    with_grave = {name for name in graves if name in regions}
    for name in with_grave:
        regions[name].region.bury([tombstone("cab-0")])

    look = first_look(Panel([each.region for each in regions.values()]), 0)

    lacking = set(holdings) - with_grave if with_grave else set()
    assert lacking == {name for each in look.tombstones for name in each.behind}
    assert not with_grave or "cab-0" not in behind_in(look)


def test_other_content_under_the_same_version_is_no_drift() -> None:
    """Digests are equal then; it is told apart by going through the registers."""
    regions = [memory_region("a"), memory_region("b")]
    for each in regions:
        each.take_in([fact(), fact("cab-2", 5)])
    regions[1].registers.replace(fact(), forged(fact()))
    panel = Panel([each.region for each in regions])

    look = first_look(panel, 0, (0, 1))

    assert ((), {"b": ("cab-1",)}) == (look.vehicles, look.corrupt)
    assert SecondLook(corrupt={"b": (forged(fact()),)}) == second_look(panel, look)


def test_a_corrupt_winner_makes_nobody_drift() -> None:
    """A version that no genuine fact has is not one to be behind of."""
    regions = [memory_region("a"), memory_region("b"), memory_region("c")]
    for each in regions:
        each.take_in([fact()])
    false = fact()._replace(observed_at=fact().observed_at + 9, fingerprint=77)
    regions[0].registers.replace(fact(), false)
    panel = Panel([each.region for each in regions])

    look = second_look(panel, first_look(panel, 0))

    assert ((), {"a": (false,)}) == (look.drifted, look.corrupt)


def test_the_distance_is_between_held_and_winning() -> None:
    """In metres, and in time; unknown where nothing is held."""
    drifted = Drifted(region="a", winning=fact(at=2_000, latitude=48.2), held=fact(latitude=48.1))

    assert pytest.approx(11_119.5, abs=0.5) == drifted.metres
    assert (2_000, "cab-1") == (drifted.behind_ms, drifted.vehicle_id)
    missing = Drifted(region="a", winning=fact(), held=None)
    assert (None, None) == (missing.metres, missing.behind_ms)


def test_one_of_each_class_is_asked() -> None:
    """Regions that hold the same are asked once; what is equal everywhere not at all."""
    one, two = Sum(1, 1), Sum(1, 2)
    sums = {
        "c": {1: one, 2: one},
        "a": {1: one, 2: two},
        "b": {1: one, 2: one, 3: one},
    }

    found = differing(sums)

    assert {2: {("b", "c"), ("a",)}, 3: {("a", "c"), ("b",)}} == {
        number: set(classes) for number, classes in found.items()
    }
    assert {"a": [2, 3], "b": [2, 3]} == {name: sorted(each) for name, each in asked(found).items()}
