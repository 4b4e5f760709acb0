"""Event rules on columns: the same verdicts as the scalar rules, a block at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import eq, le, lt
from typing import Any, Final, TypeAlias, assert_never

import numpy as np
from attrs import frozen

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
from fleetcore.domain.rules.rule import Rule
from fleetcore_adapters.arrow.columns import MISSING, Column, Mask, Numbers, Texts

Cells: TypeAlias = Column | Value | None
"""A column, one value for all rows, or nothing for all rows."""

Flags: TypeAlias = "Mask | bool"


@frozen(kw_only=True, slots=True, eq=False)
class Case:
    """The rows of a block with what is known beside them; absent names are missing."""

    rows: int
    fields: Mapping[str, Column]
    metadata: Mapping[str, Column]
    settings: Mapping[str, Cells]


@frozen(slots=True, eq=False)
class Truth:
    """Where a condition is true and where it is false; elsewhere it is unknown."""

    true: Flags
    false: Flags


_UNKNOWN: Final = Truth(False, False)
_RELATIONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {"<": lt, "<=": le, "==": eq}


def broken(rules: Sequence[Rule], case: Case) -> tuple[tuple[Rule, Mask], ...]:
    """The rules that some row broke, each with the rows that broke it."""
    found = []
    for rule in rules:
        false = evaluate(rule.condition, case).false
        if isinstance(false, bool):
            if false and case.rows:
                found.append((rule, np.ones(case.rows, dtype=np.bool_)))
        elif false.any():
            found.append((rule, false))
    return tuple(found)


def evaluate(condition: Condition, case: Case) -> Truth:
    """Where a condition holds and where it does not."""
    match condition:
        case Compare(left, relation, right):
            return _comparison(_cells(left, case), relation, _cells(right, case))
        case Present(operand):
            there = _present(_cells(operand, case))
            return Truth(there, _not(there))
        case OneOf(operand, values):
            return _one_of(_cells(operand, case), values)
        case Matches(operand, pattern):
            return _matches(_cells(operand, case), re.compile(pattern))
        case AllOf(conditions):
            return reduce(_both, (evaluate(each, case) for each in conditions), Truth(True, False))
        case AnyOf(conditions):
            return reduce(
                _either, (evaluate(each, case) for each in conditions), Truth(False, True)
            )
        case Negate(inner):
            truth = evaluate(inner, case)
            return Truth(truth.false, truth.true)
        case _:
            assert_never(condition)


def _cells(operand: Operand, case: Case) -> Cells:
    match operand:
        case Field(name):
            return case.fields.get(name)
        case Metadata(name):
            return case.metadata.get(name)
        case Setting(name):
            return case.settings[name]
        case FirstOf(operands):
            return _first([_cells(each, case) for each in operands])
        case str() | int() | float():
            return operand
        case _:
            assert_never(operand)


def _first(operands: list[Cells]) -> Cells:
    """The first that is not missing, row by row."""
    chosen: Cells = None
    for cells in reversed(operands):
        if cells is None:
            continue
        if isinstance(cells, Texts):
            chosen = _first_text(cells, chosen)
            continue
        if not isinstance(cells, Numbers) or cells.valid is None:
            chosen = cells
            continue
        fallback = 0.0 if chosen is None else _comparable(chosen)
        there = _present(chosen)
        values = np.where(cells.valid, cells.values, fallback)
        chosen = Numbers(values=values, valid=None if there is True else cells.valid | there)
    return chosen


def _first_text(texts: Texts, otherwise: Cells) -> Texts:
    if isinstance(otherwise, str):
        otherwise = Texts(codes=np.zeros_like(texts.codes), values=(otherwise,))
    if not isinstance(otherwise, Texts):
        return texts
    codes = np.where(otherwise.codes < 0, MISSING, otherwise.codes + len(texts.values))
    return Texts(
        codes=np.where(texts.codes < 0, codes, texts.codes).astype(np.int32),
        values=(*texts.values, *otherwise.values),
    )


def _present(cells: Cells) -> Flags:
    if isinstance(cells, Numbers):
        return True if cells.valid is None else cells.valid
    if isinstance(cells, Texts):
        return cells.codes >= 0
    return cells is not None


def _comparison(left: Cells, relation: str, right: Cells) -> Truth:
    if left is None or right is None:
        return _UNKNOWN
    holds = _RELATIONS[relation](_comparable(left), _comparable(right))
    if isinstance(holds, bool | np.bool_):
        return Truth(bool(holds), not holds)
    return _where_known(holds, _and(_present(left), _present(right)))


def _comparable(cells: Column | Value) -> Any:
    if isinstance(cells, Numbers):
        return cells.values
    if isinstance(cells, Texts):
        return np.array([*cells.values, ""], dtype=object)[cells.codes]
    return cells


def _one_of(cells: Cells, values: tuple[Value, ...]) -> Truth:
    if cells is None:
        return _UNKNOWN
    if isinstance(cells, Numbers):
        holds: Mask = np.zeros(len(cells.values), dtype=np.bool_)
        for value in values:
            np.logical_or(holds, cells.values == value, out=holds)
        return _where_known(holds, _present(cells))
    if isinstance(cells, Texts):
        return _by_value(cells, lambda value: value in values)
    found = any(cells == value for value in values)
    return Truth(found, not found)


def _matches(cells: Cells, pattern: re.Pattern[str]) -> Truth:
    if cells is None:
        return _UNKNOWN
    if isinstance(cells, Texts):
        return _by_value(cells, lambda value: pattern.fullmatch(value) is not None)
    raise TypeError("a pattern matches texts only")


def _by_value(cells: Texts, holds: Callable[[str], bool]) -> Truth:
    """Decide once for each distinct text."""
    by_code = np.array([*(holds(value) for value in cells.values), False], dtype=np.bool_)
    return _where_known(by_code[cells.codes], cells.codes != MISSING)


def _where_known(holds: Mask, known: Flags) -> Truth:
    return Truth(_and(holds, known), _and(~holds, known))


def _both(one: Truth, other: Truth) -> Truth:
    return Truth(_and(one.true, other.true), _or(one.false, other.false))


def _either(one: Truth, other: Truth) -> Truth:
    return Truth(_or(one.true, other.true), _and(one.false, other.false))


def _and(one: Flags, other: Flags) -> Flags:
    if one is True or other is False:
        return other
    if other is True or one is False:
        return one
    return one & other


def _or(one: Flags, other: Flags) -> Flags:
    if one is False or other is True:
        return other
    if other is False or one is True:
        return one
    return one | other


def _not(flags: Flags) -> Flags:
    return not flags if isinstance(flags, bool) else ~flags
