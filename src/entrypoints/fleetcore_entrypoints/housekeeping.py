"""What keeps a data folder in shape: folding, compaction, and sweeping up behind them."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from functools import cache
from typing import Final

from fleetcore.application.doctor import diagnose
from fleetcore.application.file_checks import Rows
from fleetcore.application.findings import Finding
from fleetcore.application.fleet import Fleet
from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.application.sweeping import sweep
from fleetcore.application.tracks import catch_up
from fleetcore.domain.ingestion_events import Forget
from fleetcore.domain.provenance import is_of_file
from fleetcore.domain.tombstones import key_of
from fleetcore.ports.catalogue import Catalogue
from fleetcore.ports.progress import Progress
from fleetcore_adapters.arrow.compaction import Compacted, Compaction
from fleetcore_adapters.arrow.folding import Folded, Folding, TailWatch
from fleetcore_adapters.arrow.forgetting import Erased, Forgetting
from fleetcore_adapters.arrow.log_files import opened_in, parsed_footer, rows_by_ingestion
from fleetcore_adapters.local.database import Database
from fleetcore_adapters.local.folder_lock import FolderLock
from fleetcore_adapters.local.lanes import LocalLanes
from fleetcore_adapters.local.storage_errors import translated

# The tilde keeps these names from being keys of objects.
_LOCK_NAME: Final = "compaction~lock"
_FOLDING_LOCK_NAME: Final = "folding~lock"
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
        self._folding_lock = FolderLock(folder / _FOLDING_LOCK_NAME)
        self._folding = Folding(catalogue, fleet.objects)
        self._forgetting = Forgetting(catalogue, fleet.objects, opened_in(folder))
        self._spool = folder / _SPOOL_NAME
        self._compaction = Compaction(catalogue, fleet.objects, opened_in(folder), self._spool)

    def fold(self, watch: TailWatch | None = None) -> Folded:
        """Make parts of the log's tail: of all of it, or of what `watch` says; it is to be kept.

        Others may read, append and compact meanwhile. Raises `CorruptObject`,
        `StorageUnavailable`.
        """
        with self._folding_lock.held():
            now_ms = self._fleet.clock.now_ms()
            up_to = None
            if watch is not None:
                up_to = watch.due(self._catalogue.files(after=watch.seen), now_ms)
                if up_to is None:
                    self._folding.read_ahead(watch.settled(now_ms))
                    return Folded()
                watch.clear()  # what fails is not tried again before it is due again
            self._folding.sweep()
            return self._folding.fold(now_ms=now_ms, up_to=up_to)

    def compact(self, progress: Progress) -> Compacted:
        """Rewrite the log's files, its tail too, and remove what is no longer needed.

        Others may read and ingest meanwhile. Raises `ObjectMissing`, `CorruptObject`,
        `StorageUnavailable`.
        """
        with self._lock.held():
            self._clear_spool()
            self.fold()
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

    def forget(self, keys: Collection[str]) -> Erased:
        """Take the rows of vehicles out of the log, by their tombstones' keys.

        They must be buried before: nothing of them comes in any more. The ingestions' streams
        say first how many rows each loses; killed anywhere, the next run goes on. Raises
        `IllegalCommand` where another process is storing rows of them at this moment,
        `ObjectMissing`, `CorruptObject`, `StorageUnavailable`.
        """
        forgotten = cache(lambda vehicle_id: key_of(vehicle_id) in keys)
        with self._lock.held():
            self._clear_spool()
            self.fold()
            with self._folding_lock.held():
                for vehicle_id, rows in self._forgetting.rows(forgotten).items():
                    _record(self._fleet, key_of(vehicle_id), rows)
                erased = self._forgetting.erase(forgotten, self._fleet.clock.now_ms())
            with self._database.locked():
                sweep(self._fleet.events, self._fleet.objects, self._catalogue)
        return erased

    def diagnose(self, progress: Progress) -> tuple[Finding, ...]:
        """See `fleetcore.application.doctor.diagnose`; nobody writes meanwhile."""
        with self._lock.held(), self._folding_lock.held(), self._database.locked():
            waiting = self._lanes.waiting()
            return tuple(diagnose(self._fleet, self._catalogue, waiting, _rows_in, progress))

    def _clear_spool(self) -> None:
        """Remove what a compaction left that was killed."""
        with translated(self._spool):
            shutil.rmtree(self._spool, ignore_errors=True)
            self._spool.mkdir(exist_ok=True)


def _record(fleet: Fleet, key: str, rows: Mapping[str, int]) -> None:
    """Let the ingestions of files know how many rows they lose."""
    for ingestion, number in rows.items():
        if is_of_file(ingestion):
            stream = IngestionStream(fleet.events, ingestion)
            stream.carry_out(Forget(key=key, rows=number))


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
