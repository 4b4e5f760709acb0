"""The contract of clocks, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.clock import ClockContract


class TestClock(ClockContract):
    """Runs the suite on what the fixture `open_clock` opens."""
