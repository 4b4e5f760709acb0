"""Payloads are taken apart into flat reports."""

from __future__ import annotations

import pytest

from fleetcore.domain.payloads import MAX_DEPTH, MAX_KEYS, TOO_DEEP, TOO_MANY_KEYS, reports_in


def _nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, ({},)),
        ({"a": 1, "b": [1, {"c": 2}]}, ({"a": 1, "b": [1, {"c": 2}]},)),
        ({"a": {"b": {"c": 1}, "d": 2}, "e": {}}, ({"a.b.c": 1, "a.d": 2},)),
        ({"a.b": 1, "a": {"b": 2}}, ({"a.b": 2},)),
        ([{"a": 1}, None, []], ({"a": 1}, "not-an-object", "not-an-object")),
        ([], ("no-report",)),
        ("text", ("not-an-object",)),
    ],
)
def test_reports(value: object, expected: tuple[object, ...]) -> None:
    """Keys are joined by dots, lists are left, and each element of an array is a report."""
    assert expected == reports_in(value)


def test_depth_is_bounded() -> None:
    """At the bound a payload is read, beyond it is not, objects and lists alike."""
    assert ({".".join("a" * MAX_DEPTH): 1},) == reports_in(_nested(MAX_DEPTH))
    assert (TOO_DEEP,) == reports_in(_nested(MAX_DEPTH + 1))
    assert (TOO_DEEP,) == reports_in([_nested(MAX_DEPTH)])
    assert (TOO_DEEP,) == reports_in({"a": 1, "b": [[[_nested(MAX_DEPTH - 3)]]]})


def test_keys_are_bounded() -> None:
    """By report, after it is made flat."""
    wide = {"a": dict.fromkeys(map(str, range(MAX_KEYS)))}

    assert MAX_KEYS == len(reports_in(wide)[0])
    assert (TOO_MANY_KEYS,) == reports_in({**wide, "b": 1})
