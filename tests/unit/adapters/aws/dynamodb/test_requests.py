"""Requests stay within the service's limits and make good what it leaves undone."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from tests.unit.adapters.aws.dynamodb.wire import (
    Service,
    answer_lost,
    conflicting,
    delivered,
    half_read,
    half_written,
    throttled,
    unsent,
)

from fleetcore.errors import InvalidInput, StorageUnavailable, Throttled
from fleetcore_adapters.aws.dynamodb.requests import BATCH_BYTES, Check, Expression, Put, batches
from fleetcore_adapters.aws.dynamodb.values import (
    Item,
    int_in,
    item_size,
    of_bytes,
    of_int,
    of_text,
)

NEW = Expression("attribute_not_exists(#item)")
THERE = Expression("attribute_exists(#item)")


def item(number: int, view: str = "v") -> Item:
    """A small item of the views table."""
    return {"view": of_text(view), "item": of_text(f"{number:04d}"), "name": of_int(number)}


def key(number: int) -> Item:
    """Its key."""
    return {"view": of_text("v"), "item": of_text(f"{number:04d}")}


def names(items: Iterable[Item]) -> list[int]:
    """Numbers of items, sorted."""
    return sorted(int_in(each, "name") for each in items)


def test_a_batch_is_25_items() -> None:
    """And the last one is what is left."""
    cut = batches([item(n) for n in range(51)])

    assert [25, 25, 1] == [len(batch) for batch in cut]
    assert [] == batches([])


def test_a_batch_fits_into_a_request() -> None:
    """Large items come in smaller batches, in order."""
    large: list[Item] = [{**item(n), "text": of_text("\0" * 300_000)} for n in range(30)]
    cut = batches(large)

    assert large == [each for batch in cut for each in batch]
    assert all(sum(map(item_size, batch)) <= BATCH_BYTES for batch in cut)
    assert max(len(batch) for batch in cut) == BATCH_BYTES // item_size(large[0])


def test_what_a_batch_left_unwritten_is_written(service: Service) -> None:
    """However often it stops half-way."""
    service.wire.plan("BatchWriteItem", half_written, half_written, half_written)

    service.requests().put_batch(service.views, [item(n) for n in range(25)])

    assert 4 == service.wire.sent["BatchWriteItem"]
    assert list(range(25)) == names(service.requests().scan(service.views))
    assert [0.25, 0.5, 1.0] == service.pauses


def test_a_batch_that_never_ends_is_throttled(service: Service) -> None:
    """The caller is told, and may write all of it again."""
    service.wire.plan("BatchWriteItem", *[half_written] * 9)

    with pytest.raises(Throttled, match="unwritten"):
        service.requests().put_batch(service.views, [item(n) for n in range(2)])


def test_what_a_batch_left_unread_is_read(service: Service) -> None:
    """Once each, and in requests of 100 keys at most."""
    requests = service.requests()
    for batch in batches([item(n) for n in range(130)]):
        requests.put_batch(service.views, batch)
    service.wire.plan("BatchGetItem", half_read, half_read)

    found = requests.get_all(service.views, [key(n) for n in range(140)])

    assert list(range(130)) == names(found)
    assert 4 == service.wire.sent["BatchGetItem"]


def test_a_throttled_request_is_sent_again(service: Service) -> None:
    """After a pause that grows."""
    service.wire.plan("PutItem", throttled, throttled)

    assert None is service.requests().put(service.views, item(1), NEW)
    assert [0.25, 0.5] == service.pauses


def test_a_query_reads_all_pages(service: Service) -> None:
    """More than 1 MB in a partition comes in the order of its keys."""
    requests = service.requests()
    large = [{**item(n), "bytes": of_bytes(bytes(300_000))} for n in range(10)]
    for each in large:
        requests.overwrite(service.views, each)
    requests.overwrite(service.views, item(11, "another view"))

    found = list(requests.query(service.views, Expression("#view = :v", {":v": of_text("v")})))

    assert large == found
    assert 3 <= service.wire.sent["Query"]


def test_a_scan_reads_all_pages(service: Service) -> None:
    """More than 1 MB comes once each."""
    requests = service.requests()
    for n in range(10):
        requests.overwrite(service.views, {**item(n), "bytes": of_bytes(bytes(300_000))})

    assert list(range(10)) == names(requests.scan(service.views))
    assert 3 <= service.wire.sent["Scan"]


def test_a_put_whose_condition_fails_tells_what_is_there(service: Service) -> None:
    """In the same request."""
    requests = service.requests()
    requests.put(service.views, item(1), NEW)

    assert item(1) == requests.put(service.views, {**item(1), "name": of_int(9)}, NEW)
    assert {"PutItem": 2} == service.wire.sent


def test_a_number_is_added_to(service: Service) -> None:
    """From nothing, and given once to each."""
    requests = service.requests()

    assert [1, 2, 3] == [requests.add(service.views, key(1), "number") for _ in range(3)]


def test_a_number_whose_answer_was_lost_is_left_out(service: Service) -> None:
    """It is given to nobody."""
    service.wire.plan("UpdateItem", answer_lost)

    assert 2 == service.requests().add(service.views, key(1), "number")


def test_a_transaction_tells_which_condition_failed(service: Service) -> None:
    """And changes nothing."""
    requests = service.requests()
    requests.put(service.views, item(1), NEW)
    requests.put(service.views, item(3), NEW)
    changes: list[Put | Check] = [
        Put(service.views, item(2), NEW),
        Check(service.views, key(1), THERE),
        Put(service.views, item(3), NEW),
    ]

    assert (False, False, True) == requests.transact(changes, "token")
    assert None is requests.transact(changes[:2], "another")
    assert [1, 2, 3] == names(requests.scan(service.views))


def test_a_transaction_that_never_arrived_is_sent_again(service: Service) -> None:
    """Under the same token."""
    service.wire.plan("TransactWriteItems", unsent)

    assert None is service.requests().transact([Put(service.views, item(1), NEW)], "token")


def test_a_transaction_that_meets_another_one_is_sent_again(service: Service) -> None:
    """As what is throttled, unless its caller knows better."""
    service.wire.plan("TransactWriteItems", conflicting, conflicting, delivered, conflicting)
    requests = service.requests()

    assert None is requests.transact([Put(service.views, item(1), NEW)], "one")
    assert 2 == len(service.pauses)
    two = [Put(service.views, item(2), NEW), Put(service.views, item(3), NEW)]
    assert (False, False) == requests.transact(two, "two", returns_conflicts=True)
    assert 2 == len(service.pauses)


@pytest.mark.parametrize(
    ("count", "size"), [(101, 1), (11, 390_000), (1, 409_600)], ids=["items", "4 MB", "400 kB"]
)
def test_a_transaction_that_is_too_large_is_not_sent(
    service: Service, count: int, size: int
) -> None:
    """The service would refuse it, each time."""
    large: Item = {"bytes": of_bytes(bytes(size))}
    changes = [Put(service.views, {**item(n), **large}, NEW) for n in range(count)]

    with pytest.raises(InvalidInput):
        service.requests().transact(changes, "token")
    assert 0 == service.wire.sent["TransactWriteItems"]


def test_a_table_that_is_not_there_is_said(service: Service) -> None:
    """With its name and what to do, at once."""
    with pytest.raises(StorageUnavailable, match="no-such-table"):
        service.requests().get("no-such-table", key(1))
    assert [] == service.pauses
