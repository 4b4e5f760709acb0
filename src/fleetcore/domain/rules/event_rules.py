"""The event rules built in, and a fleet's own severities applied to them."""

from __future__ import annotations

import sys
from typing import Final

from attrs import evolve

from fleetcore.domain.location import STATUSES
from fleetcore.domain.rules.conditions import (
    Compare,
    Condition,
    Field,
    FirstOf,
    Metadata,
    Setting,
    all_of,
    any_of,
    at_most,
    between,
    negate,
    one_of,
    present,
)
from fleetcore.domain.rules.rule import Rule
from fleetcore.domain.rules.settings import FleetSettings

_LARGEST: Final = sys.float_info.max


def _finite(field: str) -> Condition:
    return between(Field(field), -_LARGEST, _LARGEST)


def _in_range_if_finite(field: str, low: float, high: float) -> Condition:
    return any_of(between(Field(field), low, high), negate(_finite(field)))


def _required(field: str) -> Rule:
    return Rule(
        code=f"missing-{field.replace('_', '-')}",
        severity="reject",
        description=f"{field} is required",
        condition=present(Field(field)),
    )


EVENT_RULES: Final[tuple[Rule, ...]] = (
    _required("vehicle_id"),
    _required("observed_at"),
    _required("latitude"),
    _required("longitude"),
    Rule(
        code="not-finite",
        severity="reject",
        description="latitude and longitude are finite numbers",
        condition=all_of(_finite("latitude"), _finite("longitude")),
    ),
    Rule(
        code="latitude-range",
        severity="reject",
        description="latitude is from -90 to 90 degrees",
        condition=_in_range_if_finite("latitude", -90.0, 90.0),
    ),
    Rule(
        code="longitude-range",
        severity="reject",
        description="longitude is from -180 to 180 degrees",
        condition=_in_range_if_finite("longitude", -180.0, 180.0),
    ),
    Rule(
        code="zero-island",
        severity="reject",
        description="the position is not (0, 0), which receivers report without a fix",
        condition=any_of(
            negate(one_of(Field("latitude"), 0.0)), negate(one_of(Field("longitude"), 0.0))
        ),
    ),
    Rule(
        code="swapped-coordinates",
        severity="warn",
        description="latitude and longitude do not look swapped",
        condition=negate(
            all_of(
                negate(between(Field("latitude"), -90.0, 90.0)),
                between(Field("latitude"), -180.0, 180.0),
                between(Field("longitude"), -90.0, 90.0),
            )
        ),
    ),
    Rule(
        code="speed-negative",
        severity="reject",
        description="speed is not below 0 km/h",
        condition=Compare(0.0, "<=", Field("speed_kmh")),
    ),
    Rule(
        code="speed-limit",
        severity="reject",
        description="speed is at most the vehicle's own limit, or max_speed_kmh",
        condition=at_most(
            Field("speed_kmh"), FirstOf((Metadata("max_speed_kmh"), Setting("max_speed_kmh")))
        ),
    ),
    Rule(
        code="heading-range",
        severity="warn",
        description="heading is from 0 to 360 degrees",
        condition=between(Field("heading_deg"), 0.0, 360.0),
        clears="heading_deg",
    ),
    Rule(
        code="battery-range",
        severity="warn",
        description="battery is from 0 to 100 percent",
        condition=between(Field("battery_pct"), 0.0, 100.0),
        clears="battery_pct",
    ),
    Rule(
        code="fuel-range",
        severity="warn",
        description="fuel is from 0 to 100 percent",
        condition=between(Field("fuel_pct"), 0.0, 100.0),
        clears="fuel_pct",
    ),
    Rule(
        code="accuracy-negative",
        severity="warn",
        description="accuracy is not below 0 m, which some receivers report without a fix",
        condition=Compare(0.0, "<=", Field("accuracy_m")),
        clears="accuracy_m",
    ),
    Rule(
        code="accuracy-limit",
        severity="warn",
        description="accuracy is at most max_accuracy_m metres",
        condition=at_most(Field("accuracy_m"), Setting("max_accuracy_m")),
    ),
    Rule(
        code="future",
        severity="reject",
        description="the time is at most max_ahead_s seconds ahead of the ingestion",
        condition=at_most(Field("observed_at"), Setting("latest_at")),
    ),
    Rule(
        code="before-1970",
        severity="reject",
        description="the time is not before 1970, which clocks that were never set report",
        condition=Compare(0, "<=", Field("observed_at")),
    ),
    Rule(
        code="too-old",
        severity="reject",
        description="the time is at most max_age_s seconds old (off until set)",
        condition=Compare(Setting("earliest_at"), "<=", Field("observed_at")),
    ),
    Rule(
        code="unknown-vehicle",
        severity="warn",
        description="the vehicle is in the directory (judged only where one is given)",
        condition=any_of(present(Metadata("vehicle_id")), negate(present(Field("vehicle_id")))),
    ),
    Rule(
        code="unknown-status",
        severity="warn",
        description=f"status is one of {', '.join(STATUSES)} or a known synonym",
        condition=one_of(Field("status"), *STATUSES),
        clears="status",
    ),
)
"""In the order in which broken codes are listed."""

NEEDS_DIRECTORY: Final = frozenset({"unknown-vehicle"})

ALWAYS_REJECTING: Final = frozenset(
    {
        "missing-vehicle-id",
        "missing-observed-at",
        "missing-latitude",
        "missing-longitude",
        "not-finite",
    }
)
"""Rules no setting can soften: without them no location event can exist."""


def rules_in_force(settings: FleetSettings, *, with_directory: bool) -> tuple[Rule, ...]:
    """The event rules with a fleet's severities; rules that are off are left out."""
    chosen = (
        evolve(rule, severity=settings.severities.get(rule.code, rule.severity))
        for rule in EVENT_RULES
        if with_directory or rule.code not in NEEDS_DIRECTORY
    )
    return tuple(rule for rule in chosen if rule.severity != "off")
