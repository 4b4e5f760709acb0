"""Messages that could not be taken in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final, Protocol

from fleetcore.domain.messages import DeadMessage

MOST_MESSAGES: Final = 10_000
MOST_BYTES: Final = 64 << 20
"""How much a place for dead messages keeps, where nothing else is said."""


class DeadMessages(Protocol):
    """Keeps messages that are malformed or rejected, with their bytes, for a person to look at.

    A message that was delivered twice may be kept twice. Only so many, and so many bytes of
    payload, are kept: a sender that goes astray fills no disk. Every method raises
    `StorageUnavailable`.
    """

    @abstractmethod
    def bury(self, messages: Sequence[DeadMessage]) -> None:
        """Keep messages; durable when it returns. Where there are too many the oldest go."""
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
    def dropped(self) -> int:
        """How many went because there were too many, since the first or since `clear`."""
        raise NotImplementedError

    @abstractmethod
    def remove(self, holding: bytes) -> int:
        """Let go of those whose payload, or topic in UTF-8, holds these bytes; how many."""
        raise NotImplementedError

    @abstractmethod
    def clear(self) -> None:
        """Let go of all of them."""
        raise NotImplementedError
