"""What dead letters on SQS do beyond the contract."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.unit.adapters.aws.sqs.scripted_sqs import ScriptedSqs

from fleetcore.domain.parts import UNEXPLAINED
from fleetcore.errors import StorageUnavailable
from fleetcore.testing.contracts.dead_letters import letter
from fleetcore.testing.contracts.lanes import message
from fleetcore_adapters.aws.sqs.dead_letters import MAX_RECEIVES, SqsDeadLetters
from fleetcore_adapters.aws.sqs.messages import letter_body, message_body
from fleetcore_adapters.aws.sqs.queue import Queue

MANY = [letter(str(n), "idle", after_ms=n) for n in range(30)]


@pytest.fixture
def letters(queue_named: Callable[[str], Queue]) -> SqsDeadLetters:
    """Both queues on one service."""
    return SqsDeadLetters({"moving": queue_named("q.fifo"), "idle": queue_named("q")}, wait_s=1)


def test_a_letter_of_sqs_knows_no_reason(sqs: ScriptedSqs, letters: SqsDeadLetters) -> None:
    """But when it came to its queue, and how often its message was handed out."""
    sqs.messages = [{"Body": message_body(message("1"))}]

    (found,) = letters.read()

    assert (message("1"), UNEXPLAINED, MAX_RECEIVES, 1_700_000_000_000) == (
        found.message,
        found.code,
        found.tries,
        found.died_at_ms,
    )


def test_waits_for_letters(sqs: ScriptedSqs, letters: SqsDeadLetters) -> None:
    """All servers are asked, so that none is missed."""
    letters.read()

    assert [1, 1] == sqs.waits_s


def test_leaves_what_it_cannot_read(sqs: ScriptedSqs, letters: SqsDeadLetters) -> None:
    """It is made visible again, for a newer fleetcore."""
    sqs.messages = [{"Body": '{"v": 2}'}]

    assert () == letters.read()
    assert [['receipt of {"v": 2}']] == [
        [each["ReceiptHandle"] for each in batch] for batch in sqs.batches
    ]


def test_removing_what_was_read_ends_where_it_is_found(
    sqs: ScriptedSqs, letters: SqsDeadLetters
) -> None:
    """Not every letter is looked at for each that is removed."""
    sqs.messages = [{"Body": letter_body(each)} for each in MANY]
    letters.read()
    sqs.messages = [{"Body": letter_body(each)} for each in MANY]
    sqs.waits_s.clear()

    letters.remove(MANY[:1])

    assert 1 == len(sqs.waits_s)


def test_removing_what_was_not_read_looks_at_all(sqs: ScriptedSqs, letters: SqsDeadLetters) -> None:
    """There may be several copies."""
    sqs.messages = [{"Body": letter_body(each)} for each in MANY]

    letters.remove(MANY[:1])

    assert [] == sqs.messages


def test_asks_sqs_to_move_idle_letters(
    sqs: ScriptedSqs, letters: SqsDeadLetters, queue_named: Callable[[str], Queue]
) -> None:
    """From the idle dead-letter queue to the lane that is given, at the rate that is given."""
    assert letters.redrive_all_native(queue_named("lane"), rate_per_s=5)
    assert [
        {
            "SourceArn": "arn of https://sqs.invalid/1/q",
            "DestinationArn": "arn of https://sqs.invalid/1/lane",
            "MaxNumberOfMessagesPerSecond": 5,
        }
    ] == sqs.moves


@pytest.mark.parametrize("code", ["InvalidAction", "AWS.SimpleQueueService.UnsupportedOperation"])
def test_tells_that_sqs_moves_nothing(
    sqs: ScriptedSqs, letters: SqsDeadLetters, queue_named: Callable[[str], Queue], code: str
) -> None:
    """Letters are redriven one by one then."""
    sqs.move_refusal = code

    assert not letters.redrive_all_native(queue_named("lane"), rate_per_s=5)


def test_a_task_that_sqs_refuses_is_an_error(
    sqs: ScriptedSqs, letters: SqsDeadLetters, queue_named: Callable[[str], Queue]
) -> None:
    """As of a queue that is no dead-letter queue."""
    sqs.move_refusal = "ResourceNotFoundException"

    with pytest.raises(StorageUnavailable, match="ResourceNotFoundException"):
        letters.redrive_all_native(queue_named("lane"), rate_per_s=5)
