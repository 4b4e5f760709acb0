"""What simulated regions stand on: adapters that keep everything in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from attrs import frozen

from fleetcore.domain.consistency import ConsistencyEvent
from fleetcore.domain.ingestion_events import IngestionEvent
from fleetcore.ports.batch_engine import BatchEngine
from fleetcore.ports.clock import Clock
from fleetcore.ports.dead_letters import DeadLetters
from fleetcore.ports.dead_messages import DeadMessages
from fleetcore.ports.event_store import EventStore
from fleetcore.ports.lanes import Lanes
from fleetcore.ports.latest_positions import LatestPositions
from fleetcore.ports.links import Links
from fleetcore.ports.live_engine import LiveEngine
from fleetcore.ports.live_log import LiveLog
from fleetcore.ports.location_log import LocationLog
from fleetcore.ports.object_store import ObjectStore
from fleetcore.ports.origins import Origins
from fleetcore.ports.registers import Registers
from fleetcore.ports.seen_window import SeenWindow
from fleetcore.ports.snapshot_store import SnapshotStore
from fleetcore.ports.source import Source
from fleetcore.ports.telemeter import Telemeter


@frozen(kw_only=True, slots=True)
class FileFakes:
    """Makes the adapters that files are taken in with: each call another, empty one.

    `lanes` lease what they hand out for so many seconds of the clock they are given.
    """

    events: Callable[[], EventStore[IngestionEvent]]
    lanes: Callable[[Clock, int], Lanes]
    dead_letters: Callable[[], DeadLetters]
    objects: Callable[[], ObjectStore]
    origins: Callable[[], Origins]
    latest: Callable[[], LatestPositions]
    seen: Callable[[], SeenWindow]
    engine: Callable[[], BatchEngine]
    source: Callable[[str, bytes], Source]


class WholeLog(LocationLog, LiveLog, Protocol):
    """A log that files and live events go into."""


@frozen(kw_only=True, slots=True)
class LiveFakes:
    """Makes the adapters that live locations are followed with: each call another, empty one."""

    log: Callable[[], WholeLog]
    registers: Callable[[], Registers]
    snapshots: Callable[[], SnapshotStore]
    links: Callable[[], Links]
    dead_messages: Callable[[], DeadMessages]
    engine: Callable[[], LiveEngine]
    runs: Callable[[], EventStore[ConsistencyEvent]]
    telemeter: Callable[[], Telemeter]
