"""The latest position of each vehicle in DynamoDB.

view              item           what
latest#<shard>    <vehicle id>   the winner, and its precedence as text that sorts alike
cursor            latest         cursor
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Final

from fleetcore.domain.location import LocationEvent, normalised_id, precedence
from fleetcore.domain.parts import StoredEvent
from fleetcore.ports.latest_positions import LatestPositions
from fleetcore_adapters.aws.dynamodb.items import attributes_of, instant_key, stored_of
from fleetcore_adapters.aws.dynamodb.parallel import in_parallel
from fleetcore_adapters.aws.dynamodb.requests import BATCH_READS, Expression, Requests
from fleetcore_adapters.aws.dynamodb.values import Item, int_in, of_int, of_text

SHARDS: Final = 8
"""The view is spread over so many partitions."""

_CURSOR: Final[Item] = {"view": of_text("cursor"), "item": of_text("latest")}


class DynamoLatestPositions(LatestPositions):
    """Keeps winners in the views table, each put under the condition that it wins."""

    def __init__(self, requests: Requests, table: str, *, threads: int = 8) -> None:
        self._requests = requests
        self._table = table
        self._threads = threads

    def cursor(self) -> int:
        item = self._requests.get(self._table, _CURSOR)
        return 0 if item is None else int_in(item, "cursor")

    def apply(self, events: Iterable[StoredEvent], cursor: int) -> None:
        winners: dict[str, StoredEvent] = {}
        for stored in events:
            held = winners.setdefault(stored.event.vehicle_id, stored)
            if precedence(stored.event) > precedence(held.event):
                winners[stored.event.vehicle_id] = stored
        in_parallel(self._threads, self._put, list(winners.values()))
        item = {**_CURSOR, "cursor": of_int(cursor)}
        self._requests.put(self._table, item, _greater("cursor", item))

    def read(self, vehicle_ids: Sequence[str] | None = None) -> tuple[StoredEvent, ...]:
        if vehicle_ids is None:
            found = in_parallel(self._threads, self._shard, range(SHARDS))
        else:
            # An id that is none has no position, and no key could hold it.
            keys = [_key(each) for each in set(vehicle_ids) if normalised_id(each) == each]
            groups = [keys[at : at + BATCH_READS] for at in range(0, len(keys), BATCH_READS)]
            found = in_parallel(self._threads, self._those, groups)
        winners = [stored_of(item) for items in found for item in items]
        return tuple(sorted(winners, key=lambda stored: stored.event.vehicle_id))

    def _put(self, stored: StoredEvent) -> None:
        item = {
            **_key(stored.event.vehicle_id),
            **attributes_of(stored),
            "precedence": of_text(sortable_precedence(stored.event)),
        }
        self._requests.put(self._table, item, _greater("precedence", item))

    def _shard(self, shard: int) -> list[Item]:
        keys = Expression("#view = :view", {":view": of_text(f"latest#{shard}")})
        return list(self._requests.query(self._table, keys))

    def _those(self, keys: Sequence[Item]) -> list[Item]:
        return self._requests.get_all(self._table, keys)


def sortable_precedence(event: LocationEvent) -> str:
    """A text that sorts as `precedence` does."""
    observed_at, accuracy, fingerprint = precedence(event)
    (bits,) = struct.unpack(">Q", struct.pack(">d", accuracy + 0.0))
    # Floats sort as their bits do, but backwards below zero.
    rank = ~bits & (2**64 - 1) if bits >> 63 else bits | 1 << 63
    return f"{instant_key(observed_at)}#{rank:016x}#{fingerprint:016x}"


def _key(vehicle_id: str) -> Item:
    shard = zlib.crc32(vehicle_id.encode()) % SHARDS
    return {"view": of_text(f"latest#{shard}"), "item": of_text(vehicle_id)}


def _greater(attribute: str, item: Item) -> Expression:
    """Nothing is there, or something smaller."""
    return Expression(
        f"attribute_not_exists(#{attribute}) OR #{attribute} < :new", {":new": item[attribute]}
    )
