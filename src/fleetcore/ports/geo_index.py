"""The view of who is where on the map."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Protocol

from fleetcore.domain.facts import Fact
from fleetcore.domain.proximity import Nearby, Position


class GeoIndex(Protocol):
    """The position of each vehicle, found by where it is, and the cursor it followed the log to.

    Of a vehicle's facts the winner counts, by the one order. A fact that lies nowhere on Earth
    (`fleetcore.domain.geodesy.is_on_earth`) is as if it were not there. Every method raises
    `StorageUnavailable`.
    """

    @abstractmethod
    def cursor(self) -> int:
        """How far the index has followed the log; 0 if it never did."""
        raise NotImplementedError

    @abstractmethod
    def life(self) -> int:
        """How often the index was cleared: what was made of an earlier life is to be made anew."""
        raise NotImplementedError

    @abstractmethod
    def put(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> None:
        """Keep, a vehicle, the winner of what is held and `facts`.

        Their order does not matter, and an equal fact is nothing. The cursor (None: as it is) is
        saved with the positions or behind them, never before; a smaller one changes no cursor.
        `since` is the cursor that the facts came behind: one held before it, because the index
        was cleared meanwhile, stays where it is.
        """
        raise NotImplementedError

    @abstractmethod
    def within(
        self,
        latitude: float,
        longitude: float,
        radius_m: float | None = None,
        *,
        limit: int | None = None,
        city: str | None = None,
        oldest_ms: int | None = None,
        with_offline: bool = False,
    ) -> tuple[Nearby, ...]:
        """Vehicles at most `radius_m` away (None: anywhere), nearest first, at most `limit`.

        Distances are exact (`haversine_m`); of equally near ones the smaller id comes first.
        Only those of `city`, spelt so, and of `oldest_ms` (epoch ms) or later, if given; offline
        ones are left out unless asked for. Right across the antimeridian and at the poles.
        """
        raise NotImplementedError

    @abstractmethod
    def read(self, vehicle_ids: Collection[str] | None = None) -> tuple[Position, ...]:
        """The positions of those vehicles that are known (None: of all), by vehicle id."""
        raise NotImplementedError

    @abstractmethod
    def distance(self, vehicle_id: str, other_id: str) -> float | None:
        """Metres between two vehicles; None where one of them is not known."""
        raise NotImplementedError

    @abstractmethod
    def remove(self, vehicle_ids: Collection[str]) -> int:
        """Forget where these vehicles are; how many were known. The cursor stays."""
        raise NotImplementedError

    @abstractmethod
    def clear(self) -> None:
        """Forget every position, and the cursor: to be built from the log, in another life."""
        raise NotImplementedError
