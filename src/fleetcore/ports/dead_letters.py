"""Messages that were given up."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from fleetcore.domain.parts import DeadLetter


class DeadLetters(Protocol):
    """Keeps messages that could not be stored, with what was wrong, for a person to look at.

    The ledger says how many rows are dead; a letter may be kept twice, or be lost after the
    service's retention, and the ledger still knows the part.
    """

    @abstractmethod
    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Keep letters; one of the same part and attempt is kept once where the store can tell.

        Durable when it returns; after a failure, burying all of them again is safe. Raises
        `StorageUnavailable`.
        """
        raise NotImplementedError

    @abstractmethod
    def read(self) -> tuple[DeadLetter, ...]:
        """Every letter, oldest first. Raises `StorageUnavailable`."""
        raise NotImplementedError

    @abstractmethod
    def remove(self, letters: Sequence[DeadLetter]) -> None:
        """Let go of the letters of these parts and attempts; what is not there is nothing.

        Raises `StorageUnavailable`.
        """
        raise NotImplementedError
