"""The specification algebra: conditions on one event, declared as data.

A condition is true, false or unknown. It is unknown where it needs a value that is missing, and
Kleene's strong logic combines the three: a rule is broken only by a condition that is false, so
a missing optional cell breaks nothing. NaN is a value: every comparison with it is false.

Conditions are immutable and compare by content. `fleetcore.domain.rules.scalar` evaluates them
on one reading; the Arrow adapter evaluates the same data on columns.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from attrs import frozen

Value: TypeAlias = str | int | float


@frozen(slots=True)
class Field:
    """A field of the reading being judged, by name."""

    name: str


@frozen(slots=True)
class Metadata:
    """A field of the vehicle's metadata, by name; missing where the vehicle is unknown."""

    name: str


@frozen(slots=True)
class Setting:
    """A limit set for the fleet or the vehicle's class; missing where it is off."""

    name: str


@frozen(slots=True)
class FirstOf:
    """The first operand that is not missing."""

    operands: tuple[Operand, ...]


Operand: TypeAlias = Field | Metadata | Setting | FirstOf | str | int | float
"""Where a condition takes a value from; a plain string or number stands for itself."""


@frozen(slots=True)
class Compare:
    """Two operands in a relation; unknown if either is missing."""

    left: Operand
    relation: Literal["<", "<=", "=="]
    right: Operand


@frozen(slots=True)
class Present:
    """The operand is not missing; never unknown."""

    operand: Operand


@frozen(slots=True)
class OneOf:
    """The operand equals one of the values; unknown if it is missing."""

    operand: Operand
    values: tuple[Value, ...]


@frozen(slots=True)
class Matches:
    """A text operand matches the whole pattern (Python `re` syntax); unknown if it is missing."""

    operand: Field
    pattern: str

    def __attrs_post_init__(self) -> None:
        re.compile(self.pattern)


@frozen(slots=True)
class AllOf:
    """Kleene conjunction; true when empty."""

    conditions: tuple[Condition, ...]


@frozen(slots=True)
class AnyOf:
    """Kleene disjunction; false when empty."""

    conditions: tuple[Condition, ...]


@frozen(slots=True)
class Negate:
    """Kleene negation: unknown stays unknown."""

    condition: Condition


Condition: TypeAlias = Compare | Present | OneOf | Matches | AllOf | AnyOf | Negate


def at_most(operand: Operand, limit: Operand) -> Condition:
    """The operand is not above the limit."""
    return Compare(operand, "<=", limit)


def between(operand: Operand, low: Operand, high: Operand) -> Condition:
    """The operand is in the closed range."""
    return AllOf((Compare(low, "<=", operand), Compare(operand, "<=", high)))


def all_of(*conditions: Condition) -> Condition:
    """Every condition holds."""
    return AllOf(conditions)


def any_of(*conditions: Condition) -> Condition:
    """At least one condition holds."""
    return AnyOf(conditions)


def negate(condition: Condition) -> Condition:
    """The condition does not hold."""
    return Negate(condition)


def present(operand: Operand) -> Condition:
    """The operand is not missing."""
    return Present(operand)


def one_of(operand: Operand, *values: Value) -> Condition:
    """The operand is one of the values."""
    return OneOf(operand, values)


def matches(operand: Field, pattern: str) -> Condition:
    """The whole text matches a regular expression."""
    return Matches(operand, pattern)
