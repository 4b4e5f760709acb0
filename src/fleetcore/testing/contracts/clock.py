"""What every clock does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fleetcore.ports.clock import Clock

YEAR_2020_MS: Final = 1_577_836_800_000
YEAR_2200_MS: Final = 7_258_118_400_000


class ClockContract:
    """Needs the fixture `open_clock`."""

    def test_tells_milliseconds_since_1970(self, open_clock: Callable[[], Clock]) -> None:
        """The time is a whole number of milliseconds in this era, not seconds or nanoseconds."""
        now_ms = open_clock().now_ms()

        assert isinstance(now_ms, int)
        assert YEAR_2020_MS < now_ms < YEAR_2200_MS

    def test_does_not_go_back(self, open_clock: Callable[[], Clock]) -> None:
        """A later look never tells an earlier time."""
        clock = open_clock()

        times = [clock.now_ms() for _ in range(100)]

        assert times == sorted(times)
