"""The listening loop: what is durable is acknowledged, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fleetcore.application.listening import Taken
from fleetcore.domain.ledger import RowCounts, StoreOutcome
from fleetcore.domain.messages import Message
from fleetcore.errors import CorruptObject, FleetcoreError, StorageUnavailable
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_entrypoints.listener import LONGEST_PAUSE_S, Delays, Heard, listen

NOW_MS = 1_700_000_000_000
FULL = StorageUnavailable("no space")


class Script:
    """An inbox and a store, whose every call is noted in `calls`.

    `batches` are received one after the other, each one 10 ms before it is durable; `failures`
    counts down the times that storage is unavailable. It is to stop when nothing is left.
    """

    def __init__(
        self,
        *batches: int,
        failures: int = 0,
        failure: FleetcoreError = FULL,
        stop_after: int | None = None,
    ) -> None:
        self.problem: str | None = None
        self.sessions_lost = 0
        self.calls: list[str] = []
        self.told: list[Heard] = []
        self.clock = MemoryClock(NOW_MS)
        self._batches = list(batches)
        self._failures = failures
        self._failure = failure
        self._stop_after = stop_after

    def receive(self, limit: int, *, wait_s: float, gather_s: float) -> tuple[Message, ...]:
        count = self._batches.pop(0)
        self.calls.append(f"receive {count}")
        at_ms = self.clock.now_ms()
        self.clock.advance(10)
        return (Message(topic="t", payload=b"{}", received_at_ms=at_ms),) * count

    def acknowledge(self) -> None:
        self.calls.append("acknowledge")

    def pause(self, seconds: float) -> None:
        self.calls.append(f"pause {seconds}")
        self.clock.advance(round(1000 * seconds))

    def take_in(self, messages: Sequence[Message]) -> Taken:
        if self._failures:
            self._failures -= 1
            self.calls.append("fail")
            raise self._failure
        self.calls.append(f"take in {len(messages)}")
        count = len(messages)
        return Taken(counts=RowCounts(read=count, accepted=count), store=StoreOutcome(stored=count))

    def is_stopped(self) -> bool:
        if self._stop_after is not None:
            return len(self.calls) >= self._stop_after
        return not self._batches

    def run(self) -> Heard:
        return listen(
            self,
            self.take_in,
            self.clock,
            is_stopped=self.is_stopped,
            tell=self.told.append,
        )


def test_messages_are_acknowledged_when_they_are_taken_in() -> None:
    """Never before; where none came there is nothing to do."""
    script = Script(2, 0, 1)
    script.run()

    assert [
        *("receive 2", "take in 2", "acknowledge"),
        "receive 0",
        *("receive 1", "take in 1", "acknowledge"),
    ] == script.calls


def test_while_storage_is_unavailable_it_tries_again_more_and_more_seldom() -> None:
    """Nothing else is received or acknowledged meanwhile, and the last problem is told."""
    script = Script(3, failures=8, stop_after=100)
    with pytest.raises(IndexError):
        script.run()

    pauses = [float(call.split()[1]) for call in script.calls if call.startswith("pause")]
    assert [0.2, 0.4, 0.8, 1.6, 3.2, LONGEST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S] == pauses
    assert ["receive 3", "fail"] == script.calls[:2]
    assert ["take in 3", "acknowledge"] == script.calls[-2:]
    assert 1 == script.calls.count("acknowledge")
    assert "no space" == script.told[0].problem
    assert script.told[-1].problem is None


def test_asked_to_end_while_storage_is_unavailable_it_acknowledges_nothing() -> None:
    """The error says why; the messages are the broker's to send again."""
    script = Script(3, failures=9, stop_after=5)

    with pytest.raises(StorageUnavailable, match="no space"):
        script.run()
    assert "acknowledge" not in script.calls


def test_a_damaged_log_is_told_and_waited_for() -> None:
    """As storage that is unavailable: it may be mended meanwhile."""
    damaged = CorruptObject("damaged; run `fleetcore doctor`")
    script = Script(3, 1, failures=2, failure=damaged)
    script.run()

    assert ["receive 3", "fail", "pause 0.2", "fail", "pause 0.4", "take in 3"] == script.calls[:6]
    assert [str(damaged), None] == [each.problem for each in script.told][:2]


def test_what_is_heard_is_counted_and_timed() -> None:
    """From the beginning, with the rate and the delays of the whole time."""
    heard = Script(2, 0, 1).run()

    assert 3 == heard.messages
    assert (3, 3) == (heard.taken.counts.accepted, heard.taken.store.stored)
    assert {10: 3} == heard.delays.count_by_ms
    assert 3 / 0.03 == pytest.approx(heard.rate_per_s)


def test_it_tells_every_second_of_what_came_since() -> None:
    """The totals grow; rate and delays are the last second's."""
    script = Script(*[1] * 250)
    script.run()

    assert [100, 200] == [each.messages for each in script.told]
    assert [100.0, 100.0] == [each.rate_per_s for each in script.told]
    assert [{10: 100}, {10: 100}] == [each.delays.count_by_ms for each in script.told]


def test_it_tells_of_a_new_problem_at_once() -> None:
    """And once."""
    script = Script(1, 1, 1)
    broken = "the connection broke"

    def receive(limit: int, *, wait_s: float, gather_s: float) -> tuple[Message, ...]:
        script.problem = broken
        return Script.receive(script, limit, wait_s=wait_s, gather_s=gather_s)

    script.receive = receive  # type: ignore[method-assign] # the broker goes away
    script.run()

    assert [broken] == [each.problem for each in script.told]


def test_delays_say_what_they_are_of_nothing() -> None:
    """Zero."""
    nothing = Delays()

    assert (0, 0, 0) == (nothing.mean_ms, nothing.max_ms, nothing.within_ms(0.99))


def test_delays_are_told_by_mean_share_and_maximum() -> None:
    """A share of messages was durable within so many ms."""
    delays = Delays()
    delays.count_by_ms.update([*range(1, 101)])

    assert 50.5 == delays.mean_ms
    assert (1, 50, 99, 100) == tuple(map(delays.within_ms, (0.01, 0.5, 0.99, 1.0)))
    assert 100 == delays.max_ms
