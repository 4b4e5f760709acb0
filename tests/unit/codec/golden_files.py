"""Golden files: every version of an event that was ever written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from fleetcore.codec.envelope import Envelope
from fleetcore.codec.event_codec import WireType

E = TypeVar("E")


def stored(path: Path) -> Envelope:
    """What a golden file holds."""
    name, version = path.stem.rsplit(".v", 1)
    return Envelope(name=name, version=int(version), body=path.read_text("utf-8").rstrip("\n"))


def golden_names(wire_types: Iterable[WireType[E]]) -> set[str]:
    """The names of the files that stand for all versions of all events."""
    return {
        f"{wire.name}.v{version}.json"
        for wire in wire_types
        for version in range(1, wire.version + 1)
    }
