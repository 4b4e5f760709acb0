"""A message broker that hands out what is not acknowledged, more than once and in any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from fleetcore.domain.messages import Message
from fleetcore.testing.simulation.world import World

_AGAIN_MS: Final = 60_000
_LATE_MS: Final = (1000, 300_000)


class WeakBroker:
    """Keeps messages until they are acknowledged.

    What was handed out comes again after a minute, or at once. `acknowledged` is told of messages
    before they are let go: invariants listen there.
    """

    def __init__(
        self, world: World, region: str, acknowledged: Callable[[Sequence[Message]], None]
    ) -> None:
        self._world = world
        self._region = region
        self._acknowledged = acknowledged
        self._visible_at_ms: dict[int, int] = {}
        self.published: list[Message] = []

    @property
    def is_empty(self) -> bool:
        """Whether every message was acknowledged."""
        return not self._visible_at_ms

    def publish(self, message: Message) -> None:
        """Take a message from a vehicle."""
        self._visible_at_ms[len(self.published)] = self._world.now_ms
        self.published.append(message)

    def receive(self, limit: int) -> list[tuple[int, Message]]:
        """At most so many messages that wait, numbered."""
        self._world.pause(f"{self._region}/broker.receive")
        random, now_ms = self._world.random, self._world.now_ms
        waiting = [number for number, at in self._visible_at_ms.items() if at <= now_ms]
        if len(waiting) > 1 and self._world.happens("reordered delivery"):
            random.shuffle(waiting)
        handed_out: list[tuple[int, Message]] = []
        for number in waiting[:limit]:
            if self._world.happens("delayed delivery"):
                self._visible_at_ms[number] = now_ms + random.randint(*_LATE_MS)
                continue
            if not self._world.happens("duplicate delivery"):
                self._visible_at_ms[number] = now_ms + _AGAIN_MS
            handed_out.append((number, self.published[number]))
        return handed_out

    def acknowledge(self, numbers: Sequence[int]) -> None:
        """Let messages go; some acknowledgements may get lost."""
        self._world.pause(f"{self._region}/broker.acknowledge")
        self._acknowledged([self.published[number] for number in numbers])
        if self._world.happens("half batch"):
            numbers = numbers[: len(numbers) // 2]
        for number in numbers:
            self._visible_at_ms.pop(number, None)
