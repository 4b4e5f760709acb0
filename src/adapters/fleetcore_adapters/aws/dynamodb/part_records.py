"""What the log notes of the parts it holds, in one gapless sequence.

    record        item                    what
    part#<key>    outcome                 stored, already_stored, conflicting, refused, number
    sequence      00000000000000000001    key, sha256, rows, brought, first_ms, last_ms
    sequence      last                    number

The three are written in one transaction, so whoever reads the sequence from a number on misses
no part that is recorded later.
"""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from attrs import field, frozen

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import StoredEvent
from fleetcore.errors import Throttled
from fleetcore_adapters.aws.dynamodb.event_store import new_token
from fleetcore_adapters.aws.dynamodb.requests import Expression, Put, Requests
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

MOST_TRIES: Final = 100
"""To be the one that takes the next number."""

FIRST_PAUSE_S: Final = 0.02
LONGEST_PAUSE_S: Final = 0.32
"""A pause is drawn from 0 up to the first, doubled from try to try up to the longest."""

_SEQUENCE: Final = of_text("sequence")
_LAST: Final[Item] = {"record": _SEQUENCE, "item": of_text("last")}
_NEW: Final = Expression("attribute_not_exists(#record)")


@frozen(slots=True)
class Settled:
    """What became of a part's rows; `refused` counts those that no item can hold."""

    outcome: StoreOutcome
    refused: int = 0


@frozen(kw_only=True, slots=True)
class PartRecord:
    """A part, and which of its rows are in the log because of it.

    `brought` has a "1" or a "0" a row. The rows brought were observed from `first_ms` to
    `last_ms`, which mean nothing where there is none.
    """

    key: str
    sha256: str
    brought: str = field(repr=False)
    first_ms: int
    last_ms: int

    def of(self, rows: Sequence[StoredEvent]) -> Iterator[StoredEvent]:
        """Of all rows of the part those it brought."""
        return (row for row, was in zip(rows, self.brought, strict=True) if was == "1")


class PartRecords:
    """Keeps records in the parts table. `random` draws from 0 up to 1."""

    def __init__(
        self,
        requests: Requests,
        table: str,
        *,
        token: Callable[[], str] = new_token,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._requests = requests
        self._table = table
        self._token = token
        self._sleep = sleep
        self._random = random

    def settled(self, keys: Sequence[str]) -> Mapping[str, Settled]:
        """What became of parts, by key, of those that are recorded."""
        found = self._requests.get_all(self._table, [_part_key(key) for key in dict.fromkeys(keys)])
        return {text_in(item, "record").removeprefix("part#"): _settled_of(item) for item in found}

    def add(self, record: PartRecord, settled: Settled) -> Settled:
        """Record a part, unless it is recorded; what is recorded then.

        All workers take their numbers at one item. Who is not the first pauses, so that they do
        not come back together, and tries again: that is no fault, and costs no retries of the
        policy's. Raises `Throttled` when others were first each time.
        """
        for tries in range(MOST_TRIES):
            if tries:
                longest_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (tries - 1))
                self._sleep(self._random() * longest_s)
            last = self.last()
            is_last = (
                Expression("#number = :last", {":last": of_int(last)})
                if last
                else Expression("attribute_not_exists(#number)")
            )
            number = last + 1
            failed = self._requests.transact(
                [
                    Put(self._table, _settled_item(record.key, settled, number), _NEW),
                    Put(self._table, _record_item(record, number), _NEW),
                    Put(self._table, {**_LAST, "number": of_int(number)}, is_last),
                ],
                self._token(),
                returns_conflicts=True,
            )
            if failed is None:
                return settled
            if failed[0]:
                return self.settled([record.key])[record.key]
        raise Throttled(
            f"the table {self._table}: others recorded their parts first, {MOST_TRIES} times; "
            "try again later, or with fewer workers"
        )

    def last(self) -> int:
        """The number of the part recorded last; 0 if there is none."""
        item = self._requests.get(self._table, _LAST)
        return 0 if item is None else int_in(item, "number")

    def between(self, after: int, last: int) -> Iterator[PartRecord]:
        """The parts recorded behind a number, up to another."""
        keys = Expression(
            "#record = :record AND #item BETWEEN :first AND :last",
            {":record": _SEQUENCE, ":first": _number(after + 1), ":last": _number(last)},
        )
        if after < last:
            yield from map(_record_of, self._requests.query(self._table, keys))

    def meeting(self, start_ms: int, end_ms: int) -> Iterator[PartRecord]:
        """The parts that may have brought rows with `start_ms <= observed_at < end_ms`."""
        keys = Expression(
            "#record = :record AND #item < :counter",
            {":record": _SEQUENCE, ":counter": _LAST["item"]},
        )
        matching = Expression(
            "#first_ms < :end AND #last_ms >= :start",
            {":start": of_int(start_ms), ":end": of_int(end_ms)},
        )
        yield from map(_record_of, self._requests.query(self._table, keys, matching=matching))


def _part_key(key: str) -> Item:
    return {"record": of_text(f"part#{key}"), "item": of_text("outcome")}


def _number(number: int) -> Value:
    return of_text(f"{number:020d}")


def _settled_item(key: str, settled: Settled, number: int) -> Item:
    return {
        **_part_key(key),
        "stored": of_int(settled.outcome.stored),
        "already_stored": of_int(settled.outcome.already_stored),
        "conflicting": of_int(settled.outcome.conflicting),
        "refused": of_int(settled.refused),
        "number": of_int(number),
    }


def _settled_of(item: Item) -> Settled:
    outcome = StoreOutcome(
        stored=int_in(item, "stored"),
        already_stored=int_in(item, "already_stored"),
        conflicting=int_in(item, "conflicting"),
    )
    return Settled(outcome, int_in(item, "refused"))


def _record_item(record: PartRecord, number: int) -> Item:
    rows = len(record.brought)
    bits = int(record.brought or "0", 2).to_bytes(rows // 8 + 1, "big")
    return {
        "record": _SEQUENCE,
        "item": _number(number),
        "key": of_text(record.key),
        "sha256": of_text(record.sha256),
        "rows": of_int(rows),
        "brought": of_bytes(zlib.compress(bits)),
        "first_ms": of_int(record.first_ms),
        "last_ms": of_int(record.last_ms),
    }


def _record_of(item: Item) -> PartRecord:
    rows = int_in(item, "rows")
    bits = int.from_bytes(zlib.decompress(bytes_in(item, "brought")), "big")
    return PartRecord(
        key=text_in(item, "key"),
        sha256=text_in(item, "sha256"),
        brought=f"{bits:0{rows}b}" if rows else "",
        first_ms=int_in(item, "first_ms"),
        last_ms=int_in(item, "last_ms"),
    )
