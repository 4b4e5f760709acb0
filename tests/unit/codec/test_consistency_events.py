"""The stored form of a consistency run's events, pinned."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from attrs import fields
from tests.unit.codec.golden_files import golden_names, stored

from fleetcore.codec.consistency_events import CONSISTENCY_EVENTS
from fleetcore.codec.event_codec import WireType
from fleetcore.domain.consistency import (
    ConsistencyEvent,
    DriftConfirmed,
    DriftDismissed,
    DriftSuspected,
    DriftTolerated,
    Escalated,
    Repaired,
    RunAbandoned,
    Verified,
)

GOLDEN = Path(__file__).parent / "golden" / "consistency"

EVENTS: dict[str, ConsistencyEvent] = {
    "consistency.drift-suspected": DriftSuspected(
        run=12,
        at_ms=1_700_000_000_123,
        compared=("eu-north", "eu-west"),
        unreachable=("us-east",),
        registers=156_000,
        buckets=3,
        vehicles=4,
        tombstones=1,
        corrupt=2,
    ),
    "consistency.drift-dismissed": DriftDismissed(at_ms=1_700_000_010_123),
    "consistency.drift-confirmed": DriftConfirmed(
        at_ms=1_700_000_010_456,
        drifting={"eu-west": 3},
        tombstones={"eu-north": 1},
        corrupt={"eu-north": 2},
        mean_m=120.5,
        max_m=300.25,
        sample=1_000,
        sample_over=7,
    ),
    "consistency.drift-tolerated": DriftTolerated(at_ms=1_700_000_010_456),
    "consistency.repaired": Repaired(at_ms=1_700_000_010_789, mended=3, replaced=2, buried=1),
    "consistency.verified": Verified(at_ms=1_700_000_011_000, bytes_exchanged=4_321),
    "consistency.escalated": Escalated(
        at_ms=1_700_000_011_000,
        reason="no-genuine-value",
        remaining={"eu-north": 2},
        bytes_exchanged=4_321,
    ),
    "consistency.run-abandoned": RunAbandoned(at_ms=1_700_000_099_000),
}
"""One event of each kind, no field at its default."""

GOLDEN_FILES = sorted(GOLDEN.glob("*.json"))


def test_every_event_has_one_wire_type() -> None:
    """Names and classes are unique, and no event of the aggregate lacks a name."""
    wire_types = CONSISTENCY_EVENTS.wire_types

    assert len(wire_types) == len({wire.name for wire in wire_types})
    assert set(get_args(ConsistencyEvent)) == {wire.event for wire in wire_types}


def test_every_version_has_a_golden_file() -> None:
    """What was ever written stays on record, and nothing else is."""
    assert golden_names(CONSISTENCY_EVENTS.wire_types) == {path.name for path in GOLDEN_FILES}


@pytest.mark.parametrize("path", GOLDEN_FILES, ids=lambda path: path.stem)
def test_golden_files_are_read(path: Path) -> None:
    """Every version ever written decodes to the event it stood for."""
    envelope = stored(path)

    assert EVENTS[envelope.name] == CONSISTENCY_EVENTS.decode(envelope)


@pytest.mark.parametrize("wire", CONSISTENCY_EVENTS.wire_types, ids=lambda wire: wire.name)
def test_golden_files_are_written(wire: WireType[ConsistencyEvent]) -> None:
    """The current version of each event is written to the byte as it always was."""
    envelope = CONSISTENCY_EVENTS.encode(EVENTS[wire.name])

    assert stored(GOLDEN / f"{wire.name}.v{wire.version}.json") == envelope


def test_no_event_names_a_vehicle() -> None:
    """Streams outlive what is forgotten: no field is, or holds, a vehicle."""
    names = {field.name for event in EVENTS.values() for field in fields(type(event))}

    assert {
        *("run", "at_ms", "compared", "unreachable", "registers", "buckets", "vehicles"),
        *("tombstones", "corrupt", "drifting", "mean_m", "max_m", "sample", "sample_over"),
        *("mended", "replaced", "buried", "bytes_exchanged", "reason", "remaining"),
    } == names
