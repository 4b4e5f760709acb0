"""The contract of lanes, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.lanes import LanesContract


class TestLanes(LanesContract):
    """Runs the suite on what the fixture `open_lanes` opens."""
