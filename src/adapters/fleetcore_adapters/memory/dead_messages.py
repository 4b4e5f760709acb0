"""Messages that could not be taken in, in memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from fleetcore.domain.messages import DeadMessage
from fleetcore.ports.dead_messages import MOST_BYTES, MOST_MESSAGES, DeadMessages


class MemoryDeadMessages(DeadMessages):
    """Keeps messages as long as the process lives."""

    def __init__(self, *, most_messages: int = MOST_MESSAGES, most_bytes: int = MOST_BYTES) -> None:
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: deque[DeadMessage] = deque()
        self._dropped = 0

    def bury(self, messages: Sequence[DeadMessage]) -> None:
        with self._lock:
            self._kept.extend(messages)
            size = sum(len(each.message.payload) for each in self._kept)
            while len(self._kept) > self._most_messages or size > self._most_bytes:
                size -= len(self._kept.popleft().message.payload)
                self._dropped += 1

    def read(self, limit: int = 1000) -> tuple[DeadMessage, ...]:
        with self._lock:
            return tuple(self._kept)[max(0, len(self._kept) - limit) :]

    def count(self) -> int:
        with self._lock:
            return len(self._kept)

    def dropped(self) -> int:
        with self._lock:
            return self._dropped

    def remove(self, holding: bytes) -> int:
        with self._lock:
            kept = [each for each in self._kept if not _holds(each, holding)]
            removed = len(self._kept) - len(kept)
            self._kept = deque(kept)
            return removed

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._dropped = 0


def _holds(dead: DeadMessage, holding: bytes) -> bool:
    return holding in dead.message.payload or holding in dead.message.topic.encode()
