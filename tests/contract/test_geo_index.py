"""The contract of geo indexes, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.geo_index import GeoIndexContract


class TestGeoIndex(GeoIndexContract):
    """Runs the suite on what the fixture `open_geo_index` opens."""
