"""The machine's clock."""

from __future__ import annotations

import time

from fleetcore.ports.clock import Clock

NS_PER_MS = 1_000_000


class SystemClock(Clock):
    """Tells the operating system's time."""

    def now_ms(self) -> int:
        return time.time_ns() // NS_PER_MS
