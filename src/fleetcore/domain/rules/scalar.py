"""Rules compiled to plain Python for one reading at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from operator import eq, le, lt
from typing import Any, Final, TypeAlias, assert_never

from attrs import frozen

from fleetcore.domain.location import Reading
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
    Value,
)
from fleetcore.domain.rules.rule import Rule, Verdict
from fleetcore.domain.vehicles import Vehicle

Judge: TypeAlias = Callable[[Reading, Vehicle | None], Verdict]


@frozen(slots=True)
class _Case:
    """One reading with what is known beside it."""

    reading: Reading
    vehicle: Vehicle | None
    settings: Mapping[str, float | int | None]


_Get: TypeAlias = Callable[[_Case], Value | None]
_Test: TypeAlias = Callable[[_Case], bool | None]

_RELATIONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {"<": lt, "<=": le, "==": eq}


def compile_rules(
    rules: Sequence[Rule],
    settings_of_class: Callable[[str | None], Mapping[str, float | int | None]],
) -> Judge:
    """One function that judges a reading by all rules.

    `settings_of_class` gives the value of every `Setting` for a vehicle class.
    """
    tests = [(rule, _test(rule.condition)) for rule in rules]

    def judge(reading: Reading, vehicle: Vehicle | None) -> Verdict:
        settings = settings_of_class(None if vehicle is None else vehicle.vehicle_class)
        case = _Case(reading, vehicle, settings)
        broken = [rule for rule, test in tests if test(case) is False]
        return Verdict(
            broken=tuple(rule.code for rule in broken if rule.severity == "reject"),
            warnings=tuple(rule.code for rule in broken if rule.severity == "warn"),
        )

    return judge


def _get(operand: Operand) -> _Get:
    match operand:
        case Field(name):
            return lambda case: getattr(case.reading, name)
        case Metadata(name):
            return lambda case: getattr(case.vehicle, name, None)
        case Setting(name):
            return lambda case: case.settings[name]
        case FirstOf(operands):
            getters = [_get(each) for each in operands]
            return lambda case: next(
                (value for getter in getters if (value := getter(case)) is not None), None
            )
        case str() | int() | float():
            return lambda _case: operand
        case _:
            assert_never(operand)


def _test(condition: Condition) -> _Test:
    match condition:
        case Compare(left, relation, right):
            return _comparison(_get(left), _RELATIONS[relation], _get(right))
        case Present(operand):
            get = _get(operand)
            return lambda case: get(case) is not None
        case OneOf(operand, values):
            get = _get(operand)
            # `value in values` would find a NaN that is the same object.
            return lambda case: (
                None if (value := get(case)) is None else any(value == each for each in values)
            )
        case Matches(operand, pattern):
            get, whole = _get(operand), re.compile(pattern).fullmatch
            return lambda case: (
                None if (value := get(case)) is None else whole(str(value)) is not None
            )
        case AllOf(conditions):
            return _combined([_test(each) for each in conditions], deciding=False)
        case AnyOf(conditions):
            return _combined([_test(each) for each in conditions], deciding=True)
        case Negate(inner):
            test = _test(inner)
            return lambda case: None if (result := test(case)) is None else not result
        case _:
            assert_never(condition)


def _comparison(left: _Get, holds: Callable[[Any, Any], bool], right: _Get) -> _Test:
    def test(case: _Case) -> bool | None:
        one, other = left(case), right(case)
        return None if one is None or other is None else holds(one, other)

    return test


def _combined(tests: Sequence[_Test], *, deciding: bool) -> _Test:
    """Kleene's "and" (deciding=False) or "or" (deciding=True)."""

    def test(case: _Case) -> bool | None:
        unknown = False
        for each in tests:
            result = each(case)
            if result is deciding:
                return deciding
            unknown = unknown or result is None
        return None if unknown else not deciding

    return test
