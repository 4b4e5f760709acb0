"""Rules on columns judge as the scalar rules do, row by row and reason by reason."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from fleetcore.domain.location import OPTIONAL_NUMBERS, Reading
from fleetcore.domain.rules.conditions import Compare, Field, OneOf
from fleetcore.domain.rules.event_rules import rules_in_force
from fleetcore.domain.rules.rule import Rule, Verdict
from fleetcore.domain.rules.scalar import compile_rules
from fleetcore.domain.rules.settings import FleetSettings, judging_values
from fleetcore.domain.vehicles import Vehicle
from fleetcore.testing.rule_strategies import (
    TEXT_FIELDS,
    fleet_readings,
    fleets,
    rule_settings,
    rules,
)
from fleetcore_adapters.arrow import rules as columnar
from fleetcore_adapters.arrow.columns import Column, Numbers, Texts
from fleetcore_adapters.arrow.vehicles import VehicleTable, settings_by_row
from fleetcore_adapters.memory.vehicles import VehicleTable as MemoryVehicles

NOW_MS: Final = 1_700_000_000_000
FLOATS: Final = ("latitude", "longitude", *OPTIONAL_NUMBERS)


def _numbers(values: Sequence[float | None], dtype: type[Any]) -> Numbers:
    valid = np.array([value is not None for value in values], dtype=np.bool_)
    return Numbers(
        values=np.array([value or 0 for value in values], dtype=dtype)
        if dtype is np.int64
        else np.array([0.0 if value is None else value for value in values], dtype=dtype),
        valid=None if valid.all() else valid,
    )


def _texts(values: Sequence[str | None]) -> Texts:
    table = {value: code for code, value in enumerate(dict.fromkeys(values)) if value is not None}
    codes = {value: code for code, value in enumerate(table)}
    return Texts(
        codes=np.array([-1 if each is None else codes[each] for each in values], dtype=np.int32),
        values=tuple(codes),
    )


def case_of(
    readings: Sequence[Reading], fleet: FleetSettings, vehicles: Mapping[str, Vehicle]
) -> columnar.Case:
    """The readings as the columns that a block is judged by."""
    table = VehicleTable(MemoryVehicles(vehicles.values()))
    ids = [(reading.vehicle_id or "").encode() for reading in readings]
    codes = table.codes(pa.array(ids, type=pa.binary()))
    metadata = {name: column.take(codes) for name, column in table.metadata().items()}
    classes = metadata["vehicle_class"]
    assert isinstance(classes, Texts)
    fields: dict[str, Column] = {
        "vehicle_id": Numbers(values=codes, valid=codes >= 0),
        "observed_at": _numbers([reading.observed_at for reading in readings], np.int64),
    }
    for name in FLOATS:
        fields[name] = _numbers([getattr(reading, name) for reading in readings], np.float64)
    for name in TEXT_FIELDS:
        fields[name] = _texts([getattr(reading, name) for reading in readings])
    return columnar.Case(
        rows=len(readings),
        fields=fields,
        metadata=metadata,
        settings=settings_by_row(fleet, NOW_MS, classes),
    )


def columnar_verdicts(rules: Sequence[Rule], case: columnar.Case) -> list[Verdict]:
    """What the rules on columns say of each row."""
    found: dict[str, list[list[str]]] = {
        "reject": [[] for _ in range(case.rows)],
        "warn": [[] for _ in range(case.rows)],
    }
    for rule, rows in columnar.broken(rules, case):
        assert (case.rows,) == rows.shape
        assert rows.any()
        for row in np.flatnonzero(rows):
            found[rule.severity][row].append(rule.code)
    return [
        Verdict(broken=tuple(broken), warnings=tuple(warnings))
        for broken, warnings in zip(found["reject"], found["warn"], strict=True)
    ]


def scalar_verdicts(
    rules: Sequence[Rule],
    readings: Sequence[Reading],
    fleet: FleetSettings,
    vehicles: Mapping[str, Vehicle],
) -> list[Verdict]:
    """What the scalar rules say of each reading."""
    judge = compile_rules(rules, lambda each: judging_values(fleet, each, NOW_MS))
    return [judge(reading, vehicles.get(reading.vehicle_id or "")) for reading in readings]


blocks = st.lists(fleet_readings(), max_size=6)


@settings(max_examples=300)
@given(drawn=rules(), readings=blocks, fleet=rule_settings(), vehicles=fleets())
def test_any_rule_on_columns_is_the_scalar_rule(
    drawn: tuple[Rule, ...],
    readings: list[Reading],
    fleet: FleetSettings,
    vehicles: Mapping[str, Vehicle],
) -> None:
    """Random rules break on the same rows for the same reasons in both engines."""
    case = case_of(readings, fleet, vehicles)

    assert scalar_verdicts(drawn, readings, fleet, vehicles) == columnar_verdicts(drawn, case)


@settings(max_examples=200)
@given(readings=blocks, fleet=rule_settings(), vehicles=fleets(), with_directory=st.booleans())
def test_the_event_rules_on_columns_are_the_scalar_ones(
    readings: list[Reading],
    fleet: FleetSettings,
    vehicles: Mapping[str, Vehicle],
    with_directory: bool,
) -> None:
    """The built-in rules, with any fleet's settings, give the same verdicts in both engines."""
    in_force = rules_in_force(fleet, with_directory=with_directory)
    case = case_of(readings, fleet, vehicles)

    assert scalar_verdicts(in_force, readings, fleet, vehicles) == columnar_verdicts(in_force, case)


