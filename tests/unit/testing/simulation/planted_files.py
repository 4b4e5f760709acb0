"""Bugs to plant in what takes files in: each is small, and each has been made somewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import pytest
from attrs import evolve

from fleetcore.application import chunk_commits, ingesting, storing, tracks
from fleetcore.application.fleet import Fleet
from fleetcore.application.streams import IngestionStream
from fleetcore.domain.ingestion_events import CommitChunk, RecordOutcome
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import LaneMessage, StoredEvent
from fleetcore.errors import FleetcoreError
from fleetcore.ports.batch_engine import Work
from fleetcore.ports.lanes import Delivery
from fleetcore.ports.source import Source
from fleetcore.testing.simulation.file_region import FileRegion
from fleetcore.testing.simulation.files import FilesScenario
from fleetcore.testing.simulation.item_log import Item, ItemLog, Key
from fleetcore.testing.simulation.scenario import Scenario
from fleetcore_adapters.memory.latest_positions import MemoryLatestPositions
from fleetcore_entrypoints.wiring.simulated import file_fakes


def message_before_commit(patch: pytest.MonkeyPatch) -> Scenario:
    """A chunk's messages are sent, and then the chunk is committed."""

    def commit_chunks(fleet: Fleet, source: Source, stream: IngestionStream, **named: Any) -> None:
        received = stream.state.received
        assert received is not None
        work = Work(
            received=received,
            vehicle_id=named["vehicle_id"],
            directory=named["directory"],
            done=stream.state.chunks,
            fetch=fleet.objects.get,
        )
        if not stream.state.open:
            return
        with source.open(received.interpretation.dialect) as content:
            for chunk in fleet.engine.chunks(content, work):
                processed = chunk_commits._durable(fleet, received.ingestion, chunk)
                fleet.lanes.send(
                    [
                        LaneMessage(ingestion=received.ingestion, part=part)
                        for part in processed.parts
                    ]
                )
                stream.carry_out(CommitChunk(chunk=processed))

    patch.setattr(ingesting, "commit_chunks", commit_chunks)
    return FilesScenario(file_fakes())


def acknowledge_before_append(_patch: pytest.MonkeyPatch) -> Scenario:
    """What was handed out is settled at once, and then stored."""

    class Region(FileRegion):
        def store(self) -> None:
            deliveries = self.weak.lanes.receive(3)
            self.weak.lanes.settle(deliveries)
            storing.store(self.weak, deliveries)

    return FilesScenario(file_fakes(), Region)


def outcome_before_append(patch: pytest.MonkeyPatch) -> Scenario:
    """A part's outcome is recorded before the log has its rows."""

    def append(fleet: Fleet, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            message = delivery.message
            outcome = StoreOutcome(stored=message.part.rows)
            command = RecordOutcome(key=message.part.key, outcome=outcome)
            IngestionStream(fleet.events, message.ingestion).carry_out(command)
            fleet.log.append([message.part])

    patch.setattr(storing, "_append", append)
    return FilesScenario(file_fakes())


def overwrite_by_identity(_patch: pytest.MonkeyPatch) -> Scenario:
    """Of a vehicle and an instant the log keeps one payload, the last."""

    class Log(ItemLog):
        def key_of(self, row: StoredEvent) -> Key:
            return (*row.event.identity, 0)

        def compared(self, row: StoredEvent, siblings: Sequence[Item]) -> Item:
            item = Item(row, is_conflict=bool(siblings))
            self.ask("put", lambda: self.items.__setitem__(self.key_of(row), item))
            return item

    return FilesScenario(file_fakes(), with_log(Log))


def filter_believed(_patch: pytest.MonkeyPatch) -> Scenario:
    """What the filter may have met is taken for stored."""

    class Log(ItemLog):
        def sorted_out(
            self, rows: Sequence[StoredEvent]
        ) -> tuple[Sequence[StoredEvent], Sequence[StoredEvent]]:
            new, _ = super().sorted_out(rows)
            return new, ()

    return FilesScenario(file_fakes(), with_log(Log))


def filter_trusted_after_loss(_patch: pytest.MonkeyPatch) -> Scenario:
    """A lost filter is replaced by an empty one, which knows nothing of what is stored."""

    class Log(ItemLog):
        def marked(self, rows: Sequence[StoredEvent]) -> Sequence[bool] | None:
            marked = super().marked(rows)
            if marked is None:
                self.tokens.clear()
                return super().marked(rows)
            return marked

    return FilesScenario(file_fakes(), with_log(Log))


def unprocessed_items_dropped(_patch: pytest.MonkeyPatch) -> Scenario:
    """What a batch write leaves out is taken for written."""

    class Log(ItemLog):
        def put_batch(self, rows: Sequence[StoredEvent]) -> Sequence[StoredEvent]:
            super().put_batch(rows)
            return ()

    return FilesScenario(file_fakes(), with_log(Log))


def dropped_partial_failure(patch: pytest.MonkeyPatch) -> Scenario:
    """Whatever failed of a batch of messages, all of it is settled."""
    store = storing.store

    def forgetful(
        fleet: Fleet, deliveries: Sequence[Delivery], is_late: Callable[[], bool]
    ) -> dict[str, FleetcoreError]:
        store(fleet, deliveries, is_late)
        return {}

    patch.setattr(storing, "store", forgetful)
    return FilesScenario(file_fakes())


def unbounded_retry(patch: pytest.MonkeyPatch) -> Scenario:
    """A part that cannot be stored is tried again for ever."""
    patch.setattr(storing, "TRIES", 1_000_000)
    return FilesScenario(file_fakes())


def cursor_before_view(patch: pytest.MonkeyPatch) -> Scenario:
    """The view's cursor is saved, and then what it stands for."""

    def catch_up(fleet: Fleet) -> None:
        winners, reached = fleet.log.winners_since(fleet.latest.cursor())
        fleet.latest.apply((), reached)
        fleet.latest.apply(winners, reached)

    patch.setattr(tracks, "catch_up", catch_up)
    return FilesScenario(file_fakes())


def clock_instead_of_event_time(_patch: pytest.MonkeyPatch) -> Scenario:
    """What came last to the view wins, not what was observed last."""

    class LastComes(MemoryLatestPositions):
        def apply(self, events: Iterable[StoredEvent], cursor: int) -> None:
            with self._lock:
                self._winners.update({row.event.vehicle_id: row for row in events})
                self._cursor = max(self._cursor, cursor)

    return FilesScenario(evolve(file_fakes(), latest=LastComes))


def with_log(log: type[ItemLog]) -> type[FileRegion]:
    """Regions on another log."""
    return type("Region", (FileRegion,), {"log_type": log})


PLANTED: Final = (
    message_before_commit,
    acknowledge_before_append,
    outcome_before_append,
    overwrite_by_identity,
    filter_believed,
    filter_trusted_after_loss,
    unprocessed_items_dropped,
    dropped_partial_failure,
    unbounded_retry,
    cursor_before_view,
    clock_instead_of_event_time,
)
