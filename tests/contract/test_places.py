"""The contract of keepers of places, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.places import PlacesContract


class TestPlaces(PlacesContract):
    """Runs the suite on what the fixture `open_places` opens."""
