"""A location log as weak as a table of items: row by row, with a filter that saves requests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias, TypeVar

from attrs import frozen

from fleetcore.domain.facts import fact_of, version_of
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import Part, StoredEvent
from fleetcore.errors import CorruptObject, StorageUnavailable, Throttled
from fleetcore.ports.location_log import LocationLog
from fleetcore.ports.object_store import ObjectStore
from fleetcore.ports.seen_window import SeenWindow
from fleetcore.testing.simulation.world import World

T = TypeVar("T")

Key: TypeAlias = tuple[str, int, int]
"""Of an item: vehicle, instant, fingerprint."""

_WINDOW: Final = "all"
_IDENTITIES: Final = 1000
_MOST_BATCHES: Final = 8


@frozen(slots=True)
class Item:
    """A row as the table holds it, and whether it came beside a sibling of another ingestion."""

    row: StoredEvent
    is_conflict: bool


@frozen(slots=True)
class Record:
    """A part that was appended: its outcome, and the rows it brought."""

    outcome: StoreOutcome
    brought: tuple[StoredEvent, ...]


class ItemLog(LocationLog):
    """Does what a log in a database of items does, a request at a time.

    Rows that the filter never met are written in batches, all others are looked up and written
    on condition; the part is recorded last. Between any two requests others have their turns, a
    request may be refused, or carried out without an answer, and of a batch some items may come
    back unprocessed. `spans` says from when to when, counted in port calls, a part was appended.
    """

    def __init__(
        self,
        world: World,
        region: str,
        objects: ObjectStore,
        read_rows: Callable[[bytes], Sequence[StoredEvent]],
        seen: SeenWindow,
    ) -> None:
        self.world = world
        self.seen = seen
        self.items: dict[Key, Item] = {}
        self.records: dict[str, Record] = {}
        self.tokens: dict[str, str | None] = {}
        self.spans: dict[str, tuple[int, int]] = {}
        self._table = f"{region}/table"
        self._objects = objects
        self._read_rows = read_rows

    # --- the port ------------------------------------------------------------------------------

    def append(self, parts: Sequence[Part]) -> tuple[StoreOutcome, ...]:
        return tuple(self._append(part) for part in parts)

    def read_vehicle(self, vehicle_id: str, start_ms: int, end_ms: int) -> tuple[StoredEvent, ...]:
        found = [row for row in self.scan() if row.event.vehicle_id == vehicle_id]
        found = [row for row in found if start_ms <= row.event.observed_at < end_ms]
        return tuple(sorted(found, key=lambda row: version_of(fact_of(row.event))[::2]))

    def read_city(self, city: str, start_ms: int, end_ms: int) -> Iterator[StoredEvent]:
        found = [row for row in self.scan() if row.event.city == city]
        yield from (row for row in found if start_ms <= row.event.observed_at < end_ms)

    def scan(self) -> Iterator[StoredEvent]:
        yield from [item.row for item in self.items.values()]

    def winners_since(self, cursor: int) -> tuple[Sequence[StoredEvent], int]:
        reached = len(self.records)
        if reached > cursor and self.world.happens("stale read"):
            reached = self.world.random.randint(cursor, reached)
        return self.winners_up_to(reached, cursor), max(reached, cursor)

    def winners_up_to(self, reached: int, cursor: int = 0) -> list[StoredEvent]:
        """The winners among the rows that the parts behind `cursor`, up to `reached`, brought."""
        winners: dict[str, StoredEvent] = {}
        for record in list(self.records.values())[cursor:reached]:
            for row in record.brought:
                rival = winners.setdefault(row.event.vehicle_id, row)
                if version_of(fact_of(row.event)) > version_of(fact_of(rival.event)):
                    winners[row.event.vehicle_id] = row
        return list(winners.values())

    # --- requests ------------------------------------------------------------------------------

    def ask(self, request: str, do: Callable[[], T]) -> T:
        """Make a request of the table."""
        name = f"{self._table}.{request}"
        self.world.pause(name)
        if self.world.happens("throttle"):
            raise Throttled(f"{name}: too many requests")
        answer = do()
        if self.world.happens("lost answer"):
            raise StorageUnavailable(f"{name}: no answer")
        return answer

    def put_batch(self, rows: Sequence[StoredEvent]) -> Sequence[StoredEvent]:
        """Write rows as they are; those that were left out."""

        def put() -> Sequence[StoredEvent]:
            processed = len(rows)
            if rows and self.world.happens("unprocessed items"):
                processed = self.world.random.randrange(len(rows))
            for row in rows[:processed]:
                self.items[self.key_of(row)] = Item(row, is_conflict=False)
            return rows[processed:]

        return self.ask("put batch", put)

    def put_if_absent(self, row: StoredEvent, *, is_conflict: bool) -> Item:
        """Write a row where its item is not there yet; what is there then."""
        item = Item(row, is_conflict=is_conflict)
        return self.ask("put", lambda: self.items.setdefault(self.key_of(row), item))

    def siblings(self, rows: Sequence[StoredEvent]) -> dict[tuple[str, int], list[Item]]:
        """What the table holds of the rows' identities."""

        def look() -> dict[tuple[str, int], list[Item]]:
            found: dict[tuple[str, int], list[Item]] = {row.event.identity: [] for row in rows}
            for item in self.items.values():
                if item.row.event.identity in found:
                    found[item.row.event.identity].append(item)
            return found

        return self.ask("query", look)

    def key_of(self, row: StoredEvent) -> Key:
        """Under which key a row lies."""
        return (*row.event.identity, row.event.fingerprint)

    # --- appending -----------------------------------------------------------------------------

    def _append(self, part: Part) -> StoreOutcome:
        known = self.ask("get record", lambda: self.records.get(part.key))
        if known is not None:
            return known.outcome
        begun, _ = self.spans.setdefault(part.key, (self.world.calls, self.world.calls))
        rows = self._rows(part)
        items = self.written(rows)
        mine = [item for item in items if item.row.ingestion == rows[0].ingestion]
        conflicting = sum(item.is_conflict for item in mine)
        record = Record(
            outcome=StoreOutcome(
                stored=len(mine) - conflicting,
                already_stored=len(rows) - len(mine),
                conflicting=conflicting,
            ),
            brought=tuple(item.row for item in mine),
        )

        def add() -> StoreOutcome:
            if part.key not in self.records:
                self.records[part.key] = record
                self.spans[part.key] = (begun, self.world.calls)
            return self.records[part.key].outcome

        return self.ask("add record", add)

    def _rows(self, part: Part) -> Sequence[StoredEvent]:
        content = self._objects.get(part.key)
        if hashlib.sha256(content).hexdigest() != part.sha256:
            raise CorruptObject(f"{part.key!r} is not the part that was committed")
        return self._read_rows(content)

    def written(self, rows: Sequence[StoredEvent]) -> list[Item]:
        """Write rows of one part; what is in the table for each then."""
        new, maybe = self.sorted_out(rows)
        left = new
        for _ in range(_MOST_BATCHES):
            if not left:
                break
            left = self.put_batch(left)
        if left:
            raise Throttled(f"{self._table}: {len(left)} items were never processed")
        items = [Item(row, is_conflict=False) for row in new]
        return items + [self.compared(row, held) for row, held in self._looked_up(maybe)]

    def sorted_out(
        self, rows: Sequence[StoredEvent]
    ) -> tuple[Sequence[StoredEvent], Sequence[StoredEvent]]:
        """Rows that were certainly never met, and those that may have been."""
        marked = self.marked(rows)
        if marked is None:
            return (), rows
        new = [row for row, seen in zip(rows, marked, strict=True) if not seen]
        return new, [row for row, seen in zip(rows, marked, strict=True) if seen]

    def marked(self, rows: Sequence[StoredEvent]) -> Sequence[bool] | None:
        """What the filter says of each row; None where it must not be asked any more."""
        if _WINDOW not in self.tokens:
            token = self.seen.begin(_WINDOW, _IDENTITIES)
            self.ask("begin window", lambda: self.tokens.setdefault(_WINDOW, token))
        current = self.ask("get window", lambda: self.tokens[_WINDOW])
        if current is None:
            return None
        marked = self.seen.mark(_WINDOW, current, [row.event.identity for row in rows])
        if marked is None:
            # Rows that are not marked are about to be written: from now on nobody may trust it.
            self.ask("give window up", lambda: self.give_up_window(current))
        return marked

    def give_up_window(self, token: str) -> None:
        """Let nobody trust a filter from now on."""
        if self.tokens[_WINDOW] == token:
            self.tokens[_WINDOW] = None

    def _looked_up(
        self, rows: Sequence[StoredEvent]
    ) -> Iterator[tuple[StoredEvent, Sequence[Item]]]:
        if rows:
            held = self.siblings(rows)
            yield from ((row, held[row.event.identity]) for row in rows)

    def compared(self, row: StoredEvent, siblings: Sequence[Item]) -> Item:
        """What is in the table for a row that may have been there."""
        for item in siblings:
            if item.row.event.fingerprint == row.event.fingerprint:
                return item
        is_conflict = any(item.row.ingestion != row.ingestion for item in siblings)
        return self.put_if_absent(row, is_conflict=is_conflict)
