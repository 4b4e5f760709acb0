"""Parts take their numbers at one item, for which many may come at once."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from tests.unit.adapters.aws.dynamodb.wire import Fault, Service, conflicting, delivered

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.errors import Throttled
from fleetcore.testing.contracts.race import raced
from fleetcore_adapters.aws.dynamodb.part_records import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    MOST_TRIES,
    PartRecord,
    PartRecords,
    Settled,
)

WORKERS = 50


def record(name: str) -> PartRecord:
    """Of a part that brought one row."""
    return PartRecord(key=name, sha256="0" * 64, brought="1", first_ms=1, last_ms=1)


def settled(number: int) -> Settled:
    """What became of it, unlike any other."""
    return Settled(StoreOutcome(stored=number))


def test_conflicts_cost_no_retries_of_the_policy(service: Service) -> None:
    """More of them than a request is tried; pauses grow, up to a third of a second."""
    pauses: list[float] = []
    records = PartRecords(
        service.requests(), service.parts, sleep=pauses.append, random=lambda: 1.0
    )
    service.wire.plan("TransactWriteItems", *[conflicting] * 8)

    assert settled(1) == records.add(record("a"), settled(1))
    assert [] == service.pauses
    assert [FIRST_PAUSE_S * 2**n for n in range(4)] == pauses[:4]
    assert [LONGEST_PAUSE_S] * 4 == pauses[4:]
    assert 1 == records.last()


def test_who_never_is_the_first_gives_up(service: Service) -> None:
    """The message comes again, and with it the part."""
    records = PartRecords(service.requests(), service.parts, sleep=lambda _: None)
    service.wire.plan("TransactWriteItems", *[conflicting] * MOST_TRIES)

    with pytest.raises(Throttled, match="first"):
        records.add(record("a"), settled(1))
    assert MOST_TRIES == service.wire.sent["TransactWriteItems"]


def one_at_a_time() -> Fault:
    """As DynamoDB does: a transaction that meets another one is cancelled."""
    lock = threading.Lock()

    def met(request: AWSPreparedRequest) -> AWSResponse:
        if not lock.acquire(blocking=False):
            return conflicting(request)
        try:
            return delivered(request)
        finally:
            lock.release()

    return met


def test_racing_workers_all_get_a_number(service: Service) -> None:
    """Without gaps, and each its own."""
    service.wire.plan("TransactWriteItems", *[one_at_a_time()] * WORKERS * MOST_TRIES)
    records = [PartRecords(service.requests(), service.parts) for _ in range(WORKERS)]

    answers = raced(
        [partial(each.add, record(f"{n}"), settled(n)) for n, each in enumerate(records)]
    )

    assert [settled(n) for n in range(WORKERS)] == answers
    assert {f"{n}" for n in range(WORKERS)} == {each.key for each in records[0].between(0, WORKERS)}
    assert WORKERS == records[0].last()
