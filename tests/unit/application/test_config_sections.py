"""Sections of a `fleet.toml` by settings class."""

from __future__ import annotations

from typing import Literal

import pytest
from attrs import frozen

from fleetcore.application.config_sections import section
from fleetcore.errors import InvalidConfiguration


@frozen(kw_only=True, slots=True)
class _Settings:
    every_s: float = 10.0
    limit_m: float | None = 100.0
    places: int = 3
    deep: bool = False
    name: str = "home"
    correct: Literal["all", "never"] = "all"

    def __attrs_post_init__(self) -> None:
        if self.places == 13:
            raise InvalidConfiguration("places = 13: not on a ship")


def test_what_is_not_named_keeps_its_default() -> None:
    """A section may be missing, and so may any of its keys."""
    assert _Settings() == section({}, "drift", _Settings)
    assert _Settings(places=5) == section({"drift": {"places": 5}}, "drift", _Settings)


def test_every_kind_of_value_is_read() -> None:
    """Numbers, whole numbers, flags, texts, choices, and a limit that is off."""
    given = {
        "every_s": 2,
        "limit_m": "off",
        "places": 0,
        "deep": True,
        "name": "eu",
        "correct": "never",
    }

    assert section({"drift": given}, "drift", _Settings) == _Settings(
        every_s=2.0, limit_m=None, places=0, deep=True, name="eu", correct="never"
    )


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("every", 1, r"\[drift\] every is no known key \(did you mean every_s\?\)"),
        ("every_s", -1, "allowed are a number not below 0$"),
        ("every_s", "off", "allowed are a number"),
        ("every_s", True, "allowed are a number"),
        ("every_s", float("nan"), "allowed are a number"),
        ("every_s", float("inf"), "allowed are a number"),
        ("limit_m", "none", 'allowed are a number not below 0, or "off"$'),
        ("places", 1.5, "allowed are a whole number"),
        ("deep", 1, "allowed are true or false$"),
        ("name", 3, "allowed are text$"),
        ("correct", "some", 'allowed are "all", or "never"$'),
        ("places", 13, r"^\[drift\] places = 13: not on a ship$"),
    ],
)
def test_what_is_not_allowed_is_refused(key: str, value: object, told: str) -> None:
    """The message names the section, the key and what is allowed."""
    with pytest.raises(InvalidConfiguration, match=told):
        section({"drift": {key: value}}, "drift", _Settings)


def test_a_section_is_a_table() -> None:
    """A value in its place is refused."""
    with pytest.raises(InvalidConfiguration, match="it is a section"):
        section({"drift": 3}, "drift", _Settings)
