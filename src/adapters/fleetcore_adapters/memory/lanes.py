"""Priority queues in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from fleetcore.domain.lanes import LANES
from fleetcore.domain.parts import LaneMessage
from fleetcore.ports.lanes import Lanes


class MemoryLanes(Lanes):
    """Keeps messages as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, LaneMessage] = {}

    def send(self, messages: Sequence[LaneMessage]) -> None:
        with self._lock:
            for message in messages:
                self._waiting.setdefault(message.part.key, message)

    def receive(self, limit: int) -> tuple[LaneMessage, ...]:
        with self._lock:
            by_priority = sorted(
                self._waiting.values(), key=lambda message: LANES.index(message.part.lane)
            )
        return tuple(by_priority[: max(limit, 0)])

    def settle(self, messages: Sequence[LaneMessage]) -> None:
        with self._lock:
            for message in messages:
                self._waiting.pop(message.part.key, None)
