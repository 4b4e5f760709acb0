"""The laws of the algebra, on any condition and any reading."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetcore.domain.location import FieldName, Reading
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
    all_of,
    any_of,
    at_most,
    between,
    matches,
    negate,
    one_of,
    present,
)
from fleetcore.domain.rules.rule import Rule
from fleetcore.domain.rules.scalar import compile_rules
from fleetcore.domain.vehicles import Vehicle
from fleetcore.testing.rule_strategies import (
    NUMBER_FIELDS,
    SETTINGS,
    TEXT_FIELDS,
    conditions,
    fleet_readings,
)
from fleetcore.testing.strategies import hostile_floats

LIMITS: Final[Mapping[str, float | None]] = {
    "max_speed_kmh": 200.0,
    "max_accuracy_m": None,
    "latest_at": 1_700_000_000_000,
    "earliest_at": None,
}
NOTHING: Final = Reading()
CAB: Final = Vehicle(vehicle_id="cab-1", vehicle_class="truck", max_speed_kmh=50.0)
TRUE: Final = AllOf(())
FALSE: Final = AnyOf(())
UNKNOWN: Final = Compare(Setting("earliest_at"), "==", 0.0)


def truth(
    condition: Condition, reading: Reading = NOTHING, vehicle: Vehicle | None = None
) -> bool | None:
    """What a condition is: a rule on it and one on its negation say so."""
    rules = [
        Rule(code=code, severity="reject", description="", condition=each)
        for code, each in (("false", condition), ("true", Negate(condition)))
    ]
    broken = compile_rules(rules, lambda _class: LIMITS)(reading, vehicle).broken
    assert len(broken) < 2
    return {(): None, ("false",): False, ("true",): True}[broken]


any_conditions = st.lists(conditions(), min_size=1, max_size=3)
law = given(drawn=any_conditions, reading=fleet_readings(), vehicle=st.sampled_from((None, CAB)))


def _first(drawn: list[Condition]) -> Condition:
    return drawn[0]


LAWS: Final[
    Mapping[
        str, tuple[Callable[[list[Condition]], Condition], Callable[[list[Condition]], Condition]]
    ]
] = {
    "double negation": (_first, lambda c: negate(negate(c[0]))),
    "De Morgan, and": (
        lambda c: negate(all_of(*c)),
        lambda c: any_of(*(negate(each) for each in c)),
    ),
    "De Morgan, or": (
        lambda c: negate(any_of(*c)),
        lambda c: all_of(*(negate(each) for each in c)),
    ),
    "commutative, and": (lambda c: all_of(*c), lambda c: all_of(*reversed(c))),
    "commutative, or": (lambda c: any_of(*c), lambda c: any_of(*reversed(c))),
    "associative, and": (lambda c: all_of(*c), lambda c: all_of(c[0], all_of(*c[1:]))),
    "associative, or": (lambda c: any_of(*c), lambda c: any_of(c[0], any_of(*c[1:]))),
    "idempotent, and": (_first, lambda c: all_of(c[0], c[0])),
    "idempotent, or": (_first, lambda c: any_of(c[0], c[0])),
    "absorption, and": (_first, lambda c: all_of(c[0], any_of(*c))),
    "absorption, or": (_first, lambda c: any_of(c[0], all_of(*c))),
    "distributive": (
        lambda c: all_of(c[0], any_of(*c[1:])),
        lambda c: any_of(*(all_of(c[0], each) for each in c[1:])),
    ),
    "true is neutral to and": (_first, lambda c: all_of(c[0], TRUE)),
    "false is neutral to or": (_first, lambda c: any_of(FALSE, c[0])),
    "false absorbs and": (lambda _: FALSE, lambda c: all_of(c[0], FALSE)),
    "true absorbs or": (lambda _: TRUE, lambda c: any_of(TRUE, c[0])),
}


@pytest.mark.parametrize("name", LAWS)
def test_laws_of_kleenes_algebra(name: str) -> None:
    """Both sides of every law are the same condition, whatever the reading."""
    one, other = LAWS[name]

    @settings(max_examples=40)
    @law
    def holds(drawn: list[Condition], reading: Reading, vehicle: Vehicle | None) -> None:
        assert truth(one(drawn), reading, vehicle) is truth(other(drawn), reading, vehicle)

    holds()


@pytest.mark.parametrize("one", [TRUE, FALSE, UNKNOWN])
@pytest.mark.parametrize("other", [TRUE, FALSE, UNKNOWN])
def test_three_values_combine_as_minimum_and_maximum(one: Condition, other: Condition) -> None:
    """With false < unknown < true, `all_of` is the lesser and `any_of` the greater of two."""
    ranks = {False: 0, None: 1, True: 2}
    one_rank, other_rank = ranks[truth(one)], ranks[truth(other)]

    assert min(one_rank, other_rank) == ranks[truth(all_of(one, other))]
    assert max(one_rank, other_rank) == ranks[truth(any_of(one, other))]


def _has_first_of_or_present(condition: Condition) -> bool:
    """Whether a condition asks what is missing, which more values may change."""
    match condition:
        case Compare(left, _, right):
            return isinstance(left, FirstOf) or isinstance(right, FirstOf)
        case OneOf(operand, _):
            return isinstance(operand, FirstOf)
        case AllOf(inner) | AnyOf(inner):
            return any(map(_has_first_of_or_present, inner))
        case Negate(inner_condition):
            return _has_first_of_or_present(inner_condition)
        case Present():
            return True
        case Matches():
            return False


@settings(max_examples=200)
@given(
    condition=conditions().filter(lambda each: not _has_first_of_or_present(each)),
    reading=fleet_readings(),
    number=hostile_floats(),
    text=st.sampled_from(("idle", "", "Rome")),
)
def test_more_values_never_flip_a_definite_result(
    condition: Condition, reading: Reading, number: float, text: str
) -> None:
    """What was true or false stays so when a missing cell is filled in (Kleene monotonicity)."""
    filled = reading
    fields: list[tuple[FieldName, object]] = [
        *((name, 7 if name == "observed_at" else number) for name in NUMBER_FIELDS),
        *((name, text) for name in TEXT_FIELDS),
    ]
    before = truth(condition, reading)
    for name, value in fields:
        if getattr(filled, name) is None:
            filled = evolve(filled, **{name: value})  # type: ignore[arg-type]  # a value of its type

    assert before is None or before is truth(condition, filled)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Compare(1, "<", 2), True),
        (Compare(2, "<", 2), False),
        (Compare(2, "<=", 2.0), True),
        (Compare(2, "==", 2.0), True),
        (Compare(-0.0, "==", 0.0), True),
        (Compare(-0.0, "<", 0.0), False),
        (Compare("a", "<", "b"), True),
        (Compare("a", "==", "A"), False),
        (Compare(math.nan, "==", math.nan), False),
        (Compare(math.nan, "<=", math.inf), False),
        (Compare(math.inf, "<=", math.inf), True),
        (Compare(Field("speed_kmh"), "<", 1.0), None),
        (between(3, 3, 3), True),
        (between(4, 3, 3), False),
        (between(math.nan, -math.inf, math.inf), False),
        (between(Field("speed_kmh"), 0, 1), None),
        (at_most(5, 5), True),
        (at_most(5, Setting("max_accuracy_m")), None),
        (one_of(0.0, -0.0), True),
        (one_of(math.nan, math.nan), False),
        (one_of("idle", "moving", "idle"), True),
        (one_of("idle"), False),
        (one_of(Field("status"), "idle"), None),
        (matches(Field("status"), "a"), None),
        (present(Field("city")), False),
        (present(0), True),
        (present(""), True),
        (present(Metadata("vehicle_id")), False),
        (present(FirstOf(())), False),
        (Compare(FirstOf((Field("speed_kmh"), Setting("max_speed_kmh"))), "==", 200.0), True),
        (Compare(FirstOf((Field("speed_kmh"), Setting("earliest_at"))), "==", 200.0), None),
    ],
)
def test_value_of_a_condition(condition: Condition, expected: bool | None) -> None:
    """Comparisons, sets and presence, with missing values, NaN and both zeros."""
    assert expected is truth(condition)


@pytest.mark.parametrize(
    ("text", "expected"), [("ab", True), ("abc", False), ("xab", False), ("ab\n", False)]
)
def test_a_pattern_matches_the_whole_text(text: str, expected: bool) -> None:
    """A pattern that only part of the text meets does not match."""
    assert expected is truth(matches(Field("city"), "ab"), Reading(city=text))


def test_a_broken_pattern_is_refused_when_it_is_declared() -> None:
    """A pattern that does not compile fails where it is written."""
    with pytest.raises(Exception, match="unterminated"):
        matches(Field("city"), "[")


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_is_off_breaks_nothing(name: str) -> None:
    """A limit that is missing makes a comparison unknown, one that is set decides it."""
    expected = None if LIMITS[name] is None else False

    assert expected is truth(at_most(math.inf, Setting(name)))


@pytest.mark.parametrize(
    ("operand", "expected"),
    [
        (Metadata("max_speed_kmh"), True),
        (FirstOf((Field("speed_kmh"), Metadata("max_speed_kmh"), 1.0)), True),
        (Metadata("depot_latitude"), None),
    ],
)
def test_metadata_of_the_vehicle(operand: Operand, expected: bool | None) -> None:
    """A vehicle's own value is used where it is known."""
    assert expected is truth(Compare(operand, "==", 50.0), vehicle=CAB)


def test_conditions_compare_by_content() -> None:
    """Two declarations of the same condition are equal and may be looked up."""
    assert between(Field("latitude"), -90, 90) == between(Field("latitude"), -90, 90)
    assert 1 == len({one_of(Field("status"), "idle"), one_of(Field("status"), "idle")})
