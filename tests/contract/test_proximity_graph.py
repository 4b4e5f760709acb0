"""The contract of proximity graphs, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.proximity_graph import ProximityGraphContract


class TestProximityGraph(ProximityGraphContract):
    """Runs the suite on what the fixture `open_proximity_graph` opens."""
