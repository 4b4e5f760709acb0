"""The log of location events in DynamoDB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Final

from attrs import frozen

from fleetcore.domain.judging import Payload, payload_of
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.location import normalised_id
from fleetcore.domain.parts import Part, StoredEvent
from fleetcore.ports.clock import Clock
from fleetcore.ports.location_log import LocationLog
from fleetcore.ports.object_store import ObjectStore
from fleetcore.ports.seen_window import SeenWindow
from fleetcore_adapters.aws.dynamodb.appends import Appends
from fleetcore_adapters.aws.dynamodb.brought_rows import BroughtRows
from fleetcore_adapters.aws.dynamodb.items import (
    CITY_SHARDS,
    DAY_MS,
    INT64_MS,
    city_bucket,
    stored_of,
)
from fleetcore_adapters.aws.dynamodb.part_contents import PartContents, ReadRows
from fleetcore_adapters.aws.dynamodb.part_records import PartRecords
from fleetcore_adapters.aws.dynamodb.part_rows import PartRows
from fleetcore_adapters.aws.dynamodb.requests import Expression, Requests
from fleetcore_adapters.aws.dynamodb.siblings import span_of
from fleetcore_adapters.aws.dynamodb.tables import CITY_INDEX
from fleetcore_adapters.aws.dynamodb.values import of_int, of_text
from fleetcore_adapters.aws.dynamodb.windows import Windows

EXPIRY_MARGIN_MS: Final = 3_600_000
"""What expires so soon is read from the parts already: a read may take a while."""


@frozen(kw_only=True, slots=True)
class LogSettings:
    """How the log is kept.

    After `keep_days` (None: never) an event leaves the table; it is read from its part from
    then on. `identities_a_day` is what a day's seen window is made for. So many `threads` ask
    DynamoDB at once.
    """

    keep_days: int | None = None
    identities_a_day: int = 1_500_000
    threads: int = 8


class DynamoLog(LocationLog):
    """Keeps an item an event in the log table, and notes of its parts in the parts table.

    `read_rows` decodes the parts that lie in `objects`. Without `seen` every row is compared
    with what the table holds. An event that expired and comes again is stored again, and read
    once all the same, as the first part brought it: a read that goes back behind `keep_days`
    holds the payloads of the expired events it gives, all of them for `scan`.

    Two payloads that share vehicle, instant and fingerprint both live, unless parts that bring
    them are appended at the very same time and their filter calls one new: then the later write
    stays.
    """

    def __init__(
        self,
        requests: Requests,
        log_table: str,
        parts_table: str,
        *,
        objects: ObjectStore,
        read_rows: ReadRows,
        clock: Clock,
        seen: SeenWindow | None = None,
        settings: LogSettings = LogSettings(),
    ) -> None:
        self._requests = requests
        self._table = log_table
        self._clock = clock
        self._settings = settings
        self._windows = Windows(
            requests, parts_table, seen, identities_a_day=settings.identities_a_day
        )
        contents, records = PartContents(objects, read_rows), PartRecords(requests, parts_table)
        self._brought = BroughtRows(contents=contents, records=records)
        self._appends = Appends(
            contents=contents,
            records=records,
            rows=PartRows(
                requests=requests,
                table=log_table,
                windows=self._windows,
                keep_days=settings.keep_days,
                threads=settings.threads,
            ),
        )

    def append(self, parts: Sequence[Part]) -> tuple[StoreOutcome, ...]:
        return self._appends.append(parts)

    def read_vehicle(self, vehicle_id: str, start_ms: int, end_ms: int) -> tuple[StoredEvent, ...]:
        if normalised_id(vehicle_id) != vehicle_id:
            return ()  # no event has such an id, and no key could hold it
        start_ms, kept_ms, end_ms = self._cut(start_ms, end_ms)
        expired = self._expired(start_ms, kept_ms)
        found = sorted(
            _distinct(stored for stored in expired if stored.event.vehicle_id == vehicle_id),
            key=_time_and_fingerprint,
        )
        if kept_ms < end_ms:
            keys = span_of(vehicle_id, kept_ms, end_ms - 1)
            found += map(stored_of, self._requests.query(self._table, keys))
        return tuple(found)

    def read_city(self, city: str, start_ms: int, end_ms: int) -> Iterator[StoredEvent]:
        start_ms, kept_ms, end_ms = self._cut(start_ms, end_ms)
        expired = self._expired(start_ms, kept_ms)
        yield from _distinct(stored for stored in expired if stored.event.city == city)
        if kept_ms >= end_ms:
            return
        for day, shard in product(self._windows.days(kept_ms, end_ms), range(CITY_SHARDS)):
            keys = Expression(
                f"#{CITY_INDEX.partition} = :bucket"
                f" AND #{CITY_INDEX.sort} BETWEEN :first AND :last",
                {
                    ":bucket": of_text(city_bucket(city, day, shard)),
                    ":first": of_int(max(kept_ms, day * DAY_MS)),
                    ":last": of_int(min(end_ms, (day + 1) * DAY_MS) - 1),
                },
            )
            for item in self._requests.query(self._table, keys, index=CITY_INDEX.name):
                stored = stored_of(item)
                if stored.event.city == city:
                    yield stored

    def scan(self) -> Iterator[StoredEvent]:
        first_ms, kept_ms, _ = self._cut(*INT64_MS)
        yield from _distinct(self._expired(first_ms, kept_ms))
        for item in self._requests.scan(self._table):
            stored = stored_of(item)
            if stored.event.observed_at >= kept_ms:
                yield stored

    def winners_since(self, cursor: int) -> tuple[Sequence[StoredEvent], int]:
        return self._brought.winners(cursor)

    def _cut(self, start_ms: int, end_ms: int) -> tuple[int, int, int]:
        """A span within 64 bits, and the instant in it from which on the table holds all."""
        start_ms, end_ms = max(start_ms, INT64_MS[0]), min(end_ms, INT64_MS[1])
        if self._settings.keep_days is None:
            return start_ms, start_ms, end_ms
        kept_ms = self._clock.now_ms() - self._settings.keep_days * DAY_MS + EXPIRY_MARGIN_MS
        return start_ms, max(start_ms, min(kept_ms, end_ms)), end_ms

    def _expired(self, start_ms: int, kept_ms: int) -> Iterator[StoredEvent]:
        """What the parts brought; what expired and came again was brought by each of them."""
        if start_ms < kept_ms:
            yield from self._brought.observed(start_ms, kept_ms)


def _distinct(rows: Iterable[StoredEvent]) -> Iterator[StoredEvent]:
    """The first of each payload, which is of one identity."""
    met: set[Payload] = set()
    for row in rows:
        payload = payload_of(row.event)
        if payload not in met:
            met.add(payload)
            yield row


def _time_and_fingerprint(stored: StoredEvent) -> tuple[int, int]:
    return stored.event.observed_at, stored.event.fingerprint
