"""The adapters of each port, and a fixture a port that opens each of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from typing import Final, Generic, TypeVar

import pytest
from attrs import frozen
from tests.tables import table_of

from fleetcore.application.vehicle_table import COLUMNS
from fleetcore.domain.vehicles import Vehicle
from fleetcore.ports.catalogue import Catalogue
from fleetcore.ports.object_store import ObjectStore
from fleetcore.testing.contracts.location_log import LogRig
from fleetcore.testing.contracts.source import SourceRig
from fleetcore_adapters.arrow import part_file as parquet
from fleetcore_adapters.arrow.batch_engine import ArrowEngine
from fleetcore_adapters.arrow.compaction import Compaction
from fleetcore_adapters.arrow.location_log import ParquetLog
from fleetcore_adapters.arrow.log_files import Opener, opened_in
from fleetcore_adapters.arrow.vehicles_file import VehiclesFile
from fleetcore_adapters.local.catalogue import LocalCatalogue
from fleetcore_adapters.local.clock import SystemClock
from fleetcore_adapters.local.database import Database
from fleetcore_adapters.local.event_store import LocalEventStore
from fleetcore_adapters.local.lanes import LocalLanes
from fleetcore_adapters.local.latest_positions import LocalLatestPositions
from fleetcore_adapters.local.object_store import LocalObjectStore
from fleetcore_adapters.local.origins import LocalOrigins
from fleetcore_adapters.local.source import FileSource, SpooledSource
from fleetcore_adapters.memory import part_file as plain
from fleetcore_adapters.memory.batch_engine import PlainEngine
from fleetcore_adapters.memory.catalogue import MemoryCatalogue
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_adapters.memory.event_store import MemoryEventStore
from fleetcore_adapters.memory.lanes import MemoryLanes
from fleetcore_adapters.memory.latest_positions import MemoryLatestPositions
from fleetcore_adapters.memory.location_log import MemoryLog
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.origins import MemoryOrigins
from fleetcore_adapters.memory.source import BytesSource
from fleetcore_adapters.memory.vehicles import VehicleTable

T_co = TypeVar("T_co", covariant=True)


@frozen(slots=True)
class Harness(Generic[T_co]):
    """An adapter of a port.

    `name` is the adapter's package. `start` is given a folder of the test's own and a stack
    for what must be closed, and returns what opens a handle on the one state: called again, it
    opens another handle, as another process would.
    """

    name: str
    start: Callable[[Path, ExitStack], Callable[[], T_co]]


def in_memory(make: Callable[[], T_co]) -> Harness[T_co]:
    """A memory adapter: its state is the object, so every handle is the same one."""

    def start(_folder: Path, _stack: ExitStack) -> Callable[[], T_co]:
        adapter = make()
        return lambda: adapter

    return Harness("memory", start)


def on_database(make: Callable[[Database], T_co]) -> Harness[T_co]:
    """A local adapter on the folder's SQLite file: a handle is a connection of its own."""

    def start(folder: Path, stack: ExitStack) -> Callable[[], T_co]:
        return lambda: make(stack.enter_context(closing(Database(folder))))

    return Harness("local", start)


def in_folder(make: Callable[[Path], T_co]) -> Harness[T_co]:
    """A local adapter on the folder's files."""
    return Harness("local", lambda folder, _stack: lambda: make(folder))


def stateless(name: str, make: Callable[[], T_co]) -> Harness[T_co]:
    """An adapter that shares nothing between handles."""
    return Harness(name, lambda _folder, _stack: make)


def memory_log(_folder: Path, _stack: ExitStack) -> Callable[[], LogRig]:
    """A log in plain Python; it never compacts."""
    objects = MemoryObjectStore()
    rig = LogRig(log=MemoryLog(objects), objects=objects, encode=plain.encode, compact=lambda: None)
    return lambda: rig


def parquet_rig(
    catalogue: Catalogue, objects: ObjectStore, open_file: Opener | None = None
) -> LogRig:
    """A log of Parquet files."""
    compaction = Compaction(catalogue, objects, open_file)

    def compact() -> None:
        compaction.compact(up_to=catalogue.files().sequence, now_ms=NOW_MS)

    return LogRig(
        log=ParquetLog(catalogue, objects, open_file),
        objects=objects,
        encode=lambda events: parquet.encode(table_of(events)),
        compact=compact,
    )


