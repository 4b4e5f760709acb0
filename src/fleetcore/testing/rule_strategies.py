"""Hypothesis strategies for conditions, rules and what they are judged against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

from attrs import evolve
from hypothesis import strategies as st

from fleetcore.domain.location import OPTIONAL_NUMBERS, STATUSES, FieldName, Reading
from fleetcore.domain.rules.conditions import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Field,
    FirstOf,
    Matches,
    Metadata,
    Negate,
    OneOf,
    Operand,
    Present,
    Setting,
)
from fleetcore.domain.rules.event_rules import EVENT_RULES
from fleetcore.domain.rules.rule import Rule
from fleetcore.domain.rules.settings import FleetSettings, Limits, Severity
from fleetcore.domain.vehicles import Vehicle
from fleetcore.testing.strategies import hostile_floats, readings, vehicles

NUMBER_FIELDS: Final[tuple[FieldName, ...]] = (
    "latitude",
    "longitude",
    "observed_at",
    *OPTIONAL_NUMBERS,
)
TEXT_FIELDS: Final[tuple[FieldName, ...]] = ("status", "city", "source")
SETTINGS: Final = ("max_speed_kmh", "max_accuracy_m", "latest_at", "earliest_at")
METADATA: Final = ("max_speed_kmh",)
CLASSES: Final = ("truck", "van")
VEHICLES: Final = ("cab-1", "cab-2", "\N{LATIN SMALL LETTER E WITH ACUTE}")

_WORDS: Final = (*STATUSES, "", "a", "Rome", "Z\N{LATIN SMALL LETTER U WITH DIAERESIS}rich")
_PATTERNS: Final = ("", ".*", "[a-z]+", "(?i)rome|idle", r"\w", "[^\x00-\x7f]+")
_LIMITS: Final = ("max_speed_kmh", "max_accuracy_m", "max_ahead_s", "max_age_s")
_CODES: Final = tuple(rule.code for rule in EVENT_RULES)


def numbers() -> st.SearchStrategy[Operand]:
    """Operands that are numbers where they are not missing."""
    return st.recursive(
        st.one_of(
            st.sampled_from(NUMBER_FIELDS).map(Field),
            st.sampled_from(METADATA).map(Metadata),
            st.sampled_from(SETTINGS).map(Setting),
            hostile_floats(),
            st.integers(-(2**53), 2**53),
        ),
        _first_of,
        max_leaves=3,
    )


def words() -> st.SearchStrategy[Operand]:
    """Operands that are texts where they are not missing."""
    return st.recursive(
        st.one_of(
            st.sampled_from(TEXT_FIELDS).map(Field),
            st.just(Metadata("vehicle_class")),
            st.sampled_from(_WORDS),
        ),
        _first_of,
        max_leaves=3,
    )


def _first_of(operand: st.SearchStrategy[Operand]) -> st.SearchStrategy[Operand]:
    return st.lists(operand, max_size=3).map(lambda drawn: FirstOf(tuple(drawn)))


def conditions() -> st.SearchStrategy[Condition]:
    """Any condition whose operands can be compared with each other."""
    relations: tuple[Literal["<", "<=", "=="], ...] = get_args(Literal["<", "<=", "=="])
    relation = st.sampled_from(relations)
    leaf: st.SearchStrategy[Condition] = st.one_of(
        st.builds(Compare, numbers(), relation, numbers()),
        st.builds(Compare, words(), relation, words()),
        st.builds(Present, numbers() | words() | st.just(Field("vehicle_id"))),
        st.builds(Present, st.just(Metadata("vehicle_id"))),
        st.builds(OneOf, numbers(), st.lists(hostile_floats(), max_size=3).map(tuple)),
        st.builds(OneOf, words(), st.lists(st.sampled_from(_WORDS), max_size=3).map(tuple)),
        st.builds(
            Matches, st.sampled_from(TEXT_FIELDS).map(Field), pattern=st.sampled_from(_PATTERNS)
        ),
    )

    def combined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        several = st.lists(inner, max_size=3).map(tuple)
        return st.one_of(
            st.builds(AllOf, several), st.builds(AnyOf, several), st.builds(Negate, inner)
        )

    return st.recursive(leaf, combined, max_leaves=4)


def rules() -> st.SearchStrategy[tuple[Rule, ...]]:
    """Rules with codes of their own, in any severity."""
    severities: tuple[Severity, ...] = ("reject", "warn")
    severity = st.sampled_from(severities)
    return st.lists(st.tuples(severity, conditions()), max_size=4).map(
        lambda drawn: tuple(
            Rule(code=f"rule-{n}", severity=severity, description="", condition=condition)
            for n, (severity, condition) in enumerate(drawn)
        )
    )


def limits() -> st.SearchStrategy[float | None]:
    """Values a limit may be set to."""
    return st.none() | st.sampled_from((0.0, 50.0, 200.0, 1.7e308)) | st.floats(0, 1e9)


def rule_settings() -> st.SearchStrategy[FleetSettings]:
    """Settings as a fleet may write them: limits, classes that are met, severities."""
    softer = st.sampled_from(_CODES[5:])
    severities: tuple[Severity, ...] = ("reject", "warn", "off")
    return st.builds(
        FleetSettings,
        limits=st.builds(
            Limits,
            max_speed_kmh=limits(),
            max_accuracy_m=limits(),
            max_ahead_s=limits(),
            max_age_s=limits(),
        ),
        classes=st.dictionaries(
            st.sampled_from(CLASSES),
            st.dictionaries(st.sampled_from(_LIMITS), limits(), max_size=2),
            max_size=2,
        ),
        severities=st.dictionaries(softer, st.sampled_from(severities), max_size=3),
    )


def fleets() -> st.SearchStrategy[Mapping[str, Vehicle]]:
    """Metadata of some of `VEHICLES`, with anything but the id missing."""
    classes = st.sampled_from((None, *CLASSES))
    return st.lists(st.sampled_from(VEHICLES), unique=True).flatmap(
        lambda ids: st.fixed_dictionaries({each: vehicles(st.just(each), classes) for each in ids})
    )


def fleet_readings() -> st.SearchStrategy[Reading]:
    """Readings, most of them of `VEHICLES`."""

    def of_fleet(reading: Reading, vehicle_id: str | None, city: str | None) -> Reading:
        return evolve(reading, vehicle_id=vehicle_id, city=city)

    return st.builds(
        of_fleet,
        readings(),
        vehicle_id=st.none() | st.sampled_from((*VEHICLES, "stranger")),
        city=st.none() | st.sampled_from(_WORDS),
    )