def test_no_row_breaks_no_rule() -> None:
    """In an empty block even a condition that is false everywhere breaks nowhere."""
    false = Rule(code="false", severity="reject", description="", condition=Compare(1, "<", 0))

    assert () == columnar.broken([false], case_of([], FleetSettings(), {}))


def test_a_rule_on_a_column_the_file_lacks_is_unknown() -> None:
    """A field without a column is missing in every row."""
    rule = Rule(
        code="fast",
        severity="reject",
        description="",
        condition=Compare(Field("speed_kmh"), "<", 0),
    )
    case = columnar.Case(rows=2, fields={}, metadata={}, settings={})

    assert () == columnar.broken([rule], case)


def _swapped(monkeypatch: pytest.MonkeyPatch) -> None:
    relations = {"<": operator.le, "<=": operator.lt, "==": operator.eq}
    monkeypatch.setattr(columnar, "_RELATIONS", relations)


def _missing_is_false(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        columnar, "_where_known", lambda holds, _known: columnar.Truth(holds, ~holds)
    )


def _or_for_and(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "_both", columnar._either)


@pytest.mark.parametrize("plant", [_swapped, _missing_is_false, _or_for_and])
def test_a_planted_bug_is_found(monkeypatch: pytest.MonkeyPatch, plant: Any) -> None:
    """The built-in rules on random readings tell columns with a small fault from right ones."""
    plant(monkeypatch)
    in_force = rules_in_force(FleetSettings(), with_directory=False)

    def differs(readings: list[Reading]) -> bool:
        case = case_of(readings, FleetSettings(), {})
        expected = scalar_verdicts(in_force, readings, FleetSettings(), {})
        return expected != columnar_verdicts(in_force, case)

    searching = settings(max_examples=2000, database=None, phases=[Phase.generate])
    assert find(blocks, differs, settings=searching)


def test_a_set_of_another_type_holds_nothing() -> None:
    """Numbers are in no set of texts, and texts in no set of numbers."""
    odd = tuple(
        Rule(code=name, severity="warn", description="", condition=OneOf(Field(name), values))
        for name, values in (("latitude", ("1.0",)), ("city", (1.0,)))
    )
    reading = Reading(latitude=1.0, city="1.0")
    case = case_of([reading], FleetSettings(), {})

    assert [Verdict(warnings=("latitude", "city"))] == columnar_verdicts(odd, case)
    assert columnar_verdicts(odd, case) == scalar_verdicts(odd, [reading], FleetSettings(), {})
