"""The contract of catalogues, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.catalogue import CatalogueContract


class TestCatalogue(CatalogueContract):
    """Runs the suite on what the fixture `open_catalogue` opens."""
