"""Priority queues of parts to store."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from fleetcore.domain.parts import LaneMessage


class Lanes(Protocol):
    """Hands out claim-check messages, at least once, the moving lane before the idle one.

    A message is known by its part's key. It is delivered again until it is settled; consumers
    are idempotent.
    """

    @abstractmethod
    def send(self, messages: Sequence[LaneMessage]) -> None:
        """Queue messages; one that waits already (same part key) is queued once.

        All or none where the store allows it; sending again after a failure is safe. Durable
        when it returns. Raises `StorageUnavailable`.
        """
        raise NotImplementedError

    @abstractmethod
    def receive(self, limit: int) -> tuple[LaneMessage, ...]:
        """At most `limit` waiting messages; moving before idle, in a lane oldest first.

        Empty if none waits. A received message may be handed out again, to anyone, until it
        is settled. Raises `StorageUnavailable`.
        """
        raise NotImplementedError

    @abstractmethod
    def settle(self, messages: Sequence[LaneMessage]) -> None:
        """Take messages off their lanes for good; settling twice, or an unknown one, is nothing.

        Raises `StorageUnavailable`.
        """
        raise NotImplementedError
