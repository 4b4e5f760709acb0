"""The rules built in, at the values where they change their minds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Final

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.judging import clearing, judge_for
from fleetcore.domain.location import REQUIRED_FIELDS, Reading
from fleetcore.domain.rules.event_rules import (
    ALWAYS_REJECTING,
    EVENT_RULES,
    NEEDS_DIRECTORY,
    rules_in_force,
)
from fleetcore.domain.rules.rule import Verdict
from fleetcore.domain.rules.settings import FleetSettings, Limits
from fleetcore.domain.vehicles import Vehicle
from fleetcore.testing.rule_strategies import fleet_readings, rule_settings

NOW_MS: Final = 1_700_000_000_000
GOOD: Final = Reading(
    vehicle_id="cab-1", observed_at=NOW_MS, latitude=37.7, longitude=-122.4, status="moving"
)
DEFAULTS: Final = FleetSettings()
PAST_200: Final = math.nextafter(200.0, 201.0)


def verdict(
    reading: Reading,
    fleet: FleetSettings = DEFAULTS,
    vehicle: Vehicle | None = None,
    *,
    with_directory: bool = False,
) -> Verdict:
    """What a fleet's rules say of a reading."""
    return judge_for(fleet, NOW_MS, with_directory=with_directory)(reading, vehicle)


def test_a_good_reading_breaks_nothing() -> None:
    """The reading that the other tests change is accepted without a warning."""
    assert Verdict() == verdict(GOOD)
    assert verdict(GOOD).accepted


@pytest.mark.parametrize(
    ("changes", "broken", "warnings"),
    [
        ({"vehicle_id": None}, ["missing-vehicle-id"], []),
        ({"observed_at": None}, ["missing-observed-at"], []),
        ({"latitude": None}, ["missing-latitude"], []),
        ({"longitude": None}, ["missing-longitude"], []),
        ({"latitude": math.nan}, ["not-finite"], []),
        ({"latitude": math.inf, "longitude": math.nan}, ["not-finite"], []),
        ({"longitude": -math.inf}, ["not-finite"], []),
        ({"latitude": 90.0}, [], []),
        ({"latitude": -90.0}, [], []),
        ({"latitude": math.nextafter(90.0, 91.0), "longitude": 91.0}, ["latitude-range"], []),
        ({"latitude": math.nextafter(-90.0, -91.0), "longitude": 91.0}, ["latitude-range"], []),
        ({"longitude": 180.0}, [], []),
        ({"longitude": -180.0}, [], []),
        ({"longitude": math.nextafter(180.0, 181.0)}, ["longitude-range"], []),
        ({"longitude": math.nextafter(-180.0, -181.0)}, ["longitude-range"], []),
        ({"latitude": 1e308, "longitude": 1e308}, ["latitude-range", "longitude-range"], []),
        ({"latitude": 0.0, "longitude": 0.0}, ["zero-island"], []),
        ({"latitude": -0.0, "longitude": 0.0}, ["zero-island"], []),
        ({"latitude": 0.0, "longitude": 5e-324}, [], []),
        ({"latitude": 5e-324, "longitude": 0.0}, [], []),
        (
            {"latitude": -122.4, "longitude": 37.7},
            ["latitude-range"],
            ["swapped-coordinates"],
        ),
        ({"latitude": 180.0, "longitude": 90.0}, ["latitude-range"], ["swapped-coordinates"]),
        ({"latitude": 180.5, "longitude": 90.0}, ["latitude-range"], []),
        ({"speed_kmh": 0.0}, [], []),
        ({"speed_kmh": -0.0}, [], []),
        ({"speed_kmh": -5e-324}, ["speed-negative"], []),
        ({"speed_kmh": 200.0}, [], []),
        ({"speed_kmh": PAST_200}, ["speed-limit"], []),
        ({"heading_deg": 0.0}, [], []),
        ({"heading_deg": 360.0}, [], []),
        ({"heading_deg": math.nextafter(360.0, 361.0)}, [], ["heading-range"]),
        ({"heading_deg": -1.0}, [], ["heading-range"]),
        ({"battery_pct": 0.0}, [], []),
        ({"battery_pct": 100.0}, [], []),
        ({"battery_pct": 100.5}, [], ["battery-range"]),
        ({"battery_pct": -0.5}, [], ["battery-range"]),
        ({"fuel_pct": 0.0}, [], []),
        ({"fuel_pct": 100.0}, [], []),
        ({"fuel_pct": 100.5}, [], ["fuel-range"]),
        ({"fuel_pct": -0.5}, [], ["fuel-range"]),
        ({"accuracy_m": 0.0}, [], []),
        ({"accuracy_m": 1000.0}, [], []),
        ({"accuracy_m": 1000.5}, [], ["accuracy-limit"]),
        ({"accuracy_m": -1.0}, [], ["accuracy-negative"]),
        ({"observed_at": NOW_MS + 600_000}, [], []),
        ({"observed_at": NOW_MS + 600_001}, ["future"], []),
        ({"observed_at": 0}, [], []),
        ({"observed_at": -1}, ["before-1970"], []),
        ({"status": None}, [], []),
        ({"status": "idle"}, [], []),
        ({"status": "offline"}, [], []),
        ({"status": "towed"}, [], ["unknown-status"]),
        ({"status": ""}, [], ["unknown-status"]),
        (
            {"vehicle_id": None, "latitude": 91.0, "longitude": 200.0, "fuel_pct": -1.0},
            ["missing-vehicle-id", "latitude-range", "longitude-range"],
            ["fuel-range"],
        ),
    ],
)
def test_defaults_at_their_boundaries(
    changes: dict[str, float | str | None], broken: list[str], warnings: list[str]
) -> None:
    """Each rule is broken just past its boundary, not on it; codes come in the rules' order."""
    reading = evolve(GOOD, **changes)  # type: ignore[arg-type]  # each value is of its field's type

    found = verdict(reading)

    assert (broken, warnings) == (list(found.broken), list(found.warnings))
    assert found.accepted is not bool(broken)


