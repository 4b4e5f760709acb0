"""The fingerprint, pinned: a stored format."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from attrs import asdict, evolve
from hypothesis import assume, given
from hypothesis import strategies as st

from fleetcore.domain.fingerprint import FIELD_NUMBERS, GAMMA, MASK, fingerprint_of, mix, word_of
from fleetcore.domain.location import FIELDS, LocationEvent
from fleetcore.testing.strategies import finite_floats, location_events

GOLDEN: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "golden" / "fingerprints.json").read_text("utf-8")
)
PLAIN = LocationEvent(vehicle_id="cab-1", observed_at=0, latitude=1.0, longitude=2.0)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: str(case["name"]))
def test_golden_fingerprints(case: dict[str, Any]) -> None:
    """A payload has the fingerprint it always had."""
    event = LocationEvent(**case["payload"])

    assert case["fingerprint"] == f"{event.fingerprint:016x}"


def test_golden_fingerprints_cover_every_field() -> None:
    """Each fingerprinted field is present in one golden payload and missing in another."""
    optional = set(FIELD_NUMBERS) - {"vehicle_id", "observed_at", "latitude", "longitude"}
    for field in optional:
        assert {True, False} == {field in case["payload"] for case in GOLDEN}, field


def test_mix_is_the_splitmix64_finaliser() -> None:
    """Published outputs of the generator, seeds 0 and 1234567, are the mix of its states."""
    assert mix(GAMMA) == 0xE220_A839_7B1D_CDAF
    assert [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ] == [mix((1234567 + step * GAMMA) & MASK) for step in range(1, 6)]


def test_field_numbers_are_fixed() -> None:
    """Every field but `source` has a number of its own; numbers are stored format."""
    assert set(FIELDS) - {"source"} == set(FIELD_NUMBERS)
    assert list(range(1, 12)) == list(FIELD_NUMBERS.values())


def test_minus_zero_is_zero() -> None:
    """The sign of zero says nothing about where a vehicle was."""
    zero = evolve(PLAIN, latitude=0.0, speed_kmh=0.0)
    minus = evolve(PLAIN, latitude=-0.0, speed_kmh=-0.0)

    assert math.copysign(1, minus.latitude) == -1
    assert zero.fingerprint == minus.fingerprint


@pytest.mark.parametrize(
    "field", ["speed_kmh", "heading_deg", "accuracy_m", "battery_pct", "fuel_pct"]
)
def test_null_is_not_zero(field: str) -> None:
    """A cell that is missing differs from one that says 0."""
    assert word_of(field, None) == 0 != word_of(field, 0.0)
    zero: Any = {field: 0.0}
    assert PLAIN.fingerprint != evolve(PLAIN, **zero).fingerprint


def test_null_is_not_empty_text() -> None:
    """A missing city differs from an empty one."""
    assert PLAIN.fingerprint != evolve(PLAIN, city="").fingerprint


def test_integers_count_as_floats() -> None:
    """A number's type does not matter where the field is a float."""
    assert PLAIN.fingerprint == evolve(PLAIN, latitude=1, longitude=2).fingerprint


@given(event=location_events(), source=st.text(max_size=5))
def test_source_is_not_covered(event: LocationEvent, source: str) -> None:
    """What brought the report is no part of what was reported."""
    assert event.fingerprint == evolve(event, source=source).fingerprint


@given(event=location_events())
def test_fits_in_64_bits(event: LocationEvent) -> None:
    """A fingerprint is an unsigned 64-bit integer."""
    assert 0 <= fingerprint_of(event) <= MASK


@given(one=location_events(), two=location_events())
def test_tells_payloads_apart(one: LocationEvent, two: LocationEvent) -> None:
    """Equal fingerprints mean equal reported fields, and the other way round."""
    reported = [
        {name: value for name, value in asdict(event).items() if name != "source"}
        for event in (one, two)
    ]

    assert (reported[0] == reported[1]) == (one.fingerprint == two.fingerprint)


@given(value=finite_floats(), one=st.sampled_from(FIELDS[2:9]), two=st.sampled_from(FIELDS[2:9]))
def test_fields_are_salted(value: float, one: str, two: str) -> None:
    """The same value in two fields adds two different words."""
    assume(one != two)

    assert word_of(one, value) != word_of(two, value)


def test_small_integers_do_not_collide() -> None:
    """Payloads of small whole numbers, which a bare sum of words confuses, stay apart."""
    events = [
        evolve(PLAIN, latitude=float(a), longitude=float(b), speed_kmh=float(c))
        for a in range(12)
        for b in range(12)
        for c in range(12)
    ]

    assert len(events) == len({event.fingerprint for event in events})
