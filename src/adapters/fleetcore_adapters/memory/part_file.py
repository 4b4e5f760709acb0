"""The plain form of parts: one JSON object a line.

Floats are written as their shortest exact decimal, so they come back as they were.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import attrs
import cattrs
from cattrs.preconf.json import make_converter

from fleetcore.domain.parts import StoredEvent
from fleetcore.errors import CorruptObject

SUFFIX: Final = ".jsonl"

_CONVERTER: Final = make_converter(forbid_extra_keys=True)


def encode(events: Sequence[StoredEvent]) -> bytes:
    """A part's content; the same events always give the same bytes."""
    lines = [json.dumps(attrs.asdict(event), ensure_ascii=False) for event in events]
    return "".join(f"{line}\n" for line in lines).encode()


def encode_sorted(events: Sequence[StoredEvent]) -> bytes:
    """As `encode`, in the order of a part: by vehicle, time and line."""
    return encode(sorted(events, key=_by_vehicle_and_time))


def decode(content: bytes) -> tuple[StoredEvent, ...]:
    """The rows of a part, in order. Raises `CorruptObject`."""
    try:
        # A line ends at "\n" alone: JSON leaves U+2028 and U+0085 inside strings as they are.
        lines = content.decode().split("\n")
        if lines.pop() != "":
            raise CorruptObject("the last line of the part is cut off")
        rows = [json.loads(line) for line in lines]
        if not all(isinstance(row, dict) for row in rows):
            raise CorruptObject("a line of the part is no JSON object")
        return tuple(_CONVERTER.structure(row, StoredEvent) for row in rows)
    except (ValueError, cattrs.BaseValidationError) as error:
        raise CorruptObject(f"not a readable part: {error}") from error


def _by_vehicle_and_time(stored: StoredEvent) -> tuple[str, int, int]:
    return (stored.event.vehicle_id, stored.event.observed_at, stored.line)
