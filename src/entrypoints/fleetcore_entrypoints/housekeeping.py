"""What keeps a data folder in shape: compaction, and sweeping up behind it."""

from __future__ import annotations

import shutil
from typing import Final

from fleetcore.application.doctor import diagnose
from fleetcore.application.file_checks import Rows
from fleetcore.application.findings import Finding
from fleetcore.application.fleet import Fleet
from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.application.sweeping import sweep
from fleetcore.application.tracks import catch_up
from fleetcore.ports.catalogue import Catalogue
from fleetcore.ports.progress import Progress
from fleetcore_adapters.arrow.compaction import Compacted, Compaction
from fleetcore_adapters.arrow.log_files import opened_in, parsed_footer, rows_by_ingestion
from fleetcore_adapters.local.database import Database
from fleetcore_adapters.local.folder_lock import FolderLock
from fleetcore_adapters.local.lanes import LocalLanes
from fleetcore_adapters.local.storage_errors import translated

# The tilde keeps these names from being keys of objects.
_LOCK_NAME: Final = "compaction~lock"
_SPOOL_NAME: Final = "compaction~"


class Housekeeping:
    """Compacts and examines the log of a data folder; one process at a time, others wait."""

    def __init__(
        self, database: Database, fleet: Fleet, catalogue: Catalogue, lanes: LocalLanes
    ) -> None:
        folder = database.folder
        self._database = database
        self._fleet = fleet
        self._catalogue = catalogue
        self._lanes = lanes
        self._lock = FolderLock(folder / _LOCK_NAME)
        self._spool = folder / _SPOOL_NAME
        self._compaction = Compaction(catalogue, fleet.objects, opened_in(folder), self._spool)

    def compact(self, progress: Progress) -> Compacted:
        """Rewrite the log's files, and remove what is no longer needed.

        Others may read and ingest meanwhile. Raises `ObjectMissing`, `CorruptObject`,
        `StorageUnavailable`.
        """
        with self._lock.held():
            self._clear_spool()
            catch_up(self._fleet)
            # In this order: an ingestion that is received later has nothing up to the cursor.
            up_to = self._fleet.latest.cursor()
            open_ingestions = _open_ingestions(self._fleet)
            compacted = self._compaction.compact(
                up_to=up_to,
                now_ms=self._fleet.clock.now_ms(),
                open_ingestions=open_ingestions,
                progress=progress,
            )
            with self._database.locked():
                sweep(self._fleet.events, self._fleet.objects, self._catalogue)
        return compacted

    def diagnose(self, progress: Progress) -> tuple[Finding, ...]:
        """See `fleetcore.application.doctor.diagnose`; nobody writes meanwhile."""
        with self._lock.held(), self._database.locked():
            waiting = self._lanes.waiting()
            return tuple(diagnose(self._fleet, self._catalogue, waiting, _rows_in, progress))

    def _clear_spool(self) -> None:
        """Remove what a compaction left that was killed."""
        with translated(self._spool):
            shutil.rmtree(self._spool, ignore_errors=True)
            self._spool.mkdir(exist_ok=True)


def _open_ingestions(fleet: Fleet) -> set[str]:
    return {
        each for each in ingestions(fleet.events) if IngestionStream(fleet.events, each).state.open
    }


def _rows_in(key: str, content: bytes) -> Rows:
    footer = parsed_footer(key, content)
    return Rows(
        extent=footer.extent if footer.rows else None,
        by_ingestion=rows_by_ingestion(key, content),
    )