def test_every_rule_is_broken_somewhere() -> None:
    """The tests here meet every built-in rule; a new rule without a test fails this one."""
    (table,) = (
        mark.args[1]
        for mark in test_defaults_at_their_boundaries.pytestmark  # type: ignore[attr-defined]  # set by pytest
        if mark.name == "parametrize"
    )
    met = {code for _, broken, warnings in table for code in (*broken, *warnings)}

    assert {rule.code for rule in EVENT_RULES} - met == {"too-old", "unknown-vehicle"}


@pytest.mark.parametrize(
    ("age_ms", "broken"), [(3_600_000, ()), (3_600_001, ("too-old",)), (0, ())]
)
def test_horizon(age_ms: int, broken: tuple[str, ...]) -> None:
    """With a horizon of an hour, an hour is not too old and a millisecond more is."""
    fleet = FleetSettings(limits=Limits(max_age_s=3600.0))

    assert broken == verdict(evolve(GOOD, observed_at=NOW_MS - age_ms), fleet).broken


def test_no_horizon_until_it_is_set() -> None:
    """Old files are history."""
    assert verdict(evolve(GOOD, observed_at=0)).accepted


@pytest.mark.parametrize("with_directory", [True, False])
def test_unknown_vehicle_only_with_a_directory(with_directory: bool) -> None:
    """A vehicle can be unknown only where some are known."""
    found = verdict(GOOD, with_directory=with_directory)

    assert (("unknown-vehicle",) if with_directory else ()) == found.warnings
    assert found.accepted


def test_a_vehicle_in_the_directory_is_known() -> None:
    """A vehicle whose id is all that is known of it breaks nothing."""
    assert Verdict() == verdict(GOOD, vehicle=Vehicle(vehicle_id="cab-1"), with_directory=True)


TRUCKS: Final = FleetSettings(
    limits=Limits(max_speed_kmh=120.0), classes={"truck": {"max_speed_kmh": 90.0}, "van": {}}
)


@pytest.mark.parametrize(
    ("vehicle_class", "own_limit", "limit"),
    [
        (None, None, 120.0),
        ("truck", None, 90.0),
        ("van", None, 120.0),
        ("boat", None, 120.0),
        ("truck", 250.0, 250.0),
        (None, 10.0, 10.0),
    ],
)
def test_whose_speed_limit_counts(
    vehicle_class: str | None, own_limit: float | None, limit: float
) -> None:
    """The vehicle's own limit, else its class's, else the fleet's."""
    vehicle = Vehicle(vehicle_id="cab-1", vehicle_class=vehicle_class, max_speed_kmh=own_limit)
    above = math.nextafter(limit, math.inf)

    assert verdict(evolve(GOOD, speed_kmh=limit), TRUCKS, vehicle).accepted
    assert ("speed-limit",) == verdict(evolve(GOOD, speed_kmh=above), TRUCKS, vehicle).broken


