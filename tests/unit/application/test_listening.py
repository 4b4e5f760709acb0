"""Messages are durable before they are acknowledged, whenever the process dies."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Final

import pytest
from attrs import evolve

from fleetcore.application import listening as use_case
from fleetcore.application.listening import Listening, Taken, live_settings, take_in
from fleetcore.domain.ledger import RowCounts, StoreOutcome
from fleetcore.domain.messages import DeadMessage, EventBatch, Message
from fleetcore.domain.rules.settings import FleetSettings, Limits
from fleetcore.errors import StorageUnavailable
from fleetcore.ports.live_engine import LiveWork
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_adapters.memory.dead_messages import MemoryDeadMessages
from fleetcore_adapters.memory.live_engine import MemoryLiveEngine
from fleetcore_adapters.memory.location_log import MemoryLog
from fleetcore_adapters.memory.object_store import MemoryObjectStore

NOW_MS: Final = 1_700_000_000_000


def message(vehicle: str, at_ms: int = NOW_MS, latitude: float = 1.0) -> Message:
    """A report of a vehicle."""
    told = {"vehicle": vehicle, "timestamp": at_ms, "lat": latitude, "lon": 2.0}
    return Message(topic="t", payload=json.dumps(told).encode(), received_at_ms=NOW_MS)


BAD: Final = Message(topic="t", payload=b"\xff", received_at_ms=NOW_MS)
MESSAGES: Final = (message("a"), BAD, message("b"), message("b"), message("c", latitude=200.0))


class DeadProcess(Exception):
    """The process died before this call, or behind it."""


class FailingLog(MemoryLog):
    """Dies before an append or behind it, a number of times."""

    def __init__(self) -> None:
        super().__init__(MemoryObjectStore())
        self.before: list[Exception] = []
        self.behind: list[Exception] = []

    def append_batches(self, *batches: EventBatch) -> StoreOutcome:
        if self.before:
            raise self.before.pop()
        outcome = super().append_batches(*batches)
        if self.behind:
            raise self.behind.pop()
        return outcome


class FailingDead(MemoryDeadMessages):
    """Dies before a burial or behind it, a number of times."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[Exception] = []
        self.behind: list[Exception] = []

    def bury(self, messages: Sequence[DeadMessage]) -> None:
        if self.before:
            raise self.before.pop()
        super().bury(messages)
        if self.behind:
            raise self.behind.pop()


@pytest.fixture(name="log")
def _log() -> FailingLog:
    return FailingLog()


@pytest.fixture(name="dead")
def _dead() -> FailingDead:
    return FailingDead()


@pytest.fixture(name="listening")
def _listening(log: FailingLog, dead: FailingDead) -> Listening:
    return Listening(
        engine=MemoryLiveEngine(),
        log=log,
        dead_messages=dead,
        clock=MemoryClock(NOW_MS),
        work=LiveWork(ingestion="live-x", settings=live_settings(FleetSettings()), now_ms=0),
    )


def vehicles(log: MemoryLog) -> list[str]:
    """Whose events the log holds, once an event."""
    return sorted(stored.event.vehicle_id for stored in log.scan())


def test_every_message_ends_in_the_log_or_among_the_dead(
    listening: Listening, log: FailingLog, dead: FailingDead
) -> None:
    """And the counts say how many; the time rules use the clock's now."""
    taken = take_in(listening, MESSAGES)

    assert taken == Taken(
        counts=RowCounts(
            read=5,
            accepted=2,
            duplicate=1,
            rejected=1,
            malformed=1,
            rejected_by={"latitude-range": 1},
            malformed_by={"not-utf-8": 1},
        ),
        store=StoreOutcome(stored=2),
    )
    assert ["a", "b"] == vehicles(log)
    assert [BAD, MESSAGES[4]] == [each.message for each in dead.read()]


def test_taken_in_again_changes_nothing(listening: Listening, log: FailingLog) -> None:
    """A broker that delivers twice is told so by the counts alone."""
    once = take_in(listening, MESSAGES)

    again = take_in(listening, MESSAGES)

    assert (once.counts, StoreOutcome(already_stored=2)) == (again.counts, again.store)
    assert ["a", "b"] == vehicles(log)
    assert 10 == (once + again).counts.read


@pytest.mark.parametrize("error", [DeadProcess, StorageUnavailable])
@pytest.mark.parametrize("step", ["log.before", "log.behind", "dead.before", "dead.behind"])
def test_a_crash_between_two_steps_loses_nothing(
    listening: Listening, log: FailingLog, dead: FailingDead, step: str, error: type[Exception]
) -> None:
    """Nobody was told that the messages are safe, and brought again they are, events once."""
    port, when = step.split(".")
    getattr({"log": log, "dead": dead}[port], when).append(error("died"))

    with pytest.raises(error):
        take_in(listening, MESSAGES)
    take_in(listening, MESSAGES)

    assert ["a", "b"] == vehicles(log)
    assert {BAD, MESSAGES[4]} == {each.message for each in dead.read()}


def _acknowledge_first(patch: pytest.MonkeyPatch) -> None:
    """Plant: say that it is done whatever the log said."""
    right = use_case.take_in

    def wrong(listening: Listening, messages: Sequence[Message]) -> Taken:
        try:
            return right(listening, messages)
        except StorageUnavailable:
            return Taken()

    patch.setitem(globals(), "take_in", wrong)


def _judge_by_the_work(patch: pytest.MonkeyPatch) -> None:
    """Plant: the now of the work, not of the clock."""
    patch.setattr(use_case, "evolve", lambda work, now_ms: work)


@pytest.mark.parametrize(
    ("plant", "check"),
    [
        (
            _acknowledge_first,
            lambda listening, log, dead: test_a_crash_between_two_steps_loses_nothing(
                listening, log, dead, "log.before", StorageUnavailable
            ),
        ),
        (_judge_by_the_work, test_every_message_ends_in_the_log_or_among_the_dead),
    ],
)
def test_a_planted_bug_is_found(
    monkeypatch: pytest.MonkeyPatch,
    listening: Listening,
    log: FailingLog,
    dead: FailingDead,
    plant: Callable[[pytest.MonkeyPatch], None],
    check: Callable[[Listening, FailingLog, FailingDead], None],
) -> None:
    """The tests of this module can fail."""
    plant(monkeypatch)

    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(listening, log, dead)


def test_what_is_no_report_touches_nothing(listening: Listening, log: FailingLog) -> None:
    """Farewells are counted; an empty batch is not appended."""
    log.before.append(AssertionError("nothing to append"))
    farewell = Message(topic="t", payload=b'{"_type": "lwt"}', received_at_ms=NOW_MS)

    assert Taken(ignored=1) == take_in(listening, [farewell])


def test_live_reports_are_at_most_a_minute_ahead(listening: Listening) -> None:
    """Unless the fleet says otherwise; other limits stay."""
    late = [message("a", NOW_MS + 60_000), message("b", NOW_MS + 60_001)]
    assert {"future": 1} == take_in(listening, late).counts.rejected_by

    strict = FleetSettings(limits=Limits(max_speed_kmh=90.0))
    assert Limits(max_speed_kmh=90.0, max_ahead_s=5.0) == live_settings(strict, 5.0).limits
    generous = evolve(listening.work, settings=live_settings(strict, None))
    assert {} == take_in(evolve(listening, work=generous), late).counts.rejected_by
