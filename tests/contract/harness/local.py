"""The local adapters: a SQLite file and plain files in one folder."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from typing import Final, TypeVar

from tests.contract.harness.harness import NOW_MS, Harness, Rows

from fleetcore.codec.ingestion_events import INGESTION_EVENTS
from fleetcore.testing.contracts.lanes import LanesRig
from fleetcore.testing.contracts.source import SourceRig
from fleetcore_adapters.local.catalogue import LocalCatalogue
from fleetcore_adapters.local.clock import SystemClock
from fleetcore_adapters.local.database import Database, ViewsDatabase
from fleetcore_adapters.local.dead_letters import LocalDeadLetters
from fleetcore_adapters.local.dead_messages import LocalDeadMessages
from fleetcore_adapters.local.erasures import LocalErasures
from fleetcore_adapters.local.event_store import LocalEventStore
from fleetcore_adapters.local.geo_index import LocalGeoIndex
from fleetcore_adapters.local.lanes import LocalLanes
from fleetcore_adapters.local.latest_positions import LocalLatestPositions
from fleetcore_adapters.local.links import LocalLinks
from fleetcore_adapters.local.object_store import LocalObjectStore
from fleetcore_adapters.local.origins import LocalOrigins
from fleetcore_adapters.local.places import LocalPlaces
from fleetcore_adapters.local.proximity_graph import LocalProximityGraph
from fleetcore_adapters.local.registers import LocalRegisters
from fleetcore_adapters.local.snapshot_store import LocalSnapshotStore
from fleetcore_adapters.local.source import FileSource, SpooledSource
from fleetcore_adapters.memory.clock import MemoryClock

T_co = TypeVar("T_co", covariant=True)


def on_database(make: Callable[[Database], T_co]) -> Harness[T_co]:
    """An adapter on the folder's SQLite file: a handle is a connection of its own."""

    def start(folder: Path, stack: ExitStack) -> Callable[[], T_co]:
        return lambda: make(stack.enter_context(closing(Database(folder))))

    return Harness("local", start)


def on_views(make: Callable[[ViewsDatabase], T_co]) -> Harness[T_co]:
    """A view in the folder's SQLite file of views: a handle is a connection of its own."""

    def start(folder: Path, stack: ExitStack) -> Callable[[], T_co]:
        return lambda: make(stack.enter_context(closing(ViewsDatabase(folder))))

    return Harness("local", start)


def in_folder(make: Callable[[Path], T_co]) -> Harness[T_co]:
    """An adapter on the folder's files."""
    return Harness("local", lambda folder, _stack: lambda: make(folder))


def local_lanes(folder: Path, stack: ExitStack) -> Callable[[], LanesRig]:
    """Lanes on a clock that is moved, which all handles share."""
    clock = MemoryClock(NOW_MS)

    def opened() -> LanesRig:
        lanes = LocalLanes(stack.enter_context(closing(Database(folder))), clock)
        return LanesRig(lanes=lanes, advance=lambda seconds: clock.advance(round(seconds * 1000)))

    return opened


def small_dead_messages(database: Database) -> LocalDeadMessages:
    """A place that is soon full."""
    return LocalDeadMessages(database, most_messages=6, most_bytes=1000)


def file_sources(folder: Path, _stack: ExitStack) -> Callable[[], SourceRig]:
    """Files, each in a folder of its own."""
    numbers = count()

    def opened(data: bytes = b"") -> SourceRig:
        path = folder / str(next(numbers)) / "file.csv"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        return SourceRig(source=FileSource(path), change=path.write_bytes)

    return opened


def spooled_sources(folder: Path, _stack: ExitStack) -> Callable[[], SourceRig]:
    """Streams, copied before they can change."""

    def opened(data: bytes = b"") -> SourceRig:
        stream = io.BytesIO(data)

        def change(new: bytes) -> None:
            stream.seek(0)
            stream.truncate()
            stream.write(new)

        return SourceRig(source=SpooledSource("<stdin>", stream, folder), change=change)

    return opened


ROWS: Final[Rows] = {
    "catalogue": (on_database(LocalCatalogue),),
    "clock": (in_folder(lambda _: SystemClock()),),
    "dead_letters": (on_database(LocalDeadLetters),),
    "dead_messages": (on_database(small_dead_messages),),
    "erasures": (on_database(LocalErasures),),
    "event_store": (on_database(lambda database: LocalEventStore(database, INGESTION_EVENTS)),),
    "geo_index": (on_views(LocalGeoIndex),),
    "lanes": (Harness("local", local_lanes),),
    "latest_positions": (on_database(LocalLatestPositions),),
    "links": (on_database(LocalLinks),),
    "object_store": (in_folder(LocalObjectStore),),
    "origins": (on_database(LocalOrigins),),
    "places": (on_database(LocalPlaces),),
    "proximity_graph": (on_views(LocalProximityGraph),),
    "registers": (on_views(LocalRegisters),),
    "snapshot_store": (in_folder(LocalSnapshotStore),),
    "source": (Harness("local", file_sources), Harness("local-spooled", spooled_sources)),
}
