"""The contract of live logs, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.live_log import LiveLogContract


class TestLiveLog(LiveLogContract):
    """Runs the suite on what the fixture `open_live_log` opens."""
