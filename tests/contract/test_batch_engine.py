"""The contract of batch engines, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.batch_engine import BatchEngineContract


class TestBatchEngine(BatchEngineContract):
    """Runs the suite on what the fixture `open_batch_engine` opens."""
