"""Snapshots in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

from fleetcore.errors import ObjectMissing
from fleetcore.ports.snapshot_store import SnapshotStore, checked_name


class MemorySnapshotStore(SnapshotStore):
    """Keeps snapshots as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._contents: dict[str, tuple[bytes, ...]] = {}

    def write(self, name: str, content: Iterable[bytes]) -> int:
        checked_name(name)
        pieces = tuple(content)
        with self._lock:
            self._contents[name] = pieces
        return sum(map(len, pieces))

    def read(self, name: str) -> Iterator[bytes]:
        checked_name(name)
        with self._lock:
            if name not in self._contents:
                raise ObjectMissing(f"there is no snapshot {name!r}")
            return iter(self._contents[name])

    def names(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(sorted(self._contents))

    def remove(self, name: str) -> None:
        checked_name(name)
        with self._lock:
            self._contents.pop(name, None)
