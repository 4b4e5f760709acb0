"""Places in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import Final

from fleetcore.domain.places import (
    Atlas,
    City,
    Place,
    PlaceKind,
    Zone,
    id_of,
    kind_of,
    supersedes,
)
from fleetcore.ports.places import PlaceChanges, Places

_MAPPED: Final = frozenset({"city", "zone"})


class MemoryPlaces(Places):
    """Keeps places as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sequence = 0
        self._held: dict[tuple[PlaceKind, str], tuple[int, Place]] = {}
        self._atlas = Atlas()

    def put(self, places: Sequence[Place]) -> int:
        with self._lock:
            before = self._sequence
            for place in places:
                key = (kind_of(place), id_of(place))
                held = self._held.get(key)
                if held is None or supersedes(place, held[1]):
                    self._sequence += 1
                    self._held[key] = (self._sequence, place)
                    self._redraw(key[0])
            return self._sequence - before

    def changes_since(self, cursor: int) -> PlaceChanges:
        with self._lock:
            found = sorted(
                (each for each in self._held.values() if each[0] > cursor),
                key=lambda each: each[0],
            )
            return PlaceChanges(
                places=tuple(place for _, place in found), cursor=max(cursor, self._sequence)
            )

    def read(self, kind: PlaceKind) -> tuple[Place, ...]:
        with self._lock:
            return self._of(kind)

    def atlas(self) -> Atlas:
        with self._lock:
            return self._atlas

    def remove(self, kind: PlaceKind, ids: Collection[str]) -> int:
        with self._lock:
            known = [key for key in self._held if key[0] == kind and key[1] in ids]
            for key in known:
                del self._held[key]
            if known and kind in _MAPPED:
                self._sequence += 1  # The map is another one.
                self._redraw(kind)
            return len(known)

    def _of(self, kind: PlaceKind) -> tuple[Place, ...]:
        return tuple(self._held[key][1] for key in sorted(self._held) if key[0] == kind)

    def _redraw(self, kind: PlaceKind) -> None:
        if kind in _MAPPED:
            self._atlas = Atlas(
                (place for place in self._of("city") if isinstance(place, City)),
                (place for place in self._of("zone") if isinstance(place, Zone)),
            )
