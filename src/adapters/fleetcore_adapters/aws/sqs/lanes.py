"""Priority queues on SQS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from fleetcore.domain.lanes import LANES, Lane
from fleetcore.domain.parts import LaneMessage
from fleetcore.errors import StorageUnavailable, UndecodableEvent
from fleetcore.ports.lanes import Delivery, Lanes, idle_places
from fleetcore_adapters.aws.sqs.messages import (
    deduplication_id,
    delivery_of,
    group_id,
    message_body,
)
from fleetcore_adapters.aws.sqs.queue import Outgoing, Queue

LEASE_S: Final = 300
WAIT_S: Final = 1


class SqsLanes(Lanes):
    """A FIFO queue for the moving lane, in which each part is a group, and a standard one for idle.

    The moving queue takes one attempt of a part once in five minutes, even where it was settled
    meanwhile; the idle one takes it as often as it is sent. What is handed out stays hidden for
    `lease_s`; settling or hiding it later may be nothing.
    """

    def __init__(
        self, queues: Mapping[Lane, Queue], *, lease_s: int = LEASE_S, wait_s: int = WAIT_S
    ) -> None:
        """Where nothing is found at once `receive` waits up to `wait_s` a lane.

        Only a wait, of 1 s or more, asks all of the service's servers.
        """
        self._queues = queues
        self._lease_s = lease_s
        self._wait_s = wait_s

    def send(self, messages: Sequence[LaneMessage]) -> None:
        for lane in LANES:
            self._queues[lane].send(
                Outgoing(
                    body=message_body(each),
                    group_id=group_id(each),
                    deduplication_id=deduplication_id(each),
                )
                for each in messages
                if each.part.lane == lane
            )

    def receive(self, limit: int) -> tuple[Delivery, ...]:
        taken = self._taken(limit, wait_s=0)
        if not taken and limit > 0 and self._wait_s:
            taken = self._taken(limit, wait_s=self._wait_s)
        return tuple(taken)

    def _taken(self, limit: int, wait_s: int) -> list[Delivery]:
        taken: list[Delivery] = []
        places = limit - idle_places(limit)
        try:
            self._take("moving", places, wait_s, taken)
            moving = len(taken)
            self._take("idle", limit - moving, wait_s, taken)
            if moving == places:
                self._take("moving", limit - len(taken), 0, taken)
        except StorageUnavailable:
            # What was handed out already would be hidden in vain.
            if not taken:
                raise
        return sorted(taken, key=lambda each: LANES.index(each.message.part.lane))

    def _take(self, lane: Lane, places: int, wait_s: int, taken: list[Delivery]) -> None:
        """Add what a lane hands out; what cannot be read is left to its dead-letter queue."""
        for each in self._queues[lane].receive(places, lease_s=self._lease_s, wait_s=wait_s):
            try:
                taken.append(delivery_of(each.body, each.receipt, each.receive_count))
            except UndecodableEvent:
                continue

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        for lane in LANES:
            self._queues[lane].delete(_receipts(deliveries, lane))

    def hide(self, deliveries: Sequence[Delivery], seconds: int) -> None:
        for lane in LANES:
            self._queues[lane].hide(_receipts(deliveries, lane), seconds)


def _receipts(deliveries: Sequence[Delivery], lane: Lane) -> Iterable[str]:
    return (each.receipt for each in deliveries if each.message.part.lane == lane)
