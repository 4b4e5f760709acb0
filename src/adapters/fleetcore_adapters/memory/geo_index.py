"""The view of who is where on the map, in memory: every question looks at every vehicle."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence

from fleetcore.domain.facts import Fact, version_of
from fleetcore.domain.geodesy import haversine_m, is_on_earth
from fleetcore.domain.proximity import Nearby, Position
from fleetcore.ports.geo_index import GeoIndex


class MemoryGeoIndex(GeoIndex):
    """Keeps positions as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cursor = 0
        self._life = 0
        self._winners: dict[str, Fact] = {}

    def cursor(self) -> int:
        with self._lock:
            return self._cursor

    def life(self) -> int:
        with self._lock:
            return self._life

    def put(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> None:
        with self._lock:
            for fact in facts:
                held = self._winners.get(fact.vehicle_id)
                if is_on_earth(fact.latitude, fact.longitude) and (
                    held is None or version_of(held) < version_of(fact)
                ):
                    self._winners[fact.vehicle_id] = fact
            if self._cursor >= since:
                self._cursor = max(self._cursor, cursor or 0)

    def within(
        self,
        latitude: float,
        longitude: float,
        radius_m: float | None = None,
        *,
        limit: int | None = None,
        city: str | None = None,
        oldest_ms: int | None = None,
        with_offline: bool = False,
    ) -> tuple[Nearby, ...]:
        with self._lock:
            found = [
                Nearby(haversine_m(latitude, longitude, at.latitude, at.longitude), *at)
                for at in map(_position, self._winners.values())
                if (with_offline or at.status != "offline")
                and (city is None or at.city == city)
                and (oldest_ms is None or at.observed_at >= oldest_ms)
            ]
        return tuple(
            sorted(each for each in found if radius_m is None or each.distance_m <= radius_m)
        )[:limit]

    def read(self, vehicle_ids: Collection[str] | None = None) -> tuple[Position, ...]:
        with self._lock:
            wanted = self._winners.keys() if vehicle_ids is None else set(vehicle_ids)
            known = sorted(wanted & self._winners.keys())
            return tuple(_position(self._winners[vehicle_id]) for vehicle_id in known)

    def distance(self, vehicle_id: str, other_id: str) -> float | None:
        with self._lock:
            one, other = self._winners.get(vehicle_id), self._winners.get(other_id)
        if one is None or other is None:
            return None
        return haversine_m(one.latitude, one.longitude, other.latitude, other.longitude)

    def remove(self, vehicle_ids: Collection[str]) -> int:
        with self._lock:
            known = set(vehicle_ids) & self._winners.keys()
            for vehicle_id in known:
                del self._winners[vehicle_id]
            return len(known)

    def clear(self) -> None:
        with self._lock:
            self._winners.clear()
            self._cursor = 0
            self._life += 1


def _position(fact: Fact) -> Position:
    return Position(
        fact.vehicle_id, fact.observed_at, fact.latitude, fact.longitude, fact.status, fact.city
    )
