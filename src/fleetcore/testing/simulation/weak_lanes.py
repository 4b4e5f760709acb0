"""Lanes as weak as a queue service: what they hand out comes twice, late, and in any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from fleetcore.domain.parts import UNEXPLAINED, DeadLetter, LaneMessage
from fleetcore.ports.dead_letters import DeadLetters
from fleetcore.ports.lanes import Delivery, Lanes
from fleetcore.testing.simulation.world import World

LEASE_S: Final = 300
MOST_TRIES: Final = 12
"""What was handed out more often is given up by the queue itself; now and then it is earlier."""

_DEDUPLICATED_MS: Final = 300_000
_LATE_S: Final = (5, 600)


class WeakLanes(Lanes):
    """Makes a queue service of lanes that lease what they hand out.

    The moving lane takes one attempt of a part once in five minutes. `sent` is told of messages
    before they are queued, and `settled` of deliveries before they are taken off: invariants
    listen there. A message that is handed out again while a worker has it is counted.
    """

    def __init__(
        self,
        world: World,
        lanes: Lanes,
        letters: DeadLetters,
        *,
        sent: Callable[[Sequence[LaneMessage]], None],
        settled: Callable[[Sequence[Delivery]], None],
    ) -> None:
        self._world = world
        self._lanes = lanes
        self._letters = letters
        self._sent = sent
        self._settled = settled
        self._sent_at_ms: dict[tuple[str, int], int] = {}
        self._handed_out: set[tuple[str, int]] = set()

    def send(self, messages: Sequence[LaneMessage]) -> None:
        self._sent(messages)
        self._lanes.send([each for each in messages if not self._is_repeated(each)])

    def receive(self, limit: int) -> tuple[Delivery, ...]:
        handed_out: list[Delivery] = []
        for delivery in self._lanes.receive(limit):
            if self._is_hopeless(delivery):
                self._give_up(delivery)
            elif self._world.happens("delayed delivery"):
                self._lanes.hide([delivery], self._world.random.randint(*_LATE_S))
            else:
                handed_out.append(delivery)
                if self._world.happens("duplicate delivery"):
                    self._lanes.hide([delivery], 0)
        for delivery in handed_out:
            identity = _identity(delivery.message)
            if identity in self._handed_out:
                self._world.tell("lease ended")
            self._handed_out.add(identity)
        if len(handed_out) > 1 and self._world.happens("reordered delivery"):
            self._world.random.shuffle(handed_out)
        return tuple(handed_out)

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        self._settled(deliveries)
        self._lanes.settle(deliveries)
        self._handed_out.difference_update(_identity(each.message) for each in deliveries)

    def hide(self, deliveries: Sequence[Delivery], seconds: int) -> None:
        self._lanes.hide(deliveries, seconds)
        self._handed_out.difference_update(_identity(each.message) for each in deliveries)

    def _is_repeated(self, message: LaneMessage) -> bool:
        if message.part.lane != "moving":
            return False
        now_ms = self._world.now_ms
        sent_at_ms = self._sent_at_ms.get(_identity(message), -_DEDUPLICATED_MS)
        if now_ms - sent_at_ms < _DEDUPLICATED_MS:
            return True
        self._sent_at_ms[_identity(message)] = now_ms
        return False

    def _is_hopeless(self, delivery: Delivery) -> bool:
        if delivery.tries > MOST_TRIES:
            self._world.tell("queue gave up")
            return True
        return self._world.happens("queue gave up")

    def _give_up(self, delivery: Delivery) -> None:
        letter = DeadLetter(
            message=delivery.message,
            code=UNEXPLAINED,
            reason="it was handed out too often",
            tries=delivery.tries,
            died_at_ms=self._world.now_ms,
        )
        self._letters.bury([letter])
        self._lanes.settle([delivery])


def _identity(message: LaneMessage) -> tuple[str, int]:
    return message.part.key, message.attempt
