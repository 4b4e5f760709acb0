"""The contract of snapshot stores, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.snapshot_store import SnapshotStoreContract


class TestSnapshotStore(SnapshotStoreContract):
    """Runs the suite on what the fixture `open_snapshot_store` opens."""
