"""The Arrow adapters: columns, and a log of Parquet files in memory or in a folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final, TypeAlias

from tests.contract.harness.harness import NOW_MS, Harness, Rows, stateless
from tests.tables import table_of

from fleetcore.application.vehicle_table import COLUMNS
from fleetcore.domain.vehicles import Vehicle
from fleetcore.ports.catalogue import Catalogue
from fleetcore.ports.object_store import ObjectStore
from fleetcore.testing.contracts.live_log_rig import LiveLogRig
from fleetcore.testing.contracts.log_rig import LogRig
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.batch_engine import ArrowEngine
from fleetcore_adapters.arrow.compaction import Compaction
from fleetcore_adapters.arrow.folding import Folding
from fleetcore_adapters.arrow.live_engine import ArrowLiveEngine
from fleetcore_adapters.arrow.location_log import ParquetLog
from fleetcore_adapters.arrow.log_files import Opener, opened_in
from fleetcore_adapters.arrow.vehicles_file import VehiclesFile
from fleetcore_adapters.local.catalogue import LocalCatalogue
from fleetcore_adapters.local.database import Database
from fleetcore_adapters.local.object_store import LocalObjectStore
from fleetcore_adapters.memory.catalogue import MemoryCatalogue
from fleetcore_adapters.memory.object_store import MemoryObjectStore

Start: TypeAlias = Callable[[Path, ExitStack], Callable[[], LogRig]]


def parquet_rig(
    catalogue: Catalogue, objects: ObjectStore, open_file: Opener | None = None
) -> LiveLogRig:
    """A log of Parquet files."""
    log = ParquetLog(catalogue, objects, open_file)
    compaction = Compaction(catalogue, objects, open_file)
    folding = Folding(catalogue, objects)

    def compact() -> None:
        compaction.compact(up_to=catalogue.files().sequence, now_ms=NOW_MS)

    def fold() -> None:
        folding.fold(now_ms=NOW_MS)

    return LiveLogRig(
        live=log,
        parts=LogRig(
            log=log,
            objects=objects,
            encode=lambda events: part_file.encode(table_of(events)),
            compact=compact,
        ),
        encode=lambda events: part_file.batch_content(table_of(events)),
        decode=lambda content: part_file.events_of(part_file.decode(content)),
        fold=fold,
    )


def parquet_log(_folder: Path, _stack: ExitStack) -> Callable[[], LiveLogRig]:
    """A log of Parquet files in memory; handles share no footers."""
    catalogue, objects = MemoryCatalogue(), MemoryObjectStore()
    return lambda: parquet_rig(catalogue, objects)


def local_parquet_log(folder: Path, stack: ExitStack) -> Callable[[], LiveLogRig]:
    """A log of Parquet files in a folder: a handle has a connection of its own."""

    def opened() -> LiveLogRig:
        catalogue = LocalCatalogue(stack.enter_context(closing(Database(folder))))
        return parquet_rig(catalogue, LocalObjectStore(folder), opened_in(folder))

    return opened


def as_files_see_it(start: Callable[[Path, ExitStack], Callable[[], LiveLogRig]]) -> Start:
    """The same log, opened for parts."""

    def started(folder: Path, stack: ExitStack) -> Callable[[], LogRig]:
        opened = start(folder, stack)
        return lambda: opened().parts

    return started


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


ROWS: Final[Rows] = {
    "batch_engine": (stateless("arrow", ArrowEngine),),
    "live_engine": (stateless("arrow", ArrowLiveEngine),),
    "live_log": (Harness("arrow", parquet_log), Harness("arrow-local", local_parquet_log)),
    "location_log": (
        Harness("arrow", as_files_see_it(parquet_log)),
        Harness("arrow-local", as_files_see_it(local_parquet_log)),
    ),
    "vehicle_directory": (stateless("arrow", vehicles_file),),
}
