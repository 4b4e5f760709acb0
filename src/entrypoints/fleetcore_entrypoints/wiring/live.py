"""The adapters of the live path, in a data folder."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from fleetcore.ports.clock import Clock
from fleetcore_adapters.local.database import ViewsDatabase
from fleetcore_entrypoints.wiring.local import LocalApp, wire_local


@frozen(kw_only=True, slots=True)
class LiveApp:
    """One region in a data folder: the fleet that files go into, and what live locations need."""

    local: LocalApp
    clock: Clock
    views: ViewsDatabase

    def close(self) -> None:
        """Let go of everything."""
        self.views.close()
        self.local.close()


def wire_live(folder: Path) -> LiveApp:
    """The region of a data folder, which is made if it does not exist.

    Raises `StorageUnavailable` where it cannot be opened.
    """
    local = wire_local(folder)
    return LiveApp(local=local, clock=local.fleet.clock, views=ViewsDatabase(folder))
