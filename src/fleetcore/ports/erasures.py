"""What is left of forgetting: which vehicles are gone from this region's data, for good."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection
from typing import Protocol


class Erasures(Protocol):
    """Remembers, by the key of its tombstone, of which vehicle nothing is left here.

    A tombstone without a mark is one that came from another region, or whose erasure was
    interrupted: it is to be erased. Every method raises `StorageUnavailable`.
    """

    @abstractmethod
    def marked(self) -> frozenset[str]:
        """The keys that are marked."""
        raise NotImplementedError

    @abstractmethod
    def mark(self, keys: Collection[str]) -> None:
        """Mark keys as erased; marking again is nothing. Durable when it returns."""
        raise NotImplementedError

    @abstractmethod
    def unmark(self, keys: Collection[str]) -> None:
        """Let go of marks: these are to be erased once more. Durable when it returns."""
        raise NotImplementedError
