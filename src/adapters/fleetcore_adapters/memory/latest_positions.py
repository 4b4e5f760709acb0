"""The latest position of each vehicle, in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence

from fleetcore.domain.location import precedence
from fleetcore.domain.parts import StoredEvent
from fleetcore.ports.latest_positions import ErasablePositions


class MemoryLatestPositions(ErasablePositions):
    """Keeps winners as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cursor = 0
        self._winners: dict[str, StoredEvent] = {}

    def cursor(self) -> int:
        with self._lock:
            return self._cursor

    def apply(self, events: Iterable[StoredEvent], cursor: int) -> None:
        with self._lock:
            for stored in events:
                held = self._winners.get(stored.event.vehicle_id)
                if held is None or precedence(stored.event) > precedence(held.event):
                    self._winners[stored.event.vehicle_id] = stored
            self._cursor = max(self._cursor, cursor)

    def read(self, vehicle_ids: Sequence[str] | None = None) -> tuple[StoredEvent, ...]:
        with self._lock:
            wanted = self._winners.keys() if vehicle_ids is None else set(vehicle_ids)
            return tuple(self._winners[key] for key in sorted(wanted & self._winners.keys()))

    def remove(self, vehicle_ids: Collection[str]) -> int:
        with self._lock:
            known = set(vehicle_ids) & self._winners.keys()
            for vehicle_id in known:
                del self._winners[vehicle_id]
            return len(known)
