"""The location log in memory."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence

from attrs import evolve

from fleetcore.domain.facts import fact_of, winners_of
from fleetcore.domain.judging import Payload, payload_of
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.location import precedence
from fleetcore.domain.messages import EventBatch
from fleetcore.domain.parts import Part, StoredEvent
from fleetcore.domain.provenance import is_own, live_ingestion
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.errors import CorruptObject
from fleetcore.ports.live_log import Batches, Changes, LiveLog
from fleetcore.ports.location_log import LocationLog
from fleetcore.ports.object_store import ObjectStore, checked_key
from fleetcore_adapters.memory import part_file


class MemoryLog(LocationLog, LiveLog):
    """Keeps the rows of plain parts and batches as long as the process lives; each is one step."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._lock = threading.Lock()
        self._outcomes: dict[str, StoreOutcome] = {}
        self._appended: list[tuple[StoredEvent, ...]] = []
        self._siblings: dict[tuple[str, int], dict[Payload, str]] = {}
        self._tombstones: dict[str, Tombstone] = {}

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
        already = conflicting = forgotten = 0
        for stored in events:
            if self._is_buried(stored):
                forgotten += 1
                continue
            siblings = self._siblings.get(stored.event.identity, {})
            others = {each for each, by in siblings.items() if by != stored.ingestion}
            if payload_of(stored.event) in others:
                already += 1
                continue
            conflicting += bool(others)
            new.append(stored)
        for stored in new:
            self._note(stored)
        self._appended.append(tuple(new))
        outcome = StoreOutcome(
            stored=len(new) - conflicting,
            already_stored=already,
            conflicting=conflicting,
            forgotten=forgotten,
        )
        self._outcomes[part.key] = outcome
        return outcome

    def append_batches(self, *batches: EventBatch) -> StoreOutcome:
        if not batches:
            return StoreOutcome()
        ingestion = live_ingestion([batch.ingestion for batch in batches])
        checked_key(f"tail/{ingestion}")
        events = [evolve(each, ingestion=ingestion) for each in _events_of(batches)]
        with self._lock:
            return self._append_events(events)

    def _append_events(self, events: Sequence[StoredEvent]) -> StoreOutcome:
        new: list[StoredEvent] = []
        already = conflicting = forgotten = 0
        for stored in events:
            if self._is_buried(stored):
                forgotten += 1
                continue
            siblings = self._siblings.get(stored.event.identity, {})
            if payload_of(stored.event) in siblings:
                already += 1
                continue
            conflicting += bool(siblings)
            new.append(stored)
            self._note(stored)
        if new:
            self._appended.append(tuple(new))
        return StoreOutcome(
            stored=len(new) - conflicting,
            already_stored=already,
            conflicting=conflicting,
            forgotten=forgotten,
        )

    def _note(self, stored: StoredEvent) -> None:
        siblings = self._siblings.setdefault(stored.event.identity, {})
        siblings[payload_of(stored.event)] = stored.ingestion

    def _is_buried(self, stored: StoredEvent) -> bool:
        return key_of(stored.event.vehicle_id) in self._tombstones

    def reached(self) -> int:
        with self._lock:
            return len(self._appended)

    def changes_since(self, cursor: int) -> Changes:
        with self._lock:
            appended = tuple(self._appended)
        facts = winners_of(fact_of(each.event) for rows in appended[cursor:] for each in rows)
        return Changes(
            facts=[facts[each] for each in sorted(facts)], cursor=max(len(appended), cursor)
        )

    def batches_since(self, cursor: int, limit: int) -> Batches:
        with self._lock:
            appended = tuple(self._appended)
        if cursor > len(appended):
            cursor = 0
        batches: list[EventBatch] = []
        rows = 0
        for events in appended[cursor:]:
            if rows >= max(limit, 1):
                break
            cursor += 1
            if events and is_own(events[0].ingestion):
                rows += len(events)
                batches.append(
                    EventBatch(
                        ingestion=events[0].ingestion,
                        rows=len(events),
                        content=part_file.encode(events),
                    )
                )
        return Batches(batches=tuple(batches), cursor=cursor)

    def bury(self, tombstones: Sequence[Tombstone]) -> None:
        with self._lock:
            for each in tombstones:
                self._tombstones.setdefault(each.key, each)

    def tombstones(self) -> tuple[Tombstone, ...]:
        with self._lock:
            return tuple(self._tombstones[key] for key in sorted(self._tombstones))


def _events_of(batches: Sequence[EventBatch]) -> Iterator[StoredEvent]:
    for batch in batches:
        events = part_file.decode(batch.content) if batch.rows else ()
        if len(events) != batch.rows:
            raise CorruptObject(f"a batch has {len(events)} rows, not {batch.rows}")
        yield from events
