"""A process beside others that keeps a view up with a log."""

from __future__ import annotations

from attrs import define

from fleetcore.application.following import View
from fleetcore.ports.live_log import Changes
from fleetcore_adapters.memory.location_log import MemoryLog


@define
class Follower:
    """One who follows a view, and may be slow between reading and merging."""

    log: MemoryLog
    view: View
    read: tuple[Changes, int] | None = None

    def step(self) -> None:
        """Read what is new; or merge what was read."""
        if self.read is None:
            cursor = self.view.cursor()
            self.read = (self.log.changes_since(cursor), cursor)
        else:
            changes, since = self.read
            self.view.merge(changes.facts, changes.cursor, since)
            self.read = None
