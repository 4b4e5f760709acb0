"""The contract of origins, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.origins import OriginsContract


class TestOrigins(OriginsContract):
    """Runs the suite on what the fixture `open_origins` opens."""
