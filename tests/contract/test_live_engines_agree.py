"""The plain and the columnar live engine make the same of every message, however hostile."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pytest
from attrs import evolve, frozen
from hypothesis import Phase, find, given, settings

from fleetcore.domain.facts import Fact
from fleetcore.domain.messages import EventBatch, JudgedMessages, Message, dead_message
from fleetcore.domain.parts import StoredEvent
from fleetcore.domain.report_forms import form_of
from fleetcore.ports.live_engine import LiveEngine
from fleetcore.testing.message_strategies import Call, calls, message
from fleetcore_adapters.arrow import live_engine, live_reports, part_file
from fleetcore_adapters.arrow.live_engine import ArrowLiveEngine
from fleetcore_adapters.arrow.live_reports import Reports
from fleetcore_adapters.memory.live_engine import MemoryLiveEngine, events_of


@frozen(slots=True)
class Outcome:
    """What an engine made of a call, without the form of its batch."""

    judged: JudgedMessages
    rows: int
    events: tuple[tuple[StoredEvent, int], ...]
    facts: tuple[Fact, ...]
    distances_m: tuple[float | None, ...]


def outcome(
    engine: LiveEngine, read: Callable[[EventBatch], Sequence[StoredEvent]], call: Call
) -> Outcome:
    """What an engine makes of a call."""
    judged = engine.judged(call.messages, call.work())
    batch = judged.batch
    events = () if batch is None else tuple(read(batch))
    return Outcome(
        evolve(judged, batch=None),
        0 if batch is None else batch.rows,
        tuple((evolve(e, distance_from_depot_m=None), e.event.fingerprint) for e in events),
        () if batch is None else tuple(engine.facts(batch)),
        tuple(e.distance_from_depot_m for e in events),
    )


def plain(call: Call) -> Outcome:
    """What the reference makes of a call."""
    return outcome(MemoryLiveEngine(), events_of, call)


def columnar(call: Call) -> Outcome:
    """What the columnar engine makes of a call."""
    return outcome(
        ArrowLiveEngine(), lambda batch: part_file.events_of(part_file.decode(batch.content)), call
    )


def agree(one: Outcome, other: Outcome) -> bool:
    """Whether nothing but the last digits of distances differs."""
    return (one.judged, one.rows, one.events, one.facts) == (
        other.judged,
        other.rows,
        other.events,
        other.facts,
    ) and all(
        a is b if a is None or b is None else math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6)
        for a, b in zip(one.distances_m, other.distances_m, strict=True)
    )


@settings(max_examples=400)
@given(call=calls())
def test_engines_agree_on_any_messages(call: Call) -> None:
    """The same counts, dead messages, events, provenance and facts; distances all but equal."""
    ours, theirs = plain(call), columnar(call)

    assert ours.judged == theirs.judged
    assert ours.events == theirs.events
    assert agree(ours, theirs)


@settings(max_examples=200)
@given(call=calls(hostile=False))
def test_engines_agree_on_reports(call: Call) -> None:
    """As on any messages, with more that can be read."""
    ours, theirs = plain(call), columnar(call)

    assert ours.judged == theirs.judged
    assert ours.events == theirs.events
    assert agree(ours, theirs)


BY_KEYS: Final = Call(
    messages=tuple(
        message(json.dumps({"id": vehicle, "ts": 1_700_000_000, key: 1, "lon": 2}).encode())
        for vehicle, key in (("b", "lat"), ("a", "latitude"), ("a", "lat"))
    )
)
"""Equal reports with other keys, the later one of keys that came before."""


def test_the_first_of_equal_reports_is_kept() -> None:
    """Whichever keys it has."""
    assert plain(BY_KEYS).events == columnar(BY_KEYS).events
    assert [2, 1] == [stored.line for stored, _ in columnar(BY_KEYS).events]


def _forget_which_message(patch: pytest.MonkeyPatch) -> None:
    def dead(messages: Sequence[Message], reports: Reports, refused: Any) -> Any:
        del reports
        return tuple(dead_message(messages[n], [refused[n]]) for n in sorted(refused))

    patch.setattr(live_engine, "_dead", dead)


def _trust_the_first_keys(patch: pytest.MonkeyPatch) -> None:
    right = form_of
    patch.setattr(live_reports, "form_of", lambda keys, kind, _mapped: right(keys, kind, ()))


def _order_by_group(patch: pytest.MonkeyPatch) -> None:
    right = evolve
    patch.setattr(
        live_engine,
        "evolve",
        lambda rows, accepted: right(rows, accepted=np.sort(accepted)),
    )


@pytest.mark.parametrize(
    "plant",
    [
        _forget_which_message,
        _trust_the_first_keys,
        _order_by_group,
    ],
)
def test_a_planted_bug_is_found(
    monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Random messages tell a columnar engine with a small fault from a right one."""
    plant(monkeypatch)

    def differs(call: Call) -> bool:
        try:
            return not agree(plain(call), columnar(call))
        except IndexError:
            return True

    searching = settings(max_examples=5000, database=None, phases=[Phase.generate])
    assert differs(BY_KEYS) or find(calls(hostile=False), differs, settings=searching).messages
