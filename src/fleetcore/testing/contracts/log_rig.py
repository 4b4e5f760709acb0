"""What a suite on location logs opens, and the events it appends."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from attrs import evolve, frozen

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.parts import Part, StoredEvent
from fleetcore.ports.location_log import LocationLog
from fleetcore.ports.object_store import ObjectStore


@frozen(kw_only=True, slots=True)
class LogRig:
    """A log and what a suite needs beside it.

    `objects` is where the log finds its parts and `encode` makes their content; `compact`
    rewrites what the log keeps, if it ever does, as thoroughly as it can.
    """

    log: LocationLog
    objects: ObjectStore
    encode: Callable[[Sequence[StoredEvent]], bytes]
    compact: Callable[[], None]

    def put(self, name: str, *events: StoredEvent) -> Part:
        """Store a part, as an ingestion does; it is not appended."""
        content = self.encode(events)
        key = f"fresh/{events[0].ingestion}/{name}"
        self.objects.put_if_absent(key, content)
        return Part(
            key=key,
            lane="moving",
            rows=len(events),
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )

    def append(self, name: str, *events: StoredEvent) -> StoreOutcome:
        """Store a part and append it."""
        (outcome,) = self.log.append([self.put(name, *events)])
        return outcome


def stored(  # noqa: PLR0917 - tests read best with what differs in a row
    vehicle_id: str,
    observed_at: int,
    latitude: float = 48.137,
    ingestion: str = "1f",
    line: int = 2,
    source: str | None = None,
    accuracy_m: float | None = None,
) -> StoredEvent:
    """An event with provenance."""
    event = LocationEvent(
        vehicle_id=vehicle_id,
        observed_at=observed_at,
        latitude=latitude,
        longitude=11.575,
        source=source,
        accuracy_m=accuracy_m,
    )
    return StoredEvent(event=event, distance_from_depot_m=12.5, ingestion=ingestion, line=line)


FULL: Final = StoredEvent(
    event=LocationEvent(
        vehicle_id="車-1",
        observed_at=1_600_000_000_123,
        latitude=-33.9,
        longitude=151.2,
        speed_kmh=0.1,
        heading_deg=359.9,
        accuracy_m=4.0,
        battery_pct=99.5,
        fuel_pct=0.0,
        status="moving",
        city="Zürich",
        source="a'b",
    ),
    distance_from_depot_m=None,
    ingestion="1f",
    line=10**9,
)

ONE: Final = stored("cab-1", 1)
TWO: Final = stored("cab-1", 2, line=3)
OTHER: Final = stored("cab-2", 1, line=4)


def again(event: StoredEvent, ingestion: str = "2e") -> StoredEvent:
    """The same report, brought by another ingestion."""
    return evolve(event, ingestion=ingestion, line=99)


def in_city(
    city: str, vehicle_id: str, observed_at: int, latitude: float = 48.137, ingestion: str = "1f"
) -> StoredEvent:
    """An event that reports a city."""
    event = stored(vehicle_id, observed_at, latitude, ingestion)
    return evolve(event, event=evolve(event.event, city=city))
