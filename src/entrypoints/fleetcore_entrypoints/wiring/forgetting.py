"""Forgetting in the region of a data folder: what holds a vehicle there, and one at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from fleetcore.application.forgetting import (
    Forgotten,
    Holdings,
    LogErased,
    erase_latest,
    erase_pending,
    erase_positions,
    forget,
    pending,
    waiting,
)
from fleetcore.application.mentions import Mentions
from fleetcore.errors import StorageUnavailable
from fleetcore.ports.erasures import Erasures
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.local.erasures import LocalErasures
from fleetcore_adapters.local.folder_lock import FolderLock
from fleetcore_adapters.local.object_store import UNFINISHED_FOLDER
from fleetcore_adapters.local.storage_errors import translated
from fleetcore_entrypoints.wiring.live import LiveApp

_LOCK_NAME: Final = "forgetting~lock"
"""The tilde keeps it from being the key of an object."""

RETRY_MS: Final = 600_000
"""How soon it is tried once more to erase what could not be."""

AGAIN_MS: Final = 10_000
"""How soon vehicles that were forgotten last are looked for once more in views."""


class Forgetting:
    """Forgets in one region, in all its `holdings`; one process at a time, others wait."""

    def __init__(self, app: LiveApp) -> None:
        self._app = app
        self._lock = FolderLock(app.local.folder / _LOCK_NAME)
        erasures: Erasures = LocalErasures(app.local.database)
        self.holdings: Final = Holdings(
            fleet=app.local.fleet,
            log=app.log,
            catalogue=app.local.catalogue,
            registers=app.registers,
            geo=app.geo,
            graph=app.graph,
            places=app.places,
            latest=app.local.latest,
            dead_messages=app.dead_messages,
            snapshots=app.snapshots,
            erasures=erasures,
            vehicles_in=_vehicles_in,
            erase_log=self._erase_log,
            scrub=self._scrub,
            unfinished=self._unfinished,
        )
        self._known: frozenset[str] = frozenset()
        self._again_ms: int | None = None
        self._left: object = None
        self._tried_ms = 0

    def forget(self, vehicle_id: str) -> Forgotten:
        """See `fleetcore.application.forgetting.forget`."""
        with self._lock.held():
            return forget(self.holdings, vehicle_id)

    def erase_pending(self) -> Forgotten | None:
        """See `fleetcore.application.forgetting.erase_pending`."""
        with self._lock.held():
            return erase_pending(self.holdings)

    def step(self) -> Forgotten | None:
        """As `erase_pending`, to be called about each second.

        Where something had to be left it tries again when what is in the way changes, or later.
        """
        now_ms = self._app.clock.now_ms()
        self._erase_views_again(now_ms)
        keys = pending(self.holdings)
        found = keys and (keys, self._in_the_way())
        is_early = now_ms - self._tried_ms < RETRY_MS
        if not found or (is_early and found == self._left):
            return None
        self._tried_ms, self._left = now_ms, found
        try:
            done = self.erase_pending()
        except StorageUnavailable:
            self._left = None
            raise
        self._left = (pending(self.holdings), self._in_the_way())
        return done

    def _erase_views_again(self, now_ms: int) -> None:
        """What was being put into a view at the very moment is there a little later."""
        keys = frozenset(each.key for each in self._app.log.tombstones())
        if keys != self._known:
            self._known, self._again_ms = keys, now_ms + AGAIN_MS
        elif self._again_ms is not None and now_ms >= self._again_ms:
            self._again_ms = None
            mentions = Mentions(keys)
            erase_latest(self.holdings, mentions)
            erase_positions(self.holdings, mentions)

    def _in_the_way(self) -> object:
        return waiting(self._app.local.fleet), self._unfinished()

    def _erase_log(self, keys: Collection[str]) -> LogErased:
        erased = self._app.local.housekeeping().forget(keys)
        return LogErased(rows=erased.rows, files=erased.files)

    def _scrub(self) -> bool:
        return all([self._app.local.database.scrub(), self._app.views.scrub()])

    def _unfinished(self) -> Collection[str]:
        folder = self._app.local.folder / UNFINISHED_FOLDER
        with translated(folder):
            return frozenset(each.name for each in folder.iterdir())


def _vehicles_in(content: bytes) -> Iterable[str]:
    ids = part_file.decode(content, ("vehicle_id",)).column("vehicle_id")
    found: list[str] = ids.unique().to_pylist()
    return found
