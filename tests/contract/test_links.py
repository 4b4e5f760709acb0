"""The contract of what remembers a region's links, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.links import LinksContract


class TestLinks(LinksContract):
    """Runs the suite on what the fixture `open_links` opens."""
