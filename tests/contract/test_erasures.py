"""The contract of what remembers which vehicles are erased, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.erasures import ErasuresContract


class TestErasures(ErasuresContract):
    """Runs the suite on what the fixture `open_erasures` opens."""
