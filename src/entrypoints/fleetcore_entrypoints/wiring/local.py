"""The adapters of a fleet in a data folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from fleetcore.application.findings import Finding
from fleetcore.application.fleet import Fleet
from fleetcore.application.storing import drain, resume
from fleetcore.codec.ingestion_events import INGESTION_EVENTS
from fleetcore.ports.catalogue import Catalogue
from fleetcore.ports.latest_positions import ErasablePositions
from fleetcore.ports.live_log import LiveLog
from fleetcore.ports.progress import Progress, unwatched
from fleetcore_adapters.arrow.batch_engine import ArrowEngine
from fleetcore_adapters.arrow.location_log import ParquetLog
from fleetcore_adapters.arrow.log_files import opened_in
from fleetcore_adapters.local.catalogue import LocalCatalogue
from fleetcore_adapters.local.clock import SystemClock
from fleetcore_adapters.local.database import Database
from fleetcore_adapters.local.dead_letters import LocalDeadLetters
from fleetcore_adapters.local.event_store import LocalEventStore
from fleetcore_adapters.local.lanes import LocalLanes
from fleetcore_adapters.local.latest_positions import LocalLatestPositions
from fleetcore_adapters.local.object_store import UNFINISHED_FOLDER, LocalObjectStore
from fleetcore_adapters.local.origins import LocalOrigins
from fleetcore_entrypoints.wiring.app import App

if TYPE_CHECKING:
    from fleetcore_adapters.arrow.compaction import Compacted
    from fleetcore_entrypoints.housekeeping import Housekeeping


@frozen(kw_only=True, slots=True)
class LocalApp(App):
    """A fleet in a data folder, with what only a data folder has; `log` is the fleet's own."""

    folder: Path
    database: Database
    log: LiveLog
    catalogue: Catalogue
    latest: ErasablePositions
    housekeeping: Callable[[], Housekeeping]

    def fold(self) -> None:
        """See `Housekeeping.fold`; nothing where the log has no tail."""
        if any(entry.file.kind == "tail" for entry in self.catalogue.files().entries):
            self.housekeeping().fold()

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
    clock = SystemClock()
    lanes = LocalLanes(database, clock)
    latest = LocalLatestPositions(database)
    log = ParquetLog(catalogue, objects, opened_in(folder))
    fleet = Fleet(
        clock=clock,
        events=LocalEventStore(database, INGESTION_EVENTS),
        lanes=lanes,
        dead_letters=LocalDeadLetters(database),
        objects=objects,
        origins=LocalOrigins(database),
        log=log,
        latest=latest,
        engine=ArrowEngine(spool_folder=folder / UNFINISHED_FOLDER),
    )

    def housekeeping() -> Housekeeping:
        # Imported here, because ingesting and reading need nothing of it.
        from fleetcore_entrypoints.housekeeping import Housekeeping

        return Housekeeping(database, fleet, catalogue, lanes)

    return LocalApp(
        folder=folder,
        database=database,
        log=log,
        fleet=fleet,
        resume=lambda: resume(fleet),
        settle=lambda: drain(fleet),
        close=database.close,
        catalogue=catalogue,
        latest=latest,
        housekeeping=housekeeping,
    )
