"""What dead letters on SQS do beyond the contract."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import pytest
from attrs import define, field, frozen
from tests.unit.adapters.aws.sqs.scripted_sqs import Entry, ScriptedSqs, failed

from fleetcore.domain.lanes import Lane
from fleetcore.domain.parts import UNEXPLAINED, DeadLetter
from fleetcore.errors import StorageUnavailable
from fleetcore.testing.contracts.dead_letters import letter
from fleetcore.testing.contracts.lanes import message
from fleetcore_adapters.aws.clients import Clients
from fleetcore_adapters.aws.sqs.dead_letters import HELD_S, MAX_RECEIVES, SqsDeadLetters
from fleetcore_adapters.aws.sqs.messages import letter_body, message_body
from fleetcore_adapters.aws.sqs.queue import Queue
from fleetcore_adapters.resilience.policy import Policy

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


# --- one after the other -----------------------------------------------------------------------


@define
class LeasingSqs(ScriptedSqs):
    """Hides what it hands out until it is told otherwise, or for ever; only the idle queue is full.

    A receipt is replaced by the next one of its message.
    """

    leased: dict[str, Entry] = field(factory=dict)
    handed_out: int = 0

    @property
    def requests(self) -> int:
        """How many there were."""
        return len(self.batches) + len(self.waits_s)

    def receive_message(self, **request: object) -> object:
        """The oldest messages that are visible."""
        if str(request["QueueUrl"]).endswith(".fifo"):
            return {"Messages": []}
        handed_out = self.messages[:10]
        super().receive_message(**request)
        for each in handed_out:
            self.handed_out += 1
            each["ReceiptHandle"] = f"r{self.handed_out}"
            self.leased[f"r{self.handed_out}"] = each
        return {"Messages": [{**each, "Attributes": {}} for each in handed_out]}

    def _ended(self, entries: list[Entry]) -> list[Entry]:
        return [
            failed(each, "ReceiptHandleIsInvalid", sender_fault=True)
            for each in entries
            if self.leased.pop(str(each["ReceiptHandle"]), None) is None
        ]

    def delete_message_batch(self, **request: object) -> object:
        """Let go of messages."""
        entries = cast("list[Entry]", request["Entries"])
        self.batches.append(entries)
        return {"Failed": self._ended(entries)}

    def change_message_visibility_batch(self, **request: object) -> object:
        """Make messages visible again."""
        entries = cast("list[Entry]", request["Entries"])
        self.messages += [
            self.leased[str(each["ReceiptHandle"])]
            for each in entries
            if each["ReceiptHandle"] in self.leased
        ]
        return self.delete_message_batch(**request)

    def expire(self) -> None:
        """Let all leases end."""
        self.messages += self.leased.values()
        self.leased.clear()


class Time:
    """A clock that is set."""

    now_s = 0.0

    def __call__(self) -> float:
        """Monotonic seconds."""
        return self.now_s


@frozen
class Full:
    """A queue of many letters that were read."""

    sqs: LeasingSqs
    time: Time
    letters: SqsDeadLetters

    @classmethod
    def of(cls, dead: Sequence[DeadLetter]) -> Full:
        """With the letters in this order."""
        sqs, time, clients = LeasingSqs(), Time(), Clients()
        clients.__dict__["sqs"] = sqs
        sqs.messages = [{"Body": letter_body(each), "MessageId": each.reason} for each in dead]
        policy = Policy("queues", sleep=lambda _: None)
        queues: dict[Lane, Queue] = {
            "moving": Queue(clients, "https://sqs.invalid/1/q.fifo", policy),
            "idle": Queue(clients, "https://sqs.invalid/1/q", policy),
        }
        full = cls(sqs, time, SqsDeadLetters(queues, now_s=time))
        assert tuple(sorted(dead, key=lambda each: each.died_at_ms)) == full.letters.read()
        sqs.batches.clear()
        sqs.waits_s.clear()
        return full


@pytest.mark.parametrize("newest_first", [False, True])
def test_removing_letters_one_by_one_costs_about_a_request_each(newest_first: bool) -> None:
    """They are looked at twice, in whichever order they go; ten come with a request."""
    many = [letter(str(n), "idle", after_ms=n) for n in range(400)]
    full = Full.of(many)

    for each in reversed(many) if newest_first else many:
        full.letters.remove([each])

    assert full.sqs.requests <= 400 + 3 * 40 + 1
    assert ({}, []) == (full.sqs.leased, full.sqs.messages)


def test_removing_one_letter_hides_no_other() -> None:
    """Who looks next sees all others at once."""
    full = Full.of(MANY)

    full.letters.remove(MANY[-1:])

    assert (29, {}) == (len(full.sqs.messages), full.sqs.leased)


def test_reading_sees_what_is_held() -> None:
    """Behind a series of removals too."""
    full = Full.of(MANY)
    for each in MANY[-3:]:
        full.letters.remove([each])

    assert tuple(MANY[:-3]) == full.letters.read()
    assert {} == full.sqs.leased


@pytest.mark.parametrize("is_noticed", [True, False])
def test_a_letter_whose_lease_is_over_is_looked_for_again(is_noticed: bool) -> None:
    """Whether the clock tells, or the service."""
    full = Full.of(MANY)
    for each in MANY[-2:]:
        full.letters.remove([each])
    full.sqs.expire()
    full.time.now_s = HELD_S if is_noticed else 0.0

    full.letters.remove(MANY[:1])

    assert tuple(MANY[1:-2]) == full.letters.read()


def test_a_letter_that_is_held_for_long_is_removed() -> None:
    """Nobody who looks for it would see it before its lease is over."""
    full = Full.of(MANY)
    for each in MANY[-2:]:
        full.letters.remove([each])
    full.time.now_s = HELD_S

    full.letters.remove(MANY[:1])
    full.sqs.expire()

    assert tuple(MANY[1:-2]) == full.letters.read()


# --- all at once -------------------------------------------------------------------------------


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
