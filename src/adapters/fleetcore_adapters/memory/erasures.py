"""Which vehicles are erased, in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection

from fleetcore.ports.erasures import Erasures


class MemoryErasures(Erasures):
    """Remembers as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: frozenset[str] = frozenset()

    def marked(self) -> frozenset[str]:
        with self._lock:
            return self._keys

    def mark(self, keys: Collection[str]) -> None:
        with self._lock:
            self._keys = self._keys.union(keys)

    def unmark(self, keys: Collection[str]) -> None:
        with self._lock:
            self._keys = self._keys.difference(keys)
