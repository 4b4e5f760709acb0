"""The stored form of the ingestion's events, pinned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from attrs import evolve
from hypothesis import given
from tests.unit.codec.golden_files import golden_names, stored

from fleetcore.codec.event_codec import WireType
from fleetcore.codec.ingestion_events import INGESTION_EVENTS
from fleetcore.domain.ingestion_events import (
    ChunkProcessed,
    IngestionEvent,
    IngestionFailed,
    IngestionSuperseded,
    PartDeadLettered,
    PartRedriven,
    PartStored,
    Received,
    RejectsErased,
    RowsForgotten,
    Sizes,
)
from fleetcore.domain.interpretation import Dialect, Interpretation
from fleetcore.domain.ledger import RowCounts, StoreOutcome
from fleetcore.domain.parts import Part
from fleetcore.domain.rules.settings import FleetSettings, Limits
from fleetcore.testing.histories import ingestion_events

GOLDEN = Path(__file__).parent / "golden"

CHUNK = ChunkProcessed(
    number=3,
    end=67_108_864,
    counts=RowCounts(
        read=21,
        accepted=10,
        duplicate=4,
        conflicting=2,
        rejected=4,
        malformed=1,
        rejected_by={"latitude-range": 3, "speed-limit": 2},
        malformed_by={"wrong-column-count": 1},
        warned_by={"heading-range": 1},
    ),
    parts=(
        Part(
            key="fresh/8c1f2ab09d3e4f55/3-moving-2c26b46b.parquet",
            lane="moving",
            rows=8,
            size_bytes=4096,
            sha256="2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        ),
        Part(
            key="fresh/8c1f2ab09d3e4f55/3-idle-fcde2b2e.parquet",
            lane="idle",
            rows=4,
            size_bytes=2048,
            sha256="fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
        ),
    ),
    rejects="rejects/8c1f2ab09d3e4f55/3-baa5a096.jsonl",
    last=True,
)

EVENTS: dict[str, IngestionEvent] = {
    "ingestion.received": Received(
        ingestion="8c1f2ab09d3e4f55",
        content="xxh3-128:99aa06d3014798d86001c324468d497f",
        size_bytes=90_900_000,
        interpretation=Interpretation(
            dialect=Dialect(
                delimiter=";",
                encoding="cp1252",
                compression="gzip",
                has_header=True,
                columns=("id", "Zeit", "Breite", "Länge", "km/h"),
            ),
            mapping={
                "vehicle_id": 0,
                "observed_at": 1,
                "latitude": 2,
                "longitude": 3,
                "speed_kmh": 4,
            },
            time_format="iso",
            zone="Europe/Berlin",
            speed_unit="mph",
            vehicle_from_name=False,
        ),
        settings=FleetSettings(
            limits=Limits(
                max_speed_kmh=130.0, max_accuracy_m=None, max_ahead_s=60.0, max_age_s=86_400.5
            ),
            classes={"truck": {"max_speed_kmh": 89.5, "max_age_s": None}, "van": {}},
            severities={"zero-island": "warn", "future": "off", "unknown-status": "reject"},
        ),
        sizes=Sizes(block_bytes=4_194_304, blocks_per_chunk=4),
        now_ms=1_700_000_000_123,
        directory="vehicles/5f70bf18a086007016e948b04aed3b82.json",
        parent="0d1e2f3a4b5c6d7e",
    ),
    "ingestion.chunk-processed": CHUNK,
    "ingestion.part-stored": PartStored(
        key="fresh/8c1f2ab09d3e4f55/3-moving-2c26b46b.parquet",
        outcome=StoreOutcome(stored=3, already_stored=2, conflicting=1, forgotten=2),
    ),
    "ingestion.part-dead-lettered": PartDeadLettered(
        key="fresh/8c1f2ab09d3e4f55/3-idle-fcde2b2e.parquet",
        outcome=StoreOutcome(stored=1, already_stored=1, conflicting=1, forgotten=2),
        rows=1,
        code="rows-refused",
    ),
    "ingestion.part-redriven": PartRedriven(key="fresh/8c1f2ab09d3e4f55/3-idle-fcde2b2e.parquet"),
    "ingestion.rows-forgotten": RowsForgotten(
        key="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", rows=3
    ),
    "ingestion.rejects-erased": RejectsErased(
        key="rejects/8c1f2ab09d3e4f55/00003-2c26b46b68ffc68f.jsonl.gz",
        by="rejects/8c1f2ab09d3e4f55/00003-fcde2b2edba56bf4.jsonl.gz",
    ),
    "ingestion.failed": IngestionFailed(
        code="source-changed", message="the file grew while it was read \udcff"
    ),
    "ingestion.superseded": IngestionSuperseded(by="91d2c3b4a5968778"),
}
"""One event of each kind, no field at its default."""

OLDER: dict[str, IngestionEvent] = {
    "ingestion.part-stored.v1": PartStored(
        key="fresh/8c1f2ab09d3e4f55/3-moving-2c26b46b.parquet",
        outcome=StoreOutcome(stored=5, already_stored=2, conflicting=1),
    ),
    "ingestion.part-dead-lettered.v1": PartDeadLettered(
        key="fresh/8c1f2ab09d3e4f55/3-idle-fcde2b2e.parquet",
        outcome=StoreOutcome(stored=1, already_stored=1, conflicting=1),
        rows=1,
        code="rows-refused",
    ),
    "ingestion.chunk-processed.v1": evolve(CHUNK, counts=evolve(CHUNK.counts, malformed_by={})),
}
"""What events of older versions stood for, by the name of their golden file."""

GOLDEN_FILES = sorted(GOLDEN.glob("*.json"))


def test_every_event_has_one_wire_type() -> None:
    """Names and classes are unique, and no event of the aggregate lacks a name."""
    wire_types = INGESTION_EVENTS.wire_types

    assert len(wire_types) == len({wire.name for wire in wire_types})
    assert sorted(map(repr, get_args(IngestionEvent))) == sorted(
        repr(wire.event) for wire in wire_types
    )


def test_every_version_has_a_way_to_the_current_one() -> None:
    """An upcaster stands for each earlier version, and for nothing else."""
    expected = {
        (wire.name, version)
        for wire in INGESTION_EVENTS.wire_types
        for version in range(1, wire.version)
    }

    assert expected == set(INGESTION_EVENTS.upcasters)


def test_every_version_has_a_golden_file() -> None:
    """What was ever written stays on record, and nothing else is."""
    assert golden_names(INGESTION_EVENTS.wire_types) == {path.name for path in GOLDEN_FILES}


@pytest.mark.parametrize("path", GOLDEN_FILES, ids=lambda path: path.stem)
def test_golden_files_are_read(path: Path) -> None:
    """Every version ever written decodes to the event it stood for."""
    envelope = stored(path)

    expected = OLDER.get(path.stem, EVENTS[envelope.name])
    assert expected == INGESTION_EVENTS.decode(envelope)


@pytest.mark.parametrize("wire", INGESTION_EVENTS.wire_types, ids=lambda wire: wire.name)
def test_golden_files_are_written(wire: WireType[IngestionEvent]) -> None:
    """The current version of each event is written to the byte as it always was."""
    envelope = INGESTION_EVENTS.encode(EVENTS[wire.name])

    assert stored(GOLDEN / f"{wire.name}.v{wire.version}.json") == envelope


@given(event=ingestion_events())
def test_any_event_comes_back_equal(event: IngestionEvent) -> None:
    """Encoding loses nothing, and writes standard JSON in ASCII."""
    envelope = INGESTION_EVENTS.encode(event)

    assert envelope.body.isascii()
    assert event == INGESTION_EVENTS.decode(envelope)
    assert envelope == INGESTION_EVENTS.encode(INGESTION_EVENTS.decode(envelope))
    json.loads(envelope.body, parse_constant=pytest.fail)
