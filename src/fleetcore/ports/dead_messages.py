"""Messages that could not be taken in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from fleetcore.domain.messages import DeadMessage


class DeadMessages(Protocol):
    """Keeps messages that are malformed or rejected, with their bytes, for a person to look at.

    A message that was delivered twice may be kept twice. Every method raises
    `StorageUnavailable`.
    """

    @abstractmethod
    def bury(self, messages: Sequence[DeadMessage]) -> None:
        """Keep messages; durable when it returns."""
        raise NotImplementedError

    @abstractmethod
    def read(self, limit: int = 1000) -> tuple[DeadMessage, ...]:
        """The last ones, at most `limit`, oldest first."""
        raise NotImplementedError

    @abstractmethod
    def count(self) -> int:
        """How many are kept."""
        raise NotImplementedError

    @abstractmethod
    def clear(self) -> None:
        """Let go of all of them."""
        raise NotImplementedError