def parquet_log(_folder: Path, _stack: ExitStack) -> Callable[[], LogRig]:
    """A log of Parquet files in memory; handles share no footers."""
    catalogue, objects = MemoryCatalogue(), MemoryObjectStore()
    return lambda: parquet_rig(catalogue, objects)


def local_parquet_log(folder: Path, stack: ExitStack) -> Callable[[], LogRig]:
    """A log of Parquet files in a folder: a handle has a connection of its own."""

    def opened() -> LogRig:
        catalogue = LocalCatalogue(stack.enter_context(closing(Database(folder))))
        return parquet_rig(catalogue, LocalObjectStore(folder), opened_in(folder))

    return opened


def bytes_source(data: bytes = b"") -> SourceRig:
    """Bytes in memory."""
    source = BytesSource("file.csv", data)
    return SourceRig(source=source, change=lambda new: setattr(source, "data", new))


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


def vehicle_table(known: Iterable[Vehicle] = ()) -> VehicleTable:
    """Vehicles in memory."""
    return VehicleTable(known)


def vehicles_file(known: Iterable[Vehicle] = ()) -> VehiclesFile:
    """Vehicles, written as CSV."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    rows.writerows(
        (v.vehicle_id, v.vehicle_class, v.max_speed_kmh, v.depot_latitude, v.depot_longitude)
        for v in known
    )
    return VehiclesFile(text.getvalue().encode(), "vehicles.csv")


NOW_MS: Final = 1_700_000_000_000

HARNESSES: Final[Mapping[str, tuple[Harness[object], ...]]] = {
    "batch_engine": (in_memory(PlainEngine), stateless("arrow", ArrowEngine)),
    "catalogue": (in_memory(MemoryCatalogue), on_database(LocalCatalogue)),
    "clock": (in_memory(lambda: MemoryClock(NOW_MS)), in_folder(lambda _: SystemClock())),
    "event_store": (in_memory(MemoryEventStore), on_database(LocalEventStore)),
    "lanes": (in_memory(MemoryLanes), on_database(LocalLanes)),
    "latest_positions": (in_memory(MemoryLatestPositions), on_database(LocalLatestPositions)),
    "location_log": (
        Harness("memory", memory_log),
        Harness("arrow", parquet_log),
        Harness("arrow-local", local_parquet_log),
    ),
    "object_store": (in_memory(MemoryObjectStore), in_folder(LocalObjectStore)),
    "origins": (in_memory(MemoryOrigins), on_database(LocalOrigins)),
    "source": (
        stateless("memory", bytes_source),
        Harness("local", file_sources),
        Harness("local-spooled", spooled_sources),
    ),
    "vehicle_directory": (
        stateless("memory", vehicle_table),
        stateless("arrow", vehicles_file),
    ),
}
"""By the name of the port's module."""


@pytest.fixture(name="harnesses", scope="session")
def _harnesses() -> Mapping[str, tuple[Harness[object], ...]]:
    """The table of adapters."""
    return HARNESSES


def _opening(port: str) -> Callable[..., Iterator[Callable[[], object]]]:
    """The fixture that a port's contract suite asks for, once an adapter."""

    @pytest.fixture(
        name=f"open_{port}",
        params=[pytest.param(harness, id=harness.name) for harness in HARNESSES[port]],
    )
    def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], object]]:
        harness: Harness[object] = request.param
        with ExitStack() as stack:
            yield harness.start(tmp_path / "data", stack)

    return opening


_open_batch_engine = _opening("batch_engine")
_open_catalogue = _opening("catalogue")
_open_clock = _opening("clock")
_open_event_store = _opening("event_store")
_open_lanes = _opening("lanes")
_open_latest_positions = _opening("latest_positions")
_open_location_log = _opening("location_log")
_open_object_store = _opening("object_store")
_open_origins = _opening("origins")
_open_source = _opening("source")
_open_vehicle_directory = _opening("vehicle_directory")
