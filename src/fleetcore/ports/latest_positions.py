"""The view of where each vehicle is now."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from fleetcore.domain.parts import StoredEvent


class LatestPositions(Protocol):
    """A view of the log: the winner of each vehicle, and the cursor up to which it followed."""

    @abstractmethod
    def cursor(self) -> int:
        """How far the view has followed the log; 0 if it never did."""
        raise NotImplementedError

    @abstractmethod
    def apply(self, events: Iterable[StoredEvent], cursor: int) -> None:
        """Keep, a vehicle, the winner of what is held and `events`, and save the cursor.

        The cursor is saved with the winners or behind them, never before, so after a failure the
        same events are applied again; the order of events does not matter, and a smaller cursor
        than the one held changes no cursor. Raises `StorageUnavailable`.
        """
        raise NotImplementedError

    @abstractmethod
    def read(self, vehicle_ids: Sequence[str] | None = None) -> tuple[StoredEvent, ...]:
        """The winners of the vehicles asked for that are known (None: all), by vehicle id."""
        raise NotImplementedError


class ErasablePositions(LatestPositions, Protocol):
    """A view that can let go of vehicles; not every adapter can."""

    @abstractmethod
    def remove(self, vehicle_ids: Collection[str]) -> int:
        """Forget where these vehicles are; how many were known. The cursor stays.

        Raises `StorageUnavailable`.
        """
        raise NotImplementedError
