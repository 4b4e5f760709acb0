"""Requests by the shape of files."""

from __future__ import annotations

from typing import Final

import pytest

from fleetcore_adapters.aws.dynamodb.appends import ROWS_AT_ONCE
from fleetcore_adapters.aws.s3.object_store import PART_BYTES
from fleetcore_entrypoints.costs.calls import (
    Call,
    ChunkShape,
    PartShape,
    counted,
    storing,
    taking_in,
)
from fleetcore_entrypoints.costs.item_sizes import ItemSizes

SIZES: Final = ItemSizes()


def units(calls: list[Call], operation: str) -> float:
    """Of an operation."""
    return sum(call.units for call in calls if call.operation == operation)


@pytest.mark.parametrize(
    ("new", "requests"), [(1, 1), (25, 1), (26, 2), (ROWS_AT_ONCE, ROWS_AT_ONCE // 25)]
)
def test_new_rows_cost_a_request_for_25(new: int, requests: int) -> None:
    """As many batches as hold them."""
    found = counted(storing([PartShape(lane="idle", rows=new)], SIZES))

    assert requests == found["dynamodb", "BatchWriteItem"]


def test_batches_end_with_the_rows_that_are_looked_at_together() -> None:
    """Of new rows among maybe-rows each stretch of a part begins a batch of its own."""
    part = PartShape(lane="idle", rows=2 * ROWS_AT_ONCE, maybe=2 * ROWS_AT_ONCE - 2)

    assert 2 == counted(storing([part], SIZES))["dynamodb", "BatchWriteItem"]


def test_large_items_make_smaller_batches() -> None:
    """A batch holds as many bytes as the adapter lets it."""
    sizes = ItemSizes(log_item=300_000)

    found = counted(storing([PartShape(lane="idle", rows=25)], sizes))

    assert 3 == found["dynamodb", "BatchWriteItem"]


def test_a_maybe_row_costs_two_requests_at_most() -> None:
    """A look and a conditional write; one that is known the look alone."""
    part = PartShape(lane="moving", rows=10, maybe=10, known=4, look_ups=10)

    found = counted(storing([part], SIZES))

    assert (0, 6) == (found["dynamodb", "BatchWriteItem"], found["dynamodb", "PutItem"])
    assert 10 + 1 == found["dynamodb", "Query"]  # and the ingestion's stream


def test_a_row_is_written_to_the_index_only_with_a_city() -> None:
    """Units are of a kilobyte each, in the table and in the index."""
    part = PartShape(lane="idle", rows=100)

    written = [
        units(list(storing([part], ItemSizes(log_item=1025, index_share=share))), "BatchWriteItem")
        for share in (0.0, 0.5, 1.0)
    ]

    assert [200, 300, 400] == written


def test_each_outcome_is_recorded_by_itself() -> None:
    """Before the next part begins: a transaction for the log's record, one for the outcome."""
    parts = [PartShape(lane="idle", rows=1)] * 91

    found = counted(storing(parts, SIZES))

    assert 2 * 91 == found["dynamodb", "TransactWriteItems"]


@pytest.mark.parametrize(
    ("size_bytes", "operations"),
    [
        (PART_BYTES, {"PutObject": 1}),
        (
            PART_BYTES + 1,
            {"CreateMultipartUpload": 1, "UploadPart": 2, "CompleteMultipartUpload": 1},
        ),
    ],
)
def test_a_large_object_is_put_in_pieces(size_bytes: int, operations: dict[str, int]) -> None:
    """From the adapter's own size on."""
    chunk = ChunkShape(parts=[PartShape(lane="idle", rows=1, size_bytes=size_bytes)])

    found = counted(taking_in([chunk], SIZES))

    puts = {name: count for (service, name), count in found.items() if service == "s3"}
    assert {"HeadObject": 1, "GetObject": 2, **operations} == puts


def test_a_chunk_costs_its_objects_a_commit_and_a_send_a_lane() -> None:
    """Two parts and rejects: three puts, one transaction, a message on each queue."""
    parts = [PartShape(lane="moving", rows=2), PartShape(lane="idle", rows=3)]
    chunk = ChunkShape(parts=parts, rejects_bytes=10)

    more = counted(taking_in([chunk, chunk], SIZES))
    more.subtract(counted(taking_in([chunk], SIZES)))

    assert {
        ("s3", "PutObject"): 3,
        ("dynamodb", "TransactWriteItems"): 1,
        ("sqs-fifo", "SendMessageBatch"): 1,
        ("sqs-standard", "SendMessageBatch"): 1,
    } == dict(+more)
