"""The contract of live engines, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.live_engine import LiveEngineContract


class TestLiveEngine(LiveEngineContract):
    """Runs the suite on what the fixture `open_live_engine` opens."""
