"""A seen window that lies, and loses what it knows."""

from __future__ import annotations

from collections.abc import Sequence

from fleetcore.ports.seen_window import SeenWindow
from fleetcore.testing.simulation.world import World


class WeakWindow(SeenWindow):
    """Says of what was never met that it may have been, and forgets generations, half marked."""

    def __init__(self, world: World, name: str, window: SeenWindow) -> None:
        self._world = world
        self._name = name
        self._window = window
        self._lost: set[tuple[str, str]] = set()

    def begin(self, window: str, expected: int) -> str | None:
        self._world.pause(f"{self._name}.begin")
        return self._window.begin(window, expected)

    def mark(
        self, window: str, token: str, identities: Sequence[tuple[str, int]]
    ) -> tuple[bool, ...] | None:
        self._world.pause(f"{self._name}.mark")
        if (window, token) in self._lost:
            return None
        if self._world.happens("lost filter"):
            self._window.mark(window, token, identities[: len(identities) // 2])
            self._lost.add((window, token))
            return None
        marked = self._window.mark(window, token, identities)
        if marked is None or not self._world.happens("lying filter"):
            return marked
        return tuple(seen or self._world.random.random() < 0.5 for seen in marked)
