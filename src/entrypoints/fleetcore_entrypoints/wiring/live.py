"""The adapters of the live path, in a data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from attrs import frozen

from fleetcore.application.proximity import GeoView, GraphView
from fleetcore.application.regions_config import HOME, checked_name
from fleetcore.codec.consistency_events import CONSISTENCY_EVENTS
from fleetcore.domain.consistency import ConsistencyEvent
from fleetcore.ports.clock import Clock
from fleetcore.ports.dead_messages import DeadMessages
from fleetcore.ports.event_store import EventStore
from fleetcore.ports.links import Links
from fleetcore.ports.live_log import LiveLog
from fleetcore.ports.places import Places
from fleetcore.ports.registers import Registers
from fleetcore.ports.snapshot_store import SnapshotStore
from fleetcore_adapters.local.database import ViewsDatabase
from fleetcore_adapters.local.dead_messages import LocalDeadMessages
from fleetcore_adapters.local.event_store import LocalEventStore
from fleetcore_adapters.local.geo_index import LocalGeoIndex
from fleetcore_adapters.local.links import LocalLinks, region_called
from fleetcore_adapters.local.places import LocalPlaces
from fleetcore_adapters.local.proximity_graph import LocalProximityGraph
from fleetcore_adapters.local.registers import LocalRegisters
from fleetcore_adapters.local.snapshot_store import LocalSnapshotStore
from fleetcore_entrypoints.wiring.local import LocalApp, wire_local

_SNAPSHOTS: Final = "snapshots"


@frozen(kw_only=True, slots=True)
class LiveApp:
    """One region in a data folder: the fleet that files go into, and what live locations need.

    `region` is its name.
    """

    region: str
    local: LocalApp
    clock: Clock
    log: LiveLog
    dead_messages: DeadMessages
    views: ViewsDatabase
    registers: Registers
    places: Places
    geo: GeoView
    graph: GraphView
    snapshots: SnapshotStore
    links: Links
    runs: EventStore[ConsistencyEvent]

    def close(self) -> None:
        """Let go of everything."""
        self.views.close()
        self.local.close()


def wire_live(folder: Path, region: str | None = None) -> LiveApp:
    """The region of a data folder, which is made if it does not exist.

    Raises `StorageUnavailable` where it cannot be opened, `InvalidConfiguration` where it has
    another name.
    """
    local = wire_local(folder)
    views = ViewsDatabase(folder)
    places = LocalPlaces(local.database)
    geo = GeoView(geo=LocalGeoIndex(views), places=places)
    return LiveApp(
        region=region_called(local.database, region and checked_name(region), HOME),
        local=local,
        clock=local.fleet.clock,
        log=local.log,
        dead_messages=LocalDeadMessages(local.database),
        views=views,
        registers=LocalRegisters(views),
        places=places,
        geo=geo,
        graph=GraphView(graph=LocalProximityGraph(views), index=geo, places=places),
        snapshots=LocalSnapshotStore(folder / _SNAPSHOTS),
        links=LocalLinks(local.database),
        runs=LocalEventStore(local.database, CONSISTENCY_EVENTS),
    )
