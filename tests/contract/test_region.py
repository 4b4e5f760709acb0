"""The contract of regions, near and far, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.region import RegionContract


class TestRegion(RegionContract):
    """Runs the suite on what the fixture `open_region` opens."""
