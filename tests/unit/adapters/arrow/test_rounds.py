"""Appends beside others that never pause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
import pytest
from tests.tables import table_of
from tests.unit.adapters.arrow.conftest import Budget, MortalCatalogue

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.messages import EventBatch
from fleetcore.domain.parts import StoredEvent
from fleetcore.errors import StorageUnavailable
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.location_log import ParquetLog
from fleetcore_adapters.arrow.rounds import FREE_ROUNDS, in_rounds
from fleetcore_adapters.memory.catalogue import MemoryCatalogue

if TYPE_CHECKING:
    from tests.unit.adapters.arrow.conftest import Folder

Event: TypeAlias = Callable[..., StoredEvent]
Append: TypeAlias = "Callable[[Folder, ParquetLog, list[StoredEvent]], StoreOutcome]"


class Busy(MortalCatalogue):
    """Before each append others append a hundred times, unless it is locked."""

    def __init__(self, folder: Folder, other: Callable[[], object]) -> None:
        super().__init__(folder.catalogue, Budget())
        self.before = {"append": [other] * 100}

    @contextmanager
    def locked(self) -> Iterator[None]:
        with super().locked():
            self.before = {}
            yield


def _as_part(folder: Folder, log: ParquetLog, events: list[StoredEvent]) -> StoreOutcome:
    (outcome,) = log.append([folder.put(events)])
    return outcome


def _as_batch(_folder: Folder, log: ParquetLog, events: list[StoredEvent]) -> StoreOutcome:
    content = part_file.batch_content(table_of(events))
    batch = EventBatch(ingestion="live-1", rows=len(events), content=content)
    return log.append_batches(batch)


@pytest.mark.parametrize("append", [_as_part, _as_batch])
def test_an_append_ends_however_many_others_there_are(
    folder: Folder, event: Event, append: Append
) -> None:
    """It is compared with what came meanwhile a few times, and once while nothing can come."""
    came: list[StoreOutcome] = []

    def other() -> None:
        came.append(folder.append(event("a", len(came), ingestion=f"{len(came)}e")))

    log = ParquetLog(Busy(folder, other), folder.objects, folder.open)
    outcome = append(folder, log, [event("a", at, ingestion="3d") for at in range(10)])

    assert FREE_ROUNDS == len(came)
    expected = StoreOutcome(stored=10 - FREE_ROUNDS, already_stored=FREE_ROUNDS)
    assert expected == outcome
    assert 10 == len(folder.content())


def test_what_was_compared_is_not_read_again(folder: Folder, event: Event) -> None:
    """However often an append is refused: the next round reads what came since."""
    folder.append(event("a", 1), event("a", 2, 9.0), event("z", 9))
    catalogue, objects = folder.mortal()
    catalogue.before["append"] = [
        lambda: folder.append(event("b", 1, ingestion="2e"), event("c", 9, ingestion="2e")),
        lambda: folder.append(event("a", 4, ingestion="4c")),
    ]
    opened: list[str] = []

    def noted(key: str) -> pa.NativeFile:
        opened.append(key)
        return pa.BufferReader(folder.objects.get(key))

    mine = [event(name, at, ingestion="3d") for name in "ab" for at in (1, 2, 4)]
    log = ParquetLog(catalogue, objects, noted)
    (outcome,) = log.append([folder.put(mine)])

    assert StoreOutcome(stored=2, already_stored=3, conflicting=1) == outcome
    # To compare, and for the identities that are remembered.
    assert 2 == opened.count("fresh/1f/1.parquet")


def test_parts_that_others_meet_later_are_compared_then(folder: Folder, event: Event) -> None:
    """Of parts that are appended together each has its own rivals, in each round others."""
    folder.append(event("a", 1))
    catalogue, objects = folder.mortal()
    catalogue.before["append"] = [
        lambda: folder.append(event("m", 1, ingestion="2e")),
        lambda: folder.append(event("a", 2, 9.0, ingestion="4c"), event("z", 1, ingestion="4c")),
    ]
    parts = [
        folder.put([event(name, at, ingestion="3d") for at in range(3)]) for name in ("a", "m", "x")
    ]

    assert (
        StoreOutcome(stored=1, already_stored=1, conflicting=1),
        StoreOutcome(stored=2, already_stored=1),
        StoreOutcome(stored=3),
    ) == ParquetLog(catalogue, objects).append(parts)
    assert 11 == len(folder.content())


def test_the_last_round_is_under_the_lock() -> None:
    """Where even that is refused the catalogue is damaged."""
    rounds: list[str] = []

    class Noted(MemoryCatalogue):
        @contextmanager
        def locked(self) -> Iterator[None]:
            rounds.append("locked")
            with super().locked():
                yield

    def refused() -> None:
        rounds.append("refused")

    with pytest.raises(StorageUnavailable, match="doctor"):
        in_rounds(Noted(), refused)
    assert [*["refused"] * FREE_ROUNDS, "locked", "refused"] == rounds
