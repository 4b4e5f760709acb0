"""A stream of which an event is lost."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from fleetcore.codec.ingestion_events import INGESTION_EVENTS
from fleetcore.domain.ingestion_events import IngestionFailed
from fleetcore.errors import StorageUnavailable
from fleetcore_adapters.local.database import Database
from fleetcore_adapters.local.event_store import LocalEventStore


def test_a_gap_is_reported_and_not_skipped(tmp_path: Path) -> None:
    """Where a version is missing nothing is read, and the error says which one."""
    with closing(Database(tmp_path)) as database:
        store = LocalEventStore(database, INGESTION_EVENTS)
        store.append("a", 0, [IngestionFailed(code=f"{each}", message="") for each in range(3)])
        with database.write() as connection:
            connection.execute("DELETE FROM events WHERE version = 2")

        with pytest.raises(StorageUnavailable, match=r"'a' has no event 2.*backup"):
            store.read("a")
