"""Origins in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from fleetcore.ports.origins import Origin, Origins


class MemoryOrigins(Origins):
    """Keeps origins as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._origins: dict[str, Origin] = {}

    def note(self, ingestion: str, origin: Origin) -> None:
        with self._lock:
            self._origins[ingestion] = origin

    def read(self) -> Mapping[str, Origin]:
        with self._lock:
            return dict(self._origins)
