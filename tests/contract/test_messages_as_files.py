"""A report says the same as a message and as a row of a file."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from typing import Final

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from fleetcore.domain import payload_cells
from fleetcore.domain.cells import UNREADABLE, Unreadable, number_in
from fleetcore.domain.ledger import RowCounts
from fleetcore.domain.location import FIELDS, LocationEvent
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.ports.live_engine import LiveWork
from fleetcore.testing.csv_strategies import (
    CLEAN,
    INGESTION,
    NOW_MS,
    ODD_IDS,
    ODD_NUMBERS,
    ODD_TEXTS,
    ODD_TIMES,
    CsvFile,
    interpretation_of,
)
from fleetcore.testing.message_strategies import message
from fleetcore.testing.strategies import finite_floats
from fleetcore_adapters.arrow.live_engine import ArrowLiveEngine
from fleetcore_adapters.memory import live_engine
from fleetcore_adapters.memory.batch_engine import PlainEngine

ZONE: Final = "Europe/Rome"


def _cells(name: str) -> list[str]:
    """Texts that a cell without quotes can hold; a file's times are of one form, here ISO 8601."""
    odd = {"vehicle_id": ODD_IDS, "observed_at": ODD_TIMES, "status": ODD_TEXTS, "city": ODD_TEXTS}
    found = []
    for cell in (*CLEAN[name] * 8, *odd.get(name, ODD_NUMBERS)):
        epoch = name == "observed_at" and re.fullmatch(rb"[+-]?[0-9.]+", cell)
        if not epoch and not set(cell) & set(b'\t"\r\n') and b"\xff" not in cell:
            found.append(cell.decode())
    return found


def cells() -> st.SearchStrategy[Mapping[str, str]]:
    """The cells of a row, by column."""
    return st.fixed_dictionaries(
        {name: st.sampled_from(_cells(name)) for name in FIELDS if name != "source"}
    )


def of_file(row: Mapping[str, str]) -> tuple[RowCounts, list[LocationEvent], list[str]]:
    """What becomes of a row of a file."""
    text = "\t".join(row) + "\n" + "\t".join(row.values()) + "\n"
    file = CsvFile(
        content=text.encode(),
        interpretation=interpretation_of(tuple(row), delimiter="\t", zone=ZONE),
    )
    (chunk,) = PlainEngine().chunks(io.BytesIO(file.content), file.work())
    events = [e.event for part in chunk.parts for e in PlainEngine().events(part.content)]
    return chunk.counts, events, [reason for each in chunk.rejects for reason in each.reasons]


def of_message(report: Mapping[str, object]) -> tuple[RowCounts, list[LocationEvent], list[str]]:
    """What becomes of a message."""
    work = LiveWork(ingestion=INGESTION, settings=FleetSettings(), now_ms=NOW_MS, zone=ZONE)
    messages = [message(json.dumps(report).encode(), "elsewhere")]
    judged = live_engine.MemoryLiveEngine().judged(messages, work)
    assert judged.counts == ArrowLiveEngine().judged(messages, work).counts
    events = [] if judged.batch is None else [e.event for e in live_engine.events_of(judged.batch)]
    return judged.counts, events, [reason for each in judged.dead for reason in each.reasons]


@settings(max_examples=400)
@given(row=cells())
def test_texts_mean_the_same(row: Mapping[str, str]) -> None:
    """Same counts, reasons, event, and so the same fingerprint."""
    assert of_file(row) == of_message(row)


@settings(max_examples=200)
@given(numbers=st.lists(finite_floats(), min_size=6, max_size=6), at=st.integers(0, NOW_MS // 1000))
def test_numbers_mean_the_same(numbers: list[float], at: int) -> None:
    """A JSON number is what its decimal is in a file."""
    names = ("latitude", "longitude", "speed_kmh", "heading_deg", "accuracy_m", "fuel_pct")
    values = dict(zip(names, numbers, strict=True))
    row = {name: repr(value) for name, value in values.items()}
    iso = {"vehicle_id": "cab-1", "observed_at": "2023-11-14T22:13:20Z"}

    assert of_file({**iso, **row}) == of_message({**iso, **values})


def test_a_meaning_of_its_own_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random rows tell messages whose decimals may have commas from files."""

    def generous(text: str) -> float | None | Unreadable:
        value = number_in(text)
        return number_in(text.replace(",", ".")) if value is UNREADABLE else value

    monkeypatch.setattr(payload_cells, "number_in", generous)
    searching = settings(max_examples=4000, database=None, phases=[Phase.generate])

    found = find(cells(), lambda row: of_file(row) != of_message(row), settings=searching)

    assert any("," in cell for cell in found.values())
