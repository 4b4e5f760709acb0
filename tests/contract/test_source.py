"""The contract of sources, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.source import SourceContract


class TestSource(SourceContract):
    """Runs the suite on what the fixture `open_source` opens."""
