"""What SQS lanes do beyond the contract."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.unit.adapters.aws.sqs.scripted_sqs import ScriptedSqs

from fleetcore.errors import StorageUnavailable
from fleetcore.testing.contracts.lanes import message
from fleetcore_adapters.aws.sqs.lanes import SqsLanes
from fleetcore_adapters.aws.sqs.messages import message_body
from fleetcore_adapters.aws.sqs.queue import Queue


@pytest.fixture
def lanes(queue_named: Callable[[str], Queue]) -> SqsLanes:
    """Both lanes on one service."""
    return SqsLanes({"moving": queue_named("q.fifo"), "idle": queue_named("q")}, wait_s=1)


def test_waits_only_where_nothing_is_found_at_once(sqs: ScriptedSqs, lanes: SqsLanes) -> None:
    """First each lane is asked in passing, then all servers of each."""
    assert () == lanes.receive(10)
    assert [0, 0, 1, 1] == sqs.waits_s


def test_does_not_wait_where_something_is_found(sqs: ScriptedSqs, lanes: SqsLanes) -> None:
    """A message is handed out without delay."""
    sqs.messages = [{"Body": message_body(message("1"))}]

    assert 1 == len(lanes.receive(10))
    assert {0} == set(sqs.waits_s)


def test_hands_out_what_it_got_before_an_outage(sqs: ScriptedSqs, lanes: SqsLanes) -> None:
    """It would be hidden in vain; the next call tells of the outage."""
    sqs.messages = [{"Body": message_body(message("1"))}]
    sqs.outage_after = 1

    assert (message("1"),) == tuple(each.message for each in lanes.receive(10))
    with pytest.raises(StorageUnavailable):
        lanes.receive(10)


def test_leaves_what_it_cannot_read(sqs: ScriptedSqs, lanes: SqsLanes) -> None:
    """It goes to the dead-letter queue in the end, or to a newer fleetcore."""
    sqs.messages = [{"Body": '{"v": 2}'}, {"Body": message_body(message("1"))}]

    (delivery,) = lanes.receive(10)

    assert (message("1"), 3) == (delivery.message, delivery.tries)
    assert [] == sqs.batches


def test_asks_for_nothing_where_no_place_is(sqs: ScriptedSqs, lanes: SqsLanes) -> None:
    """No request is made in vain."""
    assert () == lanes.receive(0)
    assert [] == sqs.waits_s
