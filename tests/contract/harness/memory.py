"""The memory adapters: the state is the object, so every handle is the same one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from tests.contract.harness.harness import NOW_MS, Harness, Rows, stateless

from fleetcore.domain.vehicles import Vehicle
from fleetcore.testing.contracts.lanes import LanesRig
from fleetcore.testing.contracts.live_log_rig import LiveLogRig
from fleetcore.testing.contracts.log_rig import LogRig
from fleetcore.testing.contracts.seen_window import SeenWindowRig
from fleetcore.testing.contracts.source import SourceRig
from fleetcore.testing.contracts.telemeter import TelemeterRig
from fleetcore_adapters.memory import part_file
from fleetcore_adapters.memory.batch_engine import PlainEngine
from fleetcore_adapters.memory.catalogue import MemoryCatalogue
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_adapters.memory.dead_letters import MemoryDeadLetters
from fleetcore_adapters.memory.dead_messages import MemoryDeadMessages
from fleetcore_adapters.memory.erasures import MemoryErasures
from fleetcore_adapters.memory.event_store import MemoryEventStore
from fleetcore_adapters.memory.geo_index import MemoryGeoIndex
from fleetcore_adapters.memory.lanes import MemoryLanes
from fleetcore_adapters.memory.latest_positions import MemoryLatestPositions
from fleetcore_adapters.memory.links import MemoryLinks
from fleetcore_adapters.memory.live_engine import MemoryLiveEngine
from fleetcore_adapters.memory.location_log import MemoryLog
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.origins import MemoryOrigins
from fleetcore_adapters.memory.places import MemoryPlaces
from fleetcore_adapters.memory.proximity_graph import MemoryProximityGraph
from fleetcore_adapters.memory.registers import MemoryRegisters
from fleetcore_adapters.memory.seen_window import MemorySeenWindow
from fleetcore_adapters.memory.snapshot_store import MemorySnapshotStore
from fleetcore_adapters.memory.source import BytesSource
from fleetcore_adapters.memory.telemeter import MemoryTelemeter
from fleetcore_adapters.memory.vehicles import VehicleTable

T_co = TypeVar("T_co", covariant=True)


LEASE_S: Final = 300


def in_memory(make: Callable[[], T_co], name: str = "memory") -> Harness[T_co]:
    """An adapter whose handles are all the same object."""

    def start(_folder: Path, _stack: ExitStack) -> Callable[[], T_co]:
        adapter = make()
        return lambda: adapter

    return Harness(name, start)


def memory_lanes(lease_s: int = 0) -> LanesRig:
    """Lanes on a clock that is moved."""
    clock = MemoryClock(NOW_MS)
    lanes = MemoryLanes(clock, lease_s)
    return LanesRig(lanes=lanes, advance=lambda seconds: clock.advance(round(seconds * 1000)))


def leasing_lanes() -> LanesRig:
    """Lanes that lease what they hand out, as a queue service does."""
    return memory_lanes(lease_s=LEASE_S)


def memory_log() -> LogRig:
    """A log in plain Python; it never compacts."""
    objects = MemoryObjectStore()
    return LogRig(
        log=MemoryLog(objects), objects=objects, encode=part_file.encode, compact=lambda: None
    )


def memory_live_log() -> LiveLogRig:
    """The same log; it has no tail."""
    objects = MemoryObjectStore()
    log = MemoryLog(objects)
    parts = LogRig(log=log, objects=objects, encode=part_file.encode, compact=lambda: None)
    return LiveLogRig(
        live=log,
        parts=parts,
        encode=part_file.encode,
        decode=part_file.decode,
        fold=lambda: None,
    )


def memory_seen_window() -> SeenWindowRig:
    """A filter that is exact."""
    window = MemorySeenWindow()
    return SeenWindowRig(window=window, lose=window.forget)


def memory_telemeter() -> TelemeterRig:
    """A telemeter that stands on nothing that could break."""
    telemeter = MemoryTelemeter()
    return TelemeterRig(
        telemeter=telemeter,
        measured=lambda: [(each.metrics, each.dimensions) for each in telemeter.measured()],
        alerts=telemeter.alerts,
        break_=lambda: None,
    )


def bytes_source(data: bytes = b"") -> SourceRig:
    """Bytes in memory."""
    source = BytesSource("file.csv", data)
    return SourceRig(source=source, change=lambda new: setattr(source, "data", new))


def vehicle_table(known: Iterable[Vehicle] = ()) -> VehicleTable:
    """Vehicles in memory."""
    return VehicleTable(known)


ROWS: Final[Rows] = {
    "batch_engine": (in_memory(PlainEngine),),
    "catalogue": (in_memory(MemoryCatalogue),),
    "clock": (in_memory(lambda: MemoryClock(NOW_MS)),),
    "dead_letters": (in_memory(MemoryDeadLetters),),
    "dead_messages": (in_memory(partial(MemoryDeadMessages, most_messages=6, most_bytes=1000)),),
    "erasures": (in_memory(MemoryErasures),),
    "event_store": (in_memory(MemoryEventStore),),
    "geo_index": (in_memory(MemoryGeoIndex),),
    "lanes": (in_memory(memory_lanes), in_memory(leasing_lanes, "memory-leasing")),
    "latest_positions": (in_memory(MemoryLatestPositions),),
    "links": (in_memory(MemoryLinks),),
    "live_engine": (in_memory(MemoryLiveEngine),),
    "live_log": (in_memory(memory_live_log),),
    "location_log": (in_memory(memory_log),),
    "object_store": (in_memory(MemoryObjectStore),),
    "origins": (in_memory(MemoryOrigins),),
    "places": (in_memory(MemoryPlaces),),
    "proximity_graph": (in_memory(MemoryProximityGraph),),
    "registers": (in_memory(MemoryRegisters),),
    "seen_window": (in_memory(memory_seen_window),),
    "snapshot_store": (in_memory(MemorySnapshotStore),),
    "source": (stateless("memory", bytes_source),),
    "telemeter": (in_memory(memory_telemeter),),
    "vehicle_directory": (stateless("memory", vehicle_table),),
}
