"""The composition root: which adapters a fleet is made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from fleetcore.application.findings import Finding
from fleetcore.application.fleet import Fleet
from fleetcore.ports.catalogue import Catalogue
from fleetcore.ports.progress import Progress, unwatched
from fleetcore_adapters.arrow.batch_engine import ArrowEngine
from fleetcore_adapters.arrow.location_log import ParquetLog
from fleetcore_adapters.arrow.log_files import opened_in
from fleetcore_adapters.local.catalogue import LocalCatalogue
from fleetcore_adapters.local.clock import SystemClock
from fleetcore_adapters.local.database import Database
from fleetcore_adapters.local.event_store import LocalEventStore
from fleetcore_adapters.local.lanes import LocalLanes
from fleetcore_adapters.local.latest_positions import LocalLatestPositions
from fleetcore_adapters.local.object_store import UNFINISHED_FOLDER, LocalObjectStore
from fleetcore_adapters.local.origins import LocalOrigins

if TYPE_CHECKING:
    from fleetcore_adapters.arrow.compaction import Compacted
    from fleetcore_entrypoints.housekeeping import Housekeeping


@frozen(kw_only=True, slots=True)
class LocalApp:
    """A fleet in a data folder, with what only a data folder has."""

    folder: Path
    fleet: Fleet
    catalogue: Catalogue
    housekeeping: Callable[[], Housekeeping]
    close: Callable[[], None]

    def compact(self, progress: Progress = unwatched) -> Compacted:
        """See `Housekeeping.compact`."""
        return self.housekeeping().compact(progress)

    def diagnose(self, progress: Progress = unwatched) -> tuple[Finding, ...]:
        """See `Housekeeping.diagnose`."""
        return self.housekeeping().diagnose(progress)


def wire_local(folder: Path) -> LocalApp:
    """The fleet of a data folder, which is made if it does not exist.

    Raises `StorageUnavailable` where it cannot be opened.
    """
    database = Database(folder)
    objects = LocalObjectStore(folder)
    catalogue = LocalCatalogue(database)
    fleet = Fleet(
        clock=SystemClock(),
        events=LocalEventStore(database),
        lanes=LocalLanes(database),
        objects=objects,
        origins=LocalOrigins(database),
        log=ParquetLog(catalogue, objects, opened_in(folder)),
        latest=LocalLatestPositions(database),
        engine=ArrowEngine(spool_folder=folder / UNFINISHED_FOLDER),
    )

    def housekeeping() -> Housekeeping:
        # Imported here, because ingesting and reading need nothing of it.
        from fleetcore_entrypoints.housekeeping import Housekeeping

        return Housekeeping(database, fleet, catalogue)

    return LocalApp(
        folder=folder,
        fleet=fleet,
        catalogue=catalogue,
        housekeeping=housekeeping,
        close=database.close,
    )
