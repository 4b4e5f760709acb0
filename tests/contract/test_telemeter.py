"""The contract of metrics and alerts, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.telemeter import TelemeterContract


class TestTelemeter(TelemeterContract):
    """Runs the suite on what the fixture `open_telemeter` opens."""
