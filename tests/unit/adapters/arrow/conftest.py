"""A log of Parquet files in memory, and ways to let its neighbours fail."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager

import pyarrow as pa
import pytest
from attrs import Factory, define
from tests.tables import table_of

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.parts import Part, StoredEvent
from fleetcore.domain.tombstones import Tombstone
from fleetcore.errors import StorageUnavailable
from fleetcore.ports.catalogue import Appended, Catalogue, Extent, Listing, LogFile, Recorded
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.compaction import Compaction
from fleetcore_adapters.arrow.location_log import ParquetLog
from fleetcore_adapters.memory.catalogue import MemoryCatalogue
from fleetcore_adapters.memory.object_store import MemoryObjectStore


class Budget:
    """How many calls a process may still make before it dies."""

    def __init__(self, calls: int | None = None) -> None:
        self.left = calls

    def spend(self) -> None:
        """Make a call; the dead make none."""
        if self.left is not None:
            if self.left <= 0:
                raise StorageUnavailable("the process is dead")
            self.left -= 1


class MortalObjects(MemoryObjectStore):
    """Objects that are shared; each call costs."""

    def __init__(self, shared: MemoryObjectStore, budget: Budget) -> None:
        super().__init__()
        self._objects = shared._objects
        self._budget = budget

    def put_if_absent(self, key: str, content: bytes) -> bool:
        self._budget.spend()
        return super().put_if_absent(key, content)

    def get(self, key: str) -> bytes:
        self._budget.spend()
        return super().get(key)

    def remove(self, key: str) -> None:
        self._budget.spend()
        super().remove(key)


class MortalCatalogue(Catalogue):
    """A catalogue that is shared; each call costs, and something may happen before it."""

    def __init__(self, shared: Catalogue, budget: Budget) -> None:
        self._shared = shared
        self._budget = budget
        self.before: dict[str, list[Callable[[], object]]] = {}

    def _call(self, name: str) -> Catalogue:
        self._budget.spend()
        if waiting := self.before.get(name):
            waiting.pop(0)()
        return self._shared

    def files(self, extent: Extent | None = None, after: int = 0) -> Listing:
        return self._call("files").files(extent, after)

    def outcomes(self, origins: Collection[str]) -> Mapping[str, StoreOutcome]:
        return self._call("outcomes").outcomes(origins)

    def recorded(self) -> Mapping[str, Recorded]:
        return self._call("recorded").recorded()

    def content(self, key: str) -> bytes:
        return self._call("content").content(key)

    def append(self, parts: Sequence[Appended], seen: int, buried: int = 0) -> bool:
        return self._call("append").append(parts, seen, buried)

    def locked(self) -> AbstractContextManager[None]:
        return self._call("locked").locked()

    def replace(
        self,
        old: Collection[str],
        new: Sequence[LogFile],
        now_ms: int,
        forgotten: Mapping[str, int] | None = None,
    ) -> bool:
        return self._call("replace").replace(old, new, now_ms, forgotten)

    def bury(self, tombstones: Sequence[Tombstone]) -> None:
        self._call("bury").bury(tombstones)

    def tombstones(self) -> tuple[Tombstone, ...]:
        return self._call("tombstones").tombstones()

    def retired(self) -> Mapping[str, int]:
        return self._call("retired").retired()

    def forget(self, keys: Collection[str]) -> None:
        self._call("forget").forget(keys)


@define
class Folder:
    """What outlives processes, and processes that work on it."""

    catalogue: MemoryCatalogue = Factory(MemoryCatalogue)
    objects: MemoryObjectStore = Factory(MemoryObjectStore)
    opened: Counter[str] = Factory(Counter)
    parts: int = 0

    def open(self, key: str) -> pa.NativeFile:
        """Open an object and count it."""
        self.opened[key] += 1
        return pa.BufferReader(self.objects.get(key))

    @property
    def log(self) -> ParquetLog:
        """A handle that knows no footers yet."""
        return ParquetLog(self.catalogue, self.objects, self.open)

    @property
    def compaction(self) -> Compaction:
        """A compaction that nothing disturbs."""
        return Compaction(self.catalogue, self.objects, self.open)

    def mortal(self, calls: int | None = None) -> tuple[MortalCatalogue, MortalObjects]:
        """The same folder for a process that dies after so many calls."""
        budget = Budget(calls)
        return MortalCatalogue(self.catalogue, budget), MortalObjects(self.objects, budget)

    def put(self, events: Sequence[StoredEvent]) -> Part:
        """Store a part."""
        content = part_file.encode(*part_file.sliced(table_of(events)))
        self.parts += 1
        key = f"fresh/{events[0].ingestion}/{self.parts}.parquet"
        self.objects.put_if_absent(key, content)
        return Part(
            key=key,
            lane="moving",
            rows=len(events),
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )

    def append(self, *events: StoredEvent) -> StoreOutcome:
        """Store a part and append it."""
        (outcome,) = self.log.append([self.put(events)])
        return outcome

    def compact(self, up_to: int = 2**60) -> None:
        """Compact."""
        self.compaction.compact(up_to=up_to, now_ms=0)

    def content(self) -> list[str]:
        """All the log holds."""
        return sorted(map(repr, self.log.scan()))

    def named(self) -> list[str]:
        """The files the catalogue names."""
        return [entry.file.key for entry in self.catalogue.files().entries]


@pytest.fixture(name="folder")
def _folder() -> Folder:
    """An empty folder."""
    return Folder()


@pytest.fixture(name="new_folder", scope="session")
def _new_folder() -> type[Folder]:
    """Makes empty folders."""
    return Folder


def _event(
    vehicle_id: str, observed_at: int, latitude: float = 1.0, ingestion: str = "1f", line: int = 2
) -> StoredEvent:
    event = LocationEvent(
        vehicle_id=vehicle_id, observed_at=observed_at, latitude=latitude, longitude=2.0
    )
    return StoredEvent(event=event, distance_from_depot_m=None, ingestion=ingestion, line=line)


@pytest.fixture(name="event", scope="session")
def _event_maker() -> Callable[..., StoredEvent]:
    """Makes events."""
    return _event
