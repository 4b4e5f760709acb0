"""Values survive the way to DynamoDB and back, and their size is never underestimated."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.errors import StorageUnavailable
from fleetcore.testing.strategies import finite_floats
from fleetcore_adapters.aws.dynamodb.values import (
    Item,
    float_in,
    int_in,
    item_size,
    of_bytes,
    of_float,
    of_int,
    of_text,
    text_in,
)


@given(number=finite_floats())
def test_floats_come_back_bit_by_bit(number: float) -> None:
    """Negative zero, the smallest and the largest included."""
    back = float_in({"x": of_float(number)}, "x")

    assert struct.pack("<d", number) == struct.pack("<d", back)


@given(number=finite_floats())
def test_numbers_are_those_dynamodb_has(number: float) -> None:
    """What it would refuse, or round to zero, is written as text."""
    written = of_float(number)

    if "N" in written:
        assert number == 0.0 or 1e-130 <= abs(number) < 1e126
        assert math.copysign(1.0, number) > 0 or number != 0.0
    else:
        assert {"S": repr(number)} == written


@pytest.mark.parametrize("number", [0.0, 1e-130, -1e-130, 9.99e125, 0.1, 48.137])
def test_what_dynamodb_has_is_a_number(number: float) -> None:
    """So that other programs can compute with it."""
    assert "N" in of_float(number)


@pytest.mark.parametrize("number", [-0.0, 5e-324, 1e-131, 1e126, -1.7976931348623157e308])
def test_what_dynamodb_lacks_is_text(number: float) -> None:
    """Too small, too large, or a zero with a sign."""
    assert "S" in of_float(number)


@given(number=st.integers(-(10**38) + 1, 10**38 - 1))
def test_whole_numbers_come_back(number: int) -> None:
    """All 38 digits of them."""
    assert number == int_in({"x": of_int(number)}, "x")


def test_a_value_of_another_kind_is_damage() -> None:
    """The error names the attribute and no value."""
    item = {"city": of_text("secret"), "line": of_text("7")}

    with pytest.raises(StorageUnavailable, match="'line'") as raised:
        int_in(item, "line")
    with pytest.raises(StorageUnavailable, match="'x'"):
        text_in(item, "x")
    with pytest.raises(StorageUnavailable, match="'x'"):
        float_in(item, "x")

    assert "secret" not in str(raised.value)


def test_a_size_counts_names_and_values() -> None:
    """In bytes of UTF-8; a number by its digits; a truth value is one."""
    item: Item = {
        "é": of_text("車\0"),
        "b": of_bytes(b"123"),
        "n": of_int(-1_600_000_000_123),
        "t": {"BOOL": True},
    }

    assert (2 + 4) + (1 + 3) + (1 + 9) + (1 + 1) == item_size(item)
