"""What the doctor finds, and what it compares everything with."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import field, frozen

from fleetcore.domain.ingestion import Ingestion

Level: TypeAlias = Literal["fault", "note"]


@frozen(kw_only=True, slots=True)
class Finding:
    """Something found: a fault, or a note of what is no damage but worth knowing."""

    code: str
    level: Level
    message: str


def fault(code: str, message: str) -> Finding:
    """Something is damaged."""
    return Finding(code=code, level="fault", message=message)


def note(code: str, message: str) -> Finding:
    """Something is unfinished, or in nobody's way."""
    return Finding(code=code, level="note", message=message)


@frozen(kw_only=True, slots=True)
class Told:
    """What the streams say; `unreadable` are the ingestions whose streams say nothing."""

    states: dict[str, Ingestion] = field(factory=dict)
    unreadable: set[str] = field(factory=set)
