"""The contract of event stores, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.event_store import EventStoreContract


class TestEventStore(EventStoreContract):
    """Runs the suite on what the fixture `open_event_store` opens."""
