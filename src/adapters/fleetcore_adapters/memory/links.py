"""What a region remembers of its links, in memory."""

from __future__ import annotations

import threading

from fleetcore.ports.links import Links


class MemoryLinks(Links):
    """Remembers as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cut = False
        self._cursors: dict[str, int] = {}

    def are_cut(self) -> bool:
        with self._lock:
            return self._cut

    def cut(self, cut: bool) -> None:
        with self._lock:
            self._cut = cut

    def cursor(self, peer: str) -> int:
        with self._lock:
            return self._cursors.get(peer, 0)

    def save(self, peer: str, cursor: int) -> None:
        with self._lock:
            self._cursors[peer] = cursor
