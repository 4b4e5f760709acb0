"""What the page says of live messages is so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from fleetcore.application.listening import LIVE_MAX_AHEAD_S, live_settings
from fleetcore.domain.messages import MAX_PAYLOAD_BYTES, Message
from fleetcore.domain.payload_cells import FIRST_EPOCH_MS
from fleetcore.domain.payloads import MAX_DEPTH, MAX_KEYS, PAYLOAD_FAULTS
from fleetcore.domain.report_forms import NO_LOCATIONS, OWNTRACKS_KEYS
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.ports.live_engine import LiveWork
from fleetcore_adapters.memory.live_engine import MemoryLiveEngine

PAGE: Final = (Path(__file__).parents[2] / "docs" / "live-messages.md").read_text(encoding="utf-8")


def test_every_reason_is_listed() -> None:
    """The table has each code of a malformed message, and no other."""
    table = PAGE.partition("| code | why |")[2]
    listed = re.findall(
        r"`([a-z0-9-]+)`", "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE))
    )

    assert sorted(PAYLOAD_FAULTS) == sorted(listed)


def test_its_numbers_are_those_of_the_code() -> None:
    """Bounds, magnitudes and limits."""
    for number in (f"{MAX_PAYLOAD_BYTES:,} bytes", f"than {MAX_DEPTH} objects", f"over {MAX_KEYS}"):
        assert number in PAGE
    assert f"from {FIRST_EPOCH_MS:,} on, milliseconds" in PAGE
    assert (60.0, 600.0) == (LIVE_MAX_AHEAD_S, FleetSettings().limits.max_ahead_s)


def test_its_example_is_taken_in() -> None:
    """As it stands on the page."""
    (example,) = re.findall(r"```json\n(.*?)\n```", PAGE, re.DOTALL)
    report = Message(topic="t", payload=example.encode(), received_at_ms=0)
    now_ms = json.loads(example)["timestamp"] * 1000
    work = LiveWork(ingestion="live-x", settings=live_settings(FleetSettings()), now_ms=now_ms)

    assert 1 == MemoryLiveEngine().judged([report], work).counts.accepted


def test_owntracks_words_are_owntracks() -> None:
    """The keys that are read and the types that are left alone."""
    section = PAGE.partition("## OwnTracks")[2].partition("##")[0]
    words = set(re.findall(r"`(\w+)`", section))

    assert set(OWNTRACKS_KEYS.values()) <= words
    assert {"lwt", "transition", "waypoint", "card", "steps"} <= words & NO_LOCATIONS
