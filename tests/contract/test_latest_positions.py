"""The contract of views of latest positions, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.latest_positions import LatestPositionsContract


class TestLatestPositions(LatestPositionsContract):
    """Runs the suite on what the fixture `open_latest_positions` opens."""
