"""The contract of location logs, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.location_log import LocationLogContract


class TestLocationLog(LocationLogContract):
    """Runs the suite on what the fixture `open_location_log` opens."""
