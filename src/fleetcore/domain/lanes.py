"""Lanes: which events are served first."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Lane: TypeAlias = Literal["moving", "idle"]

LANES: Final[tuple[Lane, ...]] = ("moving", "idle")
"""In order of priority."""


def lane_of(status: str | None, speed_kmh: float | None) -> Lane:
    """The lane of an event: by its status; offline or unknown, by its speed; no speed, idle."""
    if status == "moving":
        return "moving"
    if status == "idle" or speed_kmh is None:
        return "idle"
    return "moving" if speed_kmh > 0 else "idle"
