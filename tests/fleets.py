"""Fleets in memory."""

from __future__ import annotations

from fleetcore.application.fleet import Fleet
from fleetcore.ports.clock import Clock
from fleetcore_adapters.memory.batch_engine import PlainEngine
from fleetcore_adapters.memory.dead_letters import MemoryDeadLetters
from fleetcore_adapters.memory.event_store import MemoryEventStore
from fleetcore_adapters.memory.lanes import MemoryLanes
from fleetcore_adapters.memory.latest_positions import MemoryLatestPositions
from fleetcore_adapters.memory.location_log import MemoryLog
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.origins import MemoryOrigins


def memory_fleet(clock: Clock) -> Fleet:
    """An empty one."""
    objects = MemoryObjectStore()
    return Fleet(
        clock=clock,
        events=MemoryEventStore(),
        lanes=MemoryLanes(clock),
        dead_letters=MemoryDeadLetters(),
        objects=objects,
        origins=MemoryOrigins(),
        log=MemoryLog(objects),
        latest=MemoryLatestPositions(),
        engine=PlainEngine(),
    )