def test_a_class_may_switch_a_limit_off() -> None:
    """A limit that is off for a class binds the others still."""
    fleet = FleetSettings(classes={"truck": {"max_speed_kmh": None}})
    fast = evolve(GOOD, speed_kmh=1e6)

    assert verdict(fast, fleet, Vehicle(vehicle_id="cab-1", vehicle_class="truck")).accepted
    assert ("speed-limit",) == verdict(fast, fleet).broken


@pytest.mark.parametrize("limit", ["max_speed_kmh", "max_ahead_s"])
def test_a_limit_that_is_off_rejects_nothing(limit: str) -> None:
    """`off` is no limit at all."""
    fleet = FleetSettings(limits=Limits(**{limit: None}))
    reading = (
        evolve(GOOD, speed_kmh=1e9)
        if limit == "max_speed_kmh"
        else evolve(GOOD, observed_at=NOW_MS * 2)
    )

    assert not verdict(reading).accepted
    assert verdict(reading, fleet).accepted


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        ("reject", Verdict(broken=("speed-limit",))),
        ("warn", Verdict(warnings=("speed-limit",))),
        ("off", Verdict()),
    ],
)
def test_severities_of_a_fleet(severity: str, expected: Verdict) -> None:
    """A fleet decides what a broken rule does."""
    fleet = FleetSettings(severities={"speed-limit": severity})  # type: ignore[dict-item]  # one of the three

    assert expected == verdict(evolve(GOOD, speed_kmh=PAST_200), fleet)


def test_limits_far_beyond_any_time_are_no_limits() -> None:
    """The greatest numbers a limit may be set to neither overflow nor reject."""
    fleet = FleetSettings(limits=Limits(max_ahead_s=1.7e308, max_age_s=1.7e308))

    assert verdict(evolve(GOOD, observed_at=253_402_300_799_999), fleet).accepted
    assert verdict(evolve(GOOD, observed_at=0), fleet).accepted


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("heading_deg", 361.0, "heading-range"),
        ("battery_pct", -1.0, "battery-range"),
        ("fuel_pct", 101.0, "fuel-range"),
        ("accuracy_m", -1.0, "accuracy-negative"),
        ("status", "towed", "unknown-status"),
    ],
)
def test_a_warning_that_clears_makes_the_cell_null(
    field: str, value: float | str, code: str
) -> None:
    """The event is accepted without the cell that warned, and with all its others."""
    reading = evolve(GOOD, source="x", **{field: value})  # type: ignore[arg-type]  # a value of its type
    found = verdict(reading)

    event = clearing(FleetSettings(), with_directory=False)(reading, found)

    assert (code,) == found.warnings
    assert (None, "x") == (getattr(event, field), event.source)
    assert ("cab-1", NOW_MS, 37.7) == (event.vehicle_id, event.observed_at, event.latitude)


def test_codes_are_unique_and_described() -> None:
    """A code names one rule, and every rule says what it asks for."""
    codes = Counter(rule.code for rule in EVENT_RULES)

    assert [] == [code for code, times in codes.items() if times > 1]
    assert all(rule.description for rule in EVENT_RULES)
    assert codes.keys() >= ALWAYS_REJECTING | NEEDS_DIRECTORY


def test_rules_that_are_off_are_left_out() -> None:
    """Neither rules that are off nor those that need a directory are judged."""
    in_force = rules_in_force(
        FleetSettings(severities={"future": "off", "zero-island": "warn"}), with_directory=False
    )
    severities: Mapping[str, str] = {rule.code: rule.severity for rule in in_force}

    assert "future" not in severities
    assert not severities.keys() & NEEDS_DIRECTORY
    assert "warn" == severities["zero-island"]


@given(reading=fleet_readings(), fleet=rule_settings(), with_directory=st.booleans())
def test_what_is_accepted_can_be_an_event(
    reading: Reading, fleet: FleetSettings, with_directory: bool
) -> None:
    """Whatever a fleet sets: a reading that is accepted has what a location event needs.

    A status that is unknown is cleared only while its rule is in force.
    """
    fleet = evolve(
        fleet,
        severities={k: v for k, v in fleet.severities.items() if k != "unknown-status"},
    )
    finite = all(
        value is None or math.isfinite(value)
        for value in (
            reading.speed_kmh,
            reading.heading_deg,
            reading.accuracy_m,
            reading.battery_pct,
            reading.fuel_pct,
        )
    )
    found = verdict(reading, fleet, with_directory=with_directory)
    if found.accepted and finite:
        event = clearing(fleet, with_directory=with_directory)(reading, found)
        assert all(getattr(event, field) is not None for field in REQUIRED_FIELDS)
