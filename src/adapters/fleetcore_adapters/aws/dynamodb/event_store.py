"""Streams of decisions in DynamoDB: an item an event, a transaction an append.

stream            item                what
stream#<stream>   event#0000000001    name, schema_version, body
index#streams     stream#<stream>     number: streams are listed by it
index#streams     number              the last number given
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Final, Generic
from uuid import uuid4

from fleetcore.codec.envelope import Envelope
from fleetcore.codec.event_codec import EventCodec
from fleetcore.errors import StorageUnavailable, VersionConflict
from fleetcore.ports.event_store import E, EventStore, checked_size
from fleetcore_adapters.aws.dynamodb.requests import Check, Expression, Put, Requests
from fleetcore_adapters.aws.dynamodb.values import (
    Item,
    Value,
    bytes_in,
    int_in,
    of_bytes,
    of_int,
    of_text,
    text_in,
)

LARGE_BODY_BYTES: Final = 100_000
"""A larger body is stored compressed."""

_LOOKS: Final = 5
"""A query may meet a transaction half-way, and see a later event and not an earlier one."""

_INDEX: Final = of_text("index#streams")
_NEW: Final = Expression("attribute_not_exists(#item)")
_THERE: Final = Expression("attribute_exists(#item)")


def new_token() -> str:
    """A text nobody else has."""
    return uuid4().hex


class DynamoEventStore(EventStore[E], Generic[E]):
    """Keeps streams in the streams table. `token` names a transaction as no other is named."""

    def __init__(
        self,
        requests: Requests,
        table: str,
        codec: EventCodec[E],
        *,
        token: Callable[[], str] = new_token,
    ) -> None:
        self._requests = requests
        self._table = table
        self._codec = codec
        self._token = token

    def append(self, stream: str, expected_version: int, events: Sequence[E]) -> int:
        checked_size(events)
        if not events:
            if (actual := self._version(stream)) != expected_version:
                raise VersionConflict(stream, expected_version, actual)
            return expected_version
        first: Check | Put
        if expected_version:
            first = Check(self._table, _event_key(stream, expected_version), _THERE)
        else:
            first = Put(self._table, self._indexed(stream), _NEW)
        puts = [
            Put(self._table, _event_item(stream, version, self._codec.encode(event)), _NEW)
            for version, event in enumerate(events, expected_version + 1)
        ]
        if self._requests.transact([first, *puts], self._token()):
            raise VersionConflict(stream, expected_version, self._version(stream))
        return expected_version + len(events)

    def read(self, stream: str) -> tuple[E, ...]:
        for _ in range(_LOOKS):
            items = list(self._requests.query(self._table, _events_of(stream)))
            names = [text_in(item, "item") for item in items]
            if names == [_event_name(version) for version in range(1, len(items) + 1)]:
                return tuple(self._codec.decode(_envelope_in(item)) for item in items)
        raise StorageUnavailable(
            f"the events of stream {stream!r} have gaps; restore the table from a backup"
        )

    def streams(self, prefix: str = "") -> tuple[str, ...]:
        keys = Expression(
            "#stream = :stream AND begins_with(#item, :prefix)",
            {":stream": _INDEX, ":prefix": of_text(f"stream#{prefix}")},
        )
        found = [
            (int_in(item, "number"), text_in(item, "item").removeprefix("stream#"))
            for item in self._requests.query(self._table, keys)
        ]
        return tuple(stream for _, stream in sorted(found))

    def _version(self, stream: str) -> int:
        page = self._requests.query_page(
            self._table, _events_of(stream), limit=1, is_descending=True
        )
        return int(text_in(page.items[0], "item").partition("#")[2]) if page.items else 0

    def _indexed(self, stream: str) -> Item:
        """The item that lists a stream; numbers are given once, though not every one is used."""
        counter = {"stream": _INDEX, "item": of_text("number")}
        number = self._requests.add(self._table, counter, "number")
        return {"stream": _INDEX, "item": of_text(f"stream#{stream}"), "number": of_int(number)}


def _partition(stream: str) -> Value:
    return of_text(f"stream#{stream}")


def _events_of(stream: str) -> Expression:
    return Expression("#stream = :stream", {":stream": _partition(stream)})


def _event_name(version: int) -> str:
    return f"event#{version:010d}"


def _event_key(stream: str, version: int) -> Item:
    return {"stream": _partition(stream), "item": of_text(_event_name(version))}


def _event_item(stream: str, version: int, envelope: Envelope) -> Item:
    body = envelope.body.encode()
    is_large = len(body) > LARGE_BODY_BYTES
    return {
        **_event_key(stream, version),
        "name": of_text(envelope.name),
        "schema_version": of_int(envelope.version),
        "body": of_bytes(zlib.compress(body)) if is_large else of_text(envelope.body),
    }


def _envelope_in(item: Item) -> Envelope:
    is_large = "B" in item["body"]
    return Envelope(
        name=text_in(item, "name"),
        version=int_in(item, "schema_version"),
        body=zlib.decompress(bytes_in(item, "body")).decode()
        if is_large
        else text_in(item, "body"),
    )
