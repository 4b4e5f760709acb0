"""A snapshot as text."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.application.snapshot_text import (
    SnapshotEnd,
    SnapshotHead,
    lines_of,
    parsed,
)
from fleetcore.domain.facts import Fact, fact_of
from fleetcore.domain.location import LocationEvent
from fleetcore.errors import CorruptObject
from fleetcore.testing.strategies import location_events

HEAD: Final = SnapshotHead(taken_at_ms=1_700_000_000_123, region="eu")
CAB: Final = fact_of(
    LocationEvent(
        vehicle_id="cab-1",
        observed_at=1_700_000_000_001,
        latitude=52.5,
        longitude=13.25,
        speed_kmh=30.5,
        status="moving",
        city="Berlin",
    )
)
BUS: Final = fact_of(
    LocationEvent(vehicle_id='b"\u2028\\', observed_at=-1, latitude=-0.0, longitude=180.0)
)


def _text(*facts: Fact) -> list[bytes]:
    return list(lines_of(HEAD, facts, {"log": 7}, lambda _end: None))


def test_is_one_json_object() -> None:
    """Any JSON reader understands it: the fields, by their names."""
    told = json.loads(b"".join(_text(CAB, BUS)))

    assert [
        "timestamp",
        "region",
        "drivers",
        "driverCount",
        "metadata",
    ] == list(told)
    assert ("2023-11-14T22:13:20.123Z", "eu", 2) == (
        told["timestamp"],
        told["region"],
        told["driverCount"],
    )
    assert {
        "latitude": 52.5,
        "longitude": 13.25,
        "timestamp": "2023-11-14T22:13:20.001Z",
        "city": "Berlin",
        "status": "moving",
        "speed_kmh": 30.5,
        "heading_deg": None,
        "accuracy_m": None,
        "battery_pct": None,
        "fuel_pct": None,
        "fingerprint": f"{CAB.fingerprint:016x}",
    } == told["drivers"]["cab-1"]
    assert (1, {"log": 7}) == (told["metadata"]["version"], told["metadata"]["cursors"])


@given(st.lists(location_events(), max_size=5, unique_by=lambda event: event.vehicle_id))
def test_reads_what_it_wrote(events: list[LocationEvent]) -> None:
    """Every field of every register comes back, bit for bit."""
    facts = [fact_of(event) for event in events]
    ends: list[SnapshotEnd] = []
    lines = list(lines_of(HEAD, facts, {"log": 3}, ends.append))

    assert [repr(each) for each in (HEAD, *facts, *ends)] == [repr(each) for each in parsed(lines)]


def _cut(lines: list[bytes]) -> list[bytes]:
    return lines[:-1]


def _without_a_driver(lines: list[bytes]) -> list[bytes]:
    return [lines[0], *lines[2:]]


def _moved(lines: list[bytes]) -> list[bytes]:
    return [each.replace(b"52.5", b"52.6") for each in lines]


def _newer(lines: list[bytes]) -> list[bytes]:
    return [each.replace(b'"version":1', b'"version":2') for each in lines]


def _longer(lines: list[bytes]) -> list[bytes]:
    return [*lines, b"more\n"]


def _garbled(lines: list[bytes]) -> list[bytes]:
    return [lines[0], b"{]\n", *lines[1:]]


def _headless(lines: list[bytes]) -> list[bytes]:
    return lines[1:]


def _without_a_field(lines: list[bytes]) -> list[bytes]:
    return [each.replace(b'"longitude"', b'"longitudes"') for each in lines]


@pytest.mark.parametrize(
    "damage",
    [_cut, _without_a_driver, _moved, _newer, _longer, _garbled, _headless, _without_a_field],
)
def test_what_is_not_whole_is_refused(damage: Callable[[list[bytes]], list[bytes]]) -> None:
    """Whatever was changed, somewhere it is found."""
    with pytest.raises(CorruptObject):
        list(parsed(damage(_text(CAB, BUS))))


def test_nothing_is_no_snapshot() -> None:
    """An empty file is refused."""
    with pytest.raises(CorruptObject):
        list(parsed([]))
