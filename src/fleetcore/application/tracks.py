"""What the log says of a vehicle: its track, and where it is now."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from fleetcore.application.fleet import Fleet
from fleetcore.domain.location import precedence
from fleetcore.domain.parts import StoredEvent

BEGINNING_MS: Final = -(2**63)
END_MS: Final = 2**63 - 1


def track(
    fleet: Fleet,
    vehicle_id: str,
    start_ms: int = BEGINNING_MS,
    end_ms: int = END_MS,
    *,
    clean: bool = False,
) -> tuple[StoredEvent, ...]:
    """A vehicle's events in event order, `start_ms <= observed_at < end_ms`.

    Every payload of an identity is in it; `clean` leaves only the winner of each.
    """
    events = fleet.log.read_vehicle(vehicle_id, start_ms, end_ms)
    return _winners(events) if clean else events


def city_tracks(
    fleet: Fleet,
    city: str,
    start_ms: int = BEGINNING_MS,
    end_ms: int = END_MS,
    *,
    clean: bool = False,
) -> tuple[StoredEvent, ...]:
    """What all vehicles reported of a city, by vehicle and then in event order; see `track`."""
    events = sorted(fleet.log.read_city(city, start_ms, end_ms), key=_event_order)
    return _winners(events) if clean else tuple(events)


def _event_order(stored: StoredEvent) -> tuple[str, int, int]:
    return (*stored.event.identity, stored.event.fingerprint)


def _winners(events: Sequence[StoredEvent]) -> tuple[StoredEvent, ...]:
    """Of the events of each identity, which follow each other, the winner."""
    return tuple(
        max(siblings, key=lambda stored: precedence(stored.event))
        for _, siblings in groupby(events, key=lambda stored: stored.event.identity)
    )


def latest(fleet: Fleet, vehicle_ids: Sequence[str] | None = None) -> tuple[StoredEvent, ...]:
    """Where each vehicle is now (None: all known), by vehicle id; the view catches up first."""
    catch_up(fleet)
    return fleet.latest.read(vehicle_ids)


def catch_up(fleet: Fleet) -> None:
    """Let the view of latest positions follow the log to its end."""
    cursor = fleet.latest.cursor()
    winners, reached = fleet.log.winners_since(cursor)
    if reached > cursor:
        fleet.latest.apply(winners, reached)
