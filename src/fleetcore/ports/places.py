"""What is known of cities, zones, riders, drivers and trip requests."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Protocol

from attrs import frozen

from fleetcore.domain.places import Atlas, Place, PlaceKind


@frozen(kw_only=True, slots=True)
class PlaceChanges:
    """Places that came or changed behind a cursor, in that order, and the cursor behind them."""

    places: tuple[Place, ...]
    cursor: int


class Places(Protocol):
    """Keeps places by kind and id, durably; who follows them is told what changed.

    Every method raises `StorageUnavailable`.
    """

    @abstractmethod
    def put(self, places: Sequence[Place]) -> int:
        """Keep each that `supersedes` what is held; how many did. All of them or none."""
        raise NotImplementedError

    @abstractmethod
    def changes_since(self, cursor: int) -> PlaceChanges:
        """What was put behind `cursor` (0: from the beginning), each place once, as it is now.

        None is left out. What was removed is not told.
        """
        raise NotImplementedError

    @abstractmethod
    def read(self, kind: PlaceKind) -> tuple[Place, ...]:
        """All of a kind, by id."""
        raise NotImplementedError

    @abstractmethod
    def atlas(self) -> Atlas:
        """The map of the cities and zones; the same object until one of them changes."""
        raise NotImplementedError

    @abstractmethod
    def remove(self, kind: PlaceKind, ids: Collection[str]) -> int:
        """Forget these; how many were known."""
        raise NotImplementedError
