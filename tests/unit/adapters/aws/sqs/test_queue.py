"""Batches, what fails of them, and messages that are handed out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import pytest
from tests.unit.adapters.aws.sqs.scripted_sqs import Entry, ScriptedSqs, failed

from fleetcore.errors import StorageUnavailable, Throttled
from fleetcore_adapters.aws.sqs.messages import MAX_BYTES
from fleetcore_adapters.aws.sqs.queue import LONGEST_HIDE_S, Outgoing, Queue

QueueNamed = Callable[[str], Queue]
RECEIPTS: Final = tuple(f"r{n}" for n in range(12))


def outgoing(*bodies: str) -> list[Outgoing]:
    """Messages to send."""
    return [Outgoing(body=each, group_id="g", deduplication_id="d") for each in bodies]


def bodies(batches: Sequence[Sequence[Entry]]) -> list[list[object]]:
    """What each request sent."""
    return [[each["MessageBody"] for each in batch] for batch in batches]


def test_ten_messages_are_sent_in_one_request(sqs: ScriptedSqs, queue_named: QueueNamed) -> None:
    """More take more requests."""
    queue_named("q").send(outgoing(*map(str, range(23))))

    assert [10, 10, 3] == [len(each) for each in sqs.batches]


def test_a_request_holds_at_most_256_kib(sqs: ScriptedSqs, queue_named: QueueNamed) -> None:
    """Bytes count, not characters."""
    half = "é" * (MAX_BYTES // 4)
    queue_named("q").send(outgoing(half, half, "x"))

    assert [[half, half], ["x"]] == bodies(sqs.batches)


@pytest.mark.parametrize(("name", "grouped"), [("q.fifo", True), ("q", False)])
def test_only_a_fifo_queue_is_told_the_ids(
    sqs: ScriptedSqs, queue_named: QueueNamed, name: str, grouped: bool
) -> None:
    """A standard queue would share its messages out by group."""
    queue_named(name).send(outgoing("x"))

    (entry,) = sqs.batches[0]
    assert (grouped, grouped) == ("MessageGroupId" in entry, "MessageDeduplicationId" in entry)


def test_only_what_failed_is_sent_again(sqs: ScriptedSqs, queue_named: QueueNamed) -> None:
    """As often as the policy allows."""
    sqs.refusals = [
        lambda entries: [failed(each, "InternalError") for each in entries[1:]],
        lambda entries: [failed(entries[1], "RequestThrottled", sender_fault=True)],
    ]
    queue_named("q").send(outgoing("a", "b", "c"))

    assert [["a", "b", "c"], ["b", "c"], ["c"]] == bodies(sqs.batches)


@pytest.mark.parametrize(
    ("code", "sender_fault", "error", "requests"),
    [
        ("InternalError", False, StorageUnavailable, 5),
        ("SomethingNew", False, StorageUnavailable, 5),
        ("RequestThrottled", True, Throttled, 5),
        ("KmsAccessDenied", True, StorageUnavailable, 1),
        ("InvalidMessageContents", True, StorageUnavailable, 1),
        # Of a receipt these say that its delivery is over; a message to send has none.
        ("InvalidParameterValue", True, StorageUnavailable, 1),
        ("InvalidParameterValueException", True, StorageUnavailable, 1),
        ("ReceiptHandleIsInvalid", True, StorageUnavailable, 1),
    ],
)
def test_what_fails_for_good_is_told(
    sqs: ScriptedSqs,
    queue_named: QueueNamed,
    code: str,
    sender_fault: bool,
    error: type[StorageUnavailable],
    requests: int,
) -> None:
    """A fault of the service is tried again, a fault of the sender is not."""
    sqs.refusals = [
        lambda entries: [failed(entries[0], code, sender_fault=sender_fault)]
    ] * requests

    with pytest.raises(StorageUnavailable, match=code) as told:
        queue_named("q").send(outgoing("a", "b"))
    assert (error, requests) == (told.type, len(sqs.batches))


@pytest.mark.parametrize(
    "code",
    [
        "InvalidParameterValue",
        "InvalidParameterValueException",
        "ReceiptHandleIsInvalid",
        "MessageNotInflight",
        "AWS.SimpleQueueService.MessageNotInflight",
    ],
)
@pytest.mark.parametrize("ask", [Queue.delete, lambda queue, receipts: queue.hide(receipts, 9)])
def test_a_delivery_that_is_over_is_nothing(
    sqs: ScriptedSqs,
    queue_named: QueueNamed,
    ask: Callable[[Queue, Sequence[str]], None],
    code: str,
) -> None:
    """What was settled, expired or handed out again is not asked for a second time."""
    sqs.refusals = [lambda entries: [failed(entries[0], code, sender_fault=True)]]
    ask(queue_named("q"), RECEIPTS[:2])

    assert 1 == len(sqs.batches)


def test_tells_which_deliveries_were_over(sqs: ScriptedSqs, queue_named: QueueNamed) -> None:
    """Their messages were not deleted by this."""
    sqs.refusals = [
        lambda entries: [
            failed(entries[0], "InternalError"),
            failed(entries[1], "ReceiptHandleIsInvalid", sender_fault=True),
        ]
    ]

    assert ["r1"] == queue_named("q").delete(RECEIPTS)


def test_only_what_was_not_deleted_is_deleted_again(
    sqs: ScriptedSqs, queue_named: QueueNamed
) -> None:
    """Of twelve, in two requests, one failed."""
    sqs.refusals = [lambda entries: [failed(entries[4], "InternalError")]]
    queue_named("q").delete(RECEIPTS)

    asked = [[each["ReceiptHandle"] for each in batch] for batch in sqs.batches]
    assert [list(RECEIPTS[:10]), ["r4"], ["r10", "r11"]] == asked


def test_a_receipt_stands_once_in_a_batch(sqs: ScriptedSqs, queue_named: QueueNamed) -> None:
    """SQS would refuse the second one."""
    queue_named("q").delete(["a", "b", "a"])

    assert [["a", "b"]] == [[each["ReceiptHandle"] for each in batch] for batch in sqs.batches]


@pytest.mark.parametrize(("seconds", "asked_s"), [(-1, 0), (30, 30), (86_400, LONGEST_HIDE_S)])
def test_hides_at_most_twelve_hours(
    sqs: ScriptedSqs, queue_named: QueueNamed, seconds: int, asked_s: int
) -> None:
    """SQS would refuse more."""
    queue_named("q").hide(["a"], seconds)

    assert [asked_s] == [each["VisibilityTimeout"] for each in sqs.batches[0]]


def test_receives_until_it_has_enough(sqs: ScriptedSqs, queue_named: QueueNamed) -> None:
    """Of a request at most ten come."""
    sqs.messages = [{"Body": str(n)} for n in range(30)]

    received = list(queue_named("q").receive(25, lease_s=30))

    assert [str(n) for n in range(25)] == [each.body for each in received]
    assert (3, 1_700_000_000_000) == (received[0].receive_count, received[0].sent_at_ms)


def test_receives_until_nothing_comes(sqs: ScriptedSqs, queue_named: QueueNamed) -> None:
    """A short answer does not say that no more wait; an empty one does."""
    sqs.messages = [{"Body": "x"}]

    assert 1 == len(list(queue_named("q").receive(5, lease_s=30)))
    assert 2 == len(sqs.waits_s)
