"""What a region remembers of its links to other regions."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol


class Links(Protocol):
    """Whether the region is cut off, and how far it has copied each peer's log.

    What is set is durable when the call returns, and other processes of the region see it. Of
    cursors the last ones may be lost with the power: what is behind them is copied again.
    Every method raises `StorageUnavailable`.
    """

    @abstractmethod
    def are_cut(self) -> bool:
        """Whether the region neither answers nor copies; False where nobody ever said."""
        raise NotImplementedError

    @abstractmethod
    def cut(self, cut: bool) -> None:
        """Cut the region off, or heal it."""
        raise NotImplementedError

    @abstractmethod
    def cursor(self, peer: str) -> int:
        """How far a peer's log is copied; 0 where it never was."""
        raise NotImplementedError

    @abstractmethod
    def save(self, peer: str, cursor: int) -> None:
        """Remember how far a peer's log is copied; what is behind it is in the own log."""
        raise NotImplementedError
