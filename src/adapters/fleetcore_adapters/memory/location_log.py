"""The location log in memory."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence

from fleetcore.domain.judging import Payload, payload_of
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.location import precedence
from fleetcore.domain.parts import Part, StoredEvent
from fleetcore.errors import CorruptObject
from fleetcore.ports.location_log import LocationLog
from fleetcore.ports.object_store import ObjectStore
from fleetcore_adapters.memory import part_file


class MemoryLog(LocationLog):
    """Keeps the rows of plain parts as long as the process lives; a part is one step."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._lock = threading.Lock()
        self._outcomes: dict[str, StoreOutcome] = {}
        self._appended: list[tuple[StoredEvent, ...]] = []
        self._siblings: dict[tuple[str, int], dict[Payload, str]] = {}

    def append(self, parts: Sequence[Part]) -> tuple[StoreOutcome, ...]:
        with self._lock:
            return tuple(self._append(part) for part in parts)

    def read_vehicle(self, vehicle_id: str, start_ms: int, end_ms: int) -> tuple[StoredEvent, ...]:
        found = [
            stored
            for stored in self.scan()
            if stored.event.vehicle_id == vehicle_id
            and start_ms <= stored.event.observed_at < end_ms
        ]
        found.sort(key=lambda stored: (stored.event.observed_at, stored.event.fingerprint))
        return tuple(found)

    def read_city(self, city: str, start_ms: int, end_ms: int) -> Iterator[StoredEvent]:
        for stored in self.scan():
            if stored.event.city == city and start_ms <= stored.event.observed_at < end_ms:
                yield stored

    def scan(self) -> Iterator[StoredEvent]:
        with self._lock:
            appended = tuple(self._appended)
        for events in appended:
            yield from events

    def winners_since(self, cursor: int) -> tuple[tuple[StoredEvent, ...], int]:
        with self._lock:
            appended = tuple(self._appended)
        winners: dict[str, StoredEvent] = {}
        for events in appended[cursor:]:
            for stored in events:
                rival = winners.setdefault(stored.event.vehicle_id, stored)
                if precedence(stored.event) > precedence(rival.event):
                    winners[stored.event.vehicle_id] = stored
        return tuple(winners.values()), max(len(appended), cursor)

    def _append(self, part: Part) -> StoreOutcome:
        known = self._outcomes.get(part.key)
        if known is not None:
            return known
        content = self._objects.get(part.key)
        if hashlib.sha256(content).hexdigest() != part.sha256:
            raise CorruptObject(f"{part.key!r} is not the part that was committed: sha256 differs")
        events = part_file.decode(content)
        if len(events) != part.rows:
            raise CorruptObject(f"{part.key!r} has {len(events)} rows, not {part.rows}")
        new: list[StoredEvent] = []
        already = conflicting = 0
        for stored in events:
            siblings = self._siblings.get(stored.event.identity, {})
            others = {each for each, by in siblings.items() if by != stored.ingestion}
            if payload_of(stored.event) in others:
                already += 1
                continue
            conflicting += bool(others)
            new.append(stored)
        for stored in new:
            siblings = self._siblings.setdefault(stored.event.identity, {})
            siblings[payload_of(stored.event)] = stored.ingestion
        self._appended.append(tuple(new))
        outcome = StoreOutcome(
            stored=len(new) - conflicting, already_stored=already, conflicting=conflicting
        )
        self._outcomes[part.key] = outcome
        return outcome
