"""Objects in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from fleetcore.errors import ObjectMissing
from fleetcore.ports.object_store import ObjectStore, checked_key


class MemoryObjectStore(ObjectStore):
    """Keeps objects as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: dict[str, bytes] = {}

    def put_if_absent(self, key: str, content: bytes) -> bool:
        checked_key(key)
        with self._lock:
            if key in self._objects:
                return False
            self._objects[key] = bytes(content)
            return True

    def get(self, key: str) -> bytes:
        checked_key(key)
        with self._lock:
            content = self._objects.get(key)
        if content is None:
            raise ObjectMissing(f"no object {key!r}")
        return content

    def keys(self, prefix: str) -> Iterator[str]:
        with self._lock:
            found = sorted(key for key in self._objects if key.startswith(prefix))
        return iter(found)

    def remove(self, key: str) -> None:
        checked_key(key)
        with self._lock:
            self._objects.pop(key, None)
