"""What a suite on live logs opens, and the batches it appends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import evolve, frozen

from fleetcore.domain.digests import leaf_of
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.messages import EventBatch
from fleetcore.domain.parts import StoredEvent
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.ports.live_log import LiveLog
from fleetcore.testing.contracts.log_rig import LogRig

LIVE: Final = "live-1"
SPAN: Final = (-(2**60), 2**60)


@frozen(kw_only=True, slots=True)
class LiveLogRig:
    """A live log and what a suite needs beside it.

    `parts` is the same log as files see it. `encode` makes the content of a batch, in the order
    given, and `decode` reads it; `fold` moves what the log's tail holds into parts, if it has one.
    """

    live: LiveLog
    parts: LogRig
    encode: Callable[[Sequence[StoredEvent]], bytes]
    decode: Callable[[bytes], Sequence[StoredEvent]]
    fold: Callable[[], None]

    def batch(self, *events: StoredEvent, ingestion: str = LIVE) -> EventBatch:
        """A batch of events, whose provenance becomes that of the batch."""
        rows = [evolve(each, ingestion=ingestion) for each in events]
        return EventBatch(ingestion=ingestion, rows=len(rows), content=self.encode(rows))

    def append(self, *events: StoredEvent, ingestion: str = LIVE) -> StoreOutcome:
        """Append a batch."""
        return self.live.append_batches(self.batch(*events, ingestion=ingestion))

    def rows(self) -> list[StoredEvent]:
        """All that the log holds, in an order of its own."""
        return sorted(self.parts.log.scan(), key=repr)

    def sent(self, cursor: int = 0, limit: int = 1000) -> tuple[list[StoredEvent], int]:
        """All events of the batches behind a cursor, once each, and the cursor in the end."""
        found: set[StoredEvent] = set()
        for _ in range(1000):
            step = self.live.batches_since(cursor, limit)
            for batch in step.batches:
                events = self.decode(batch.content)
                assert batch.rows == len(events)
                assert {batch.ingestion} == {each.ingestion for each in events}
                found.update(events)
            cursor = step.cursor
            if not step.batches:
                return sorted(found, key=repr), cursor
        raise AssertionError("the batches never end")


def live(*events: StoredEvent, ingestion: str = LIVE) -> list[StoredEvent]:
    """Events as a log holds them that were taken in live, sorted as `rows` are."""
    return sorted((evolve(each, ingestion=ingestion) for each in events), key=repr)


def tombstone(vehicle_id: str, forgotten_at_ms: int = 5) -> Tombstone:
    """The tombstone of a vehicle."""
    return Tombstone(
        key=key_of(vehicle_id), leaf=leaf_of(vehicle_id), forgotten_at_ms=forgotten_at_ms
    )
