"""The memory adapters, as what the simulator's regions stand on. Needs the extra `testing`."""

from __future__ import annotations

from collections.abc import Mapping

from fleetcore.testing.simulation.fakes import FileFakes, LiveFakes
from fleetcore.testing.simulation.files import FilesScenario
from fleetcore.testing.simulation.live import LiveScenario
from fleetcore.testing.simulation.scenario import Scenario
from fleetcore_adapters.memory.batch_engine import PlainEngine
from fleetcore_adapters.memory.dead_letters import MemoryDeadLetters
from fleetcore_adapters.memory.dead_messages import MemoryDeadMessages
from fleetcore_adapters.memory.event_store import MemoryEventStore
from fleetcore_adapters.memory.lanes import MemoryLanes
from fleetcore_adapters.memory.latest_positions import MemoryLatestPositions
from fleetcore_adapters.memory.links import MemoryLinks
from fleetcore_adapters.memory.live_engine import MemoryLiveEngine
from fleetcore_adapters.memory.location_log import MemoryLog
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.origins import MemoryOrigins
from fleetcore_adapters.memory.registers import MemoryRegisters
from fleetcore_adapters.memory.seen_window import MemorySeenWindow
from fleetcore_adapters.memory.snapshot_store import MemorySnapshotStore
from fleetcore_adapters.memory.source import BytesSource
from fleetcore_adapters.memory.telemeter import MemoryTelemeter


def file_fakes() -> FileFakes:
    """What files are taken in with."""
    return FileFakes(
        events=MemoryEventStore,
        lanes=MemoryLanes,
        dead_letters=MemoryDeadLetters,
        objects=MemoryObjectStore,
        origins=MemoryOrigins,
        latest=MemoryLatestPositions,
        seen=MemorySeenWindow,
        engine=PlainEngine,
        source=BytesSource,
    )


def live_fakes() -> LiveFakes:
    """What live locations are followed with."""
    return LiveFakes(
        log=lambda: MemoryLog(MemoryObjectStore()),
        registers=MemoryRegisters,
        snapshots=MemorySnapshotStore,
        links=MemoryLinks,
        dead_messages=MemoryDeadMessages,
        engine=MemoryLiveEngine,
        runs=MemoryEventStore,
        telemeter=MemoryTelemeter,
    )


def scenarios() -> Mapping[str, Scenario]:
    """Every story that can be simulated, by name."""
    return {each.name: each for each in (FilesScenario(file_fakes()), LiveScenario(live_fakes()))}
