"""Priority queues of parts to store."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final, Protocol

from attrs import frozen

from fleetcore.domain.parts import LaneMessage

IDLE_SHARE: Final = 8
"""Of so many places in one `receive` one is kept for the idle lane."""


def idle_places(limit: int) -> int:
    """How many of the places in one `receive` are kept for idle messages, where any wait."""
    return max(limit // IDLE_SHARE, 1) if limit > 1 else 0


@frozen(kw_only=True, slots=True)
class Delivery:
    """A message as it was handed out.

    `tries` counts how often it was, this time included; `receipt` is the queue's own word for
    this delivery.
    """

    message: LaneMessage
    receipt: str
    tries: int


class Lanes(Protocol):
    """Hands out claim-check messages, at least once, the moving lane before the idle one.

    A message is handed out again until it is settled, and may be handed out twice at once;
    consumers are idempotent, and nothing rests on the order.
    """

    @abstractmethod
    def send(self, messages: Sequence[LaneMessage]) -> None:
        """Queue messages. One that waits already (part key and attempt) may be queued once.

        Durable when it returns. After a failure some may be queued; sending all of them again
        is safe. What was settled minutes ago may be dropped, and so may an older attempt of a
        part that waits: another try needs another attempt. Raises `StorageUnavailable`.
        """
        raise NotImplementedError

    @abstractmethod
    def receive(self, limit: int) -> tuple[Delivery, ...]:
        """At most `limit` waiting messages, moving before idle.

        Of every `IDLE_SHARE` places one is kept for idle messages, and at least one where
        `limit` is above 1, so a stream of moving messages starves no idle one. Empty only if
        none waits that may be handed out now. Raises `StorageUnavailable`.
        """
        raise NotImplementedError

    @abstractmethod
    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """Take messages off their lanes for good; settling twice is nothing.

        Raises `StorageUnavailable`; settling all of them again is safe.
        """
        raise NotImplementedError

    @abstractmethod
    def hide(self, deliveries: Sequence[Delivery], seconds: int) -> None:
        """Hand these out again no earlier than `seconds` from now; 0: at once.

        It extends the time a worker has, or puts a message that failed off. Of what is settled
        already, or was handed out again, it may be nothing. Raises `StorageUnavailable`.
        """
        raise NotImplementedError
