"""The contract of object stores, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.object_store import ObjectStoreContract


class TestObjectStore(ObjectStoreContract):
    """Runs the suite on what the fixture `open_object_store` opens."""
