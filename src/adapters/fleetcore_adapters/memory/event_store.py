"""Streams of decisions in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Generic

from fleetcore.errors import VersionConflict
from fleetcore.ports.event_store import E, EventStore, checked_size


class MemoryEventStore(EventStore[E], Generic[E]):
    """Keeps streams as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: dict[str, tuple[E, ...]] = {}

    def append(self, stream: str, expected_version: int, events: Sequence[E]) -> int:
        checked_size(events)
        with self._lock:
            held = self._streams.get(stream, ())
            if len(held) != expected_version:
                raise VersionConflict(stream, expected_version, len(held))
            if events:
                self._streams[stream] = (*held, *events)
            return len(held) + len(events)

    def read(self, stream: str) -> tuple[E, ...]:
        with self._lock:
            return self._streams.get(stream, ())

    def streams(self, prefix: str = "") -> tuple[str, ...]:
        with self._lock:
            return tuple(each for each in self._streams if each.startswith(prefix))
