"""The ports that the use cases work on."""

from __future__ import annotations

from attrs import frozen

from fleetcore.domain.ingestion_events import IngestionEvent
from fleetcore.ports.batch_engine import BatchEngine
from fleetcore.ports.clock import Clock
from fleetcore.ports.dead_letters import DeadLetters
from fleetcore.ports.event_store import EventStore
from fleetcore.ports.lanes import Lanes
from fleetcore.ports.latest_positions import LatestPositions
from fleetcore.ports.location_log import LocationLog
from fleetcore.ports.object_store import ObjectStore
from fleetcore.ports.origins import Origins


@frozen(kw_only=True, slots=True)
class Fleet:
    """Everything one data folder, or one region, is made of."""

    clock: Clock
    events: EventStore[IngestionEvent]
    lanes: Lanes
    dead_letters: DeadLetters
    objects: ObjectStore
    origins: Origins
    log: LocationLog
    latest: LatestPositions
    engine: BatchEngine
