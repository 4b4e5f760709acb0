"""Priority queues in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from itertools import count

from attrs import define

from fleetcore.domain.lanes import Lane
from fleetcore.domain.parts import LaneMessage
from fleetcore.ports.clock import Clock
from fleetcore.ports.lanes import Delivery, Lanes, idle_places


@define(slots=True)
class _Waiting:
    """A queued message: how often it was handed out, and when it may be again."""

    message: LaneMessage
    visible_at_ms: int = 0
    tries: int = 0


class MemoryLanes(Lanes):
    """Keeps messages as long as the process lives, of each part the newest attempt.

    With a lease a message that was handed out is not again for so many seconds, and settling it
    later, by the receipt of an earlier delivery, is nothing: as weak as a queue service.
    """

    def __init__(self, clock: Clock, lease_s: int = 0) -> None:
        self._clock = clock
        self._lease_s = lease_s
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._waiting: dict[int, _Waiting] = {}

    def send(self, messages: Sequence[LaneMessage]) -> None:
        with self._lock:
            for message in messages:
                self._send(message)

    def _send(self, message: LaneMessage) -> None:
        for number, held in self._waiting.items():
            if held.message.part.key == message.part.key:
                if held.message.attempt >= message.attempt:
                    return
                del self._waiting[number]
                break
        self._waiting[next(self._numbers)] = _Waiting(message)

    def receive(self, limit: int) -> tuple[Delivery, ...]:
        with self._lock:
            now_ms = self._clock.now_ms()
            idle = self._visible("idle", now_ms)
            kept = min(len(idle), idle_places(limit))
            picked = self._visible("moving", now_ms)[: max(limit - kept, 0)]
            picked += idle[: max(limit - len(picked), 0)]
            return tuple(self._handed_out(number, now_ms) for number in picked)

    def waiting(self) -> tuple[LaneMessage, ...]:
        """Every message that is not settled, without handing any out."""
        with self._lock:
            return tuple(held.message for held in self._waiting.values())

    def _visible(self, lane: Lane, now_ms: int) -> list[int]:
        return [
            number
            for number, held in self._waiting.items()
            if held.message.part.lane == lane and held.visible_at_ms <= now_ms
        ]

    def _handed_out(self, number: int, now_ms: int) -> Delivery:
        held = self._waiting[number]
        held.tries += 1
        held.visible_at_ms = now_ms + self._lease_s * 1000
        return Delivery(message=held.message, receipt=str(number), tries=held.tries)

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        with self._lock:
            for number, _, latest in self._held(deliveries):
                if latest or not self._lease_s:
                    del self._waiting[number]

    def hide(self, deliveries: Sequence[Delivery], seconds: int) -> None:
        with self._lock:
            for _, held, latest in self._held(deliveries):
                if latest:
                    held.visible_at_ms = self._clock.now_ms() + seconds * 1000

    def _held(self, deliveries: Sequence[Delivery]) -> Iterator[tuple[int, _Waiting, bool]]:
        """What waits still of what was handed out, and whether this was the latest time."""
        for delivery in deliveries:
            number = int(delivery.receipt)
            held = self._waiting.get(number)
            if held is not None:
                yield number, held, held.tries == delivery.tries
