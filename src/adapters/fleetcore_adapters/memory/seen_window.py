"""Which identities were met before, in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import count

from fleetcore.ports.seen_window import SeenWindow


class MemorySeenWindow(SeenWindow):
    """Keeps exact sets as long as the process lives, unless it is told to forget."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._marked: dict[tuple[str, str], set[tuple[str, int]]] = {}

    def begin(self, window: str, expected: int) -> str | None:  # noqa: ARG002 - a set grows
        with self._lock:
            token = f"generation-{next(self._numbers)}"
            self._marked[window, token] = set()
            return token

    def mark(
        self, window: str, token: str, identities: Sequence[tuple[str, int]]
    ) -> tuple[bool, ...] | None:
        with self._lock:
            marked = self._marked.get((window, token))
            if marked is None:
                return None
            seen: list[bool] = []
            for identity in identities:
                seen.append(identity in marked)
                marked.add(identity)
            return tuple(seen)

    def forget(self, window: str) -> None:
        """Lose every generation of a window, as a cache that restarts empty does."""
        with self._lock:
            for key in [each for each in self._marked if each[0] == window]:
                del self._marked[key]
