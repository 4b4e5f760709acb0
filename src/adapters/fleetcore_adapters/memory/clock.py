"""A clock that stands still until it is moved."""

from __future__ import annotations

from fleetcore.ports.clock import Clock


class MemoryClock(Clock):
    """Tells the time it was set to, in epoch milliseconds."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def advance(self, by_ms: int) -> None:
        """Let this many milliseconds pass."""
        self._now_ms += by_ms
