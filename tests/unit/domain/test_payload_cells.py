"""A JSON value means what its text means in a file."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.cells import UNREADABLE, Unreadable, number_in, time_in
from fleetcore.domain.payload_cells import number_of, optional_number_of, text_of, time_of


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, 1.5),
        (2, 2.0),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (" 1.5 ", 1.5),
        ("", None),
        (None, None),
        ("1,5", UNREADABLE),
        (True, UNREADABLE),
        ([1], UNREADABLE),
    ],
)
def test_numbers(value: object, expected: float | None | Unreadable) -> None:
    """Numbers are themselves, texts are read; true is no number."""
    assert expected == number_of(value)


@given(value=st.floats(allow_nan=False) | st.integers())
def test_a_number_is_its_decimal(value: float | int) -> None:
    """As a file would hold it."""
    assert number_in(repr(value)) == number_of(value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, "nan", 10**400])
def test_what_is_not_finite_was_not_measured(value: object) -> None:
    """An optional number is finite."""
    assert UNREADABLE is optional_number_of(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (10**11 - 1, (10**11 - 1) * 1000),
        (10**11, 10**11),
        (10**13 - 1, 10**13 - 1),
        (10**13, UNREADABLE),
        (-(10**11) + 1, UNREADABLE),
        (-(10**11), -(10**11)),
        (-1.5, -1500),
        (-0.0005, -1),
        (1_700_000_000.0009, 1_700_000_000_000),
        (1e16, UNREADABLE),
        (math.inf, UNREADABLE),
        ("20240501100000", UNREADABLE),
        ("2024-05-01", 1_714_521_600_000),
        (None, None),
        (" ", None),
        (True, UNREADABLE),
        ({}, UNREADABLE),
    ],
)
def test_times(value: object, expected: int | None | Unreadable) -> None:
    """Seconds and milliseconds are told by magnitude; finer times are rounded down."""
    assert expected == time_of(value, "UTC")


@given(ms=st.integers(-60_000_000_000_000, 10**14 - 1))
def test_seconds_with_decimals_are_exact(ms: int) -> None:
    """No time is a millisecond off because a float was multiplied."""
    whole, decimals = divmod(abs(ms), 1000)
    text = f"{'-' if ms < 0 else ''}{whole}.{decimals:03}"

    assert time_in(text, "epoch-s", "UTC") == (
        time_of(float(text), "UTC") if abs(ms) < 10**14 and whole < 10**11 else ms
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "a"),
        ("\u00e9", "\u00e9"),
        ("\ud800", UNREADABLE),
        (42, "42"),
        (4.2, UNREADABLE),
        (False, UNREADABLE),
        ([], UNREADABLE),
        (None, None),
    ],
)
def test_texts(value: object, expected: str | None | Unreadable) -> None:
    """Texts and whole numbers; half a surrogate pair is no character."""
    assert expected == text_of(value)
