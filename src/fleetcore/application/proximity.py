"""Views of where vehicles are: the geo index, and the graph of who is near whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from attrs import frozen

from fleetcore.domain.facts import Fact
from fleetcore.domain.geodesy import is_on_earth
from fleetcore.domain.places import City, Rider, Zone
from fleetcore.domain.proximity import (
    GraphChange,
    Located,
    Near,
    NearDriver,
    Neighbourhoods,
    Standing,
)
from fleetcore.errors import InvalidInput
from fleetcore.ports.geo_index import GeoIndex
from fleetcore.ports.places import Places
from fleetcore.ports.proximity_graph import ProximityGraph

NEAR_RADIUS_M: Final = 5_000.0
NEAREST: Final = 10


@frozen(kw_only=True, slots=True)
class NearSettings:
    """Which drivers are near a rider: the `nearest` of those at most `radius_m` away.

    Who keeps the graph up retires those that were seen last more than `max_age_s` ago.
    """

    radius_m: float = NEAR_RADIUS_M
    nearest: int = NEAREST
    max_age_s: float = 600.0


@frozen(kw_only=True, slots=True)
class GeoView:
    """The geo index, following the log: a fact without a city gets the one it lies in."""

    geo: GeoIndex
    places: Places

    def cursor(self) -> int:
        """How far the index has followed the log."""
        return self.geo.cursor()

    def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> None:
        """Take facts in; see `GeoIndex.put`."""
        atlas = self.places.atlas()
        self.geo.put(
            [
                fact
                if fact.city is not None
                else fact._replace(city=atlas.city_at(fact.latitude, fact.longitude))
                for fact in facts
                if is_on_earth(fact.latitude, fact.longitude)
            ],
            cursor,
            since,
        )

    def remove(self, vehicle_ids: Collection[str]) -> None:
        """Forget vehicles."""
        self.geo.remove(vehicle_ids)

    def clear(self) -> None:
        """Forget everything, to follow the log from its beginning."""
        self.geo.clear()


@frozen(kw_only=True, slots=True)
class GraphView:
    """The proximity graph, following the log and the places.

    Near a rider are the nearest drivers by the geo index, so the edges are a function of where
    drivers and riders are now: how facts were cut into calls, or ordered, changes nothing.
    """

    graph: ProximityGraph
    index: GeoView
    places: Places
    settings: NearSettings = NearSettings()

    def cursor(self) -> int:
        """How far the graph has followed the log."""
        return self.graph.standing().cursor

    def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> None:
        """Take facts in: the edges of their drivers, and of the riders they left or came to.

        The cursor is saved with them, unless the one held is before `since`, which the facts came
        behind.
        """
        if cursor is None or self.index.cursor() < cursor:
            self.index.merge(facts)
        somewhere = [fact for fact in facts if is_on_earth(fact.latitude, fact.longitude)]
        self._bring_up(facts=somewhere, cursor=cursor, since=since)

    def follow_places(self) -> None:
        """Take in what became known of places, as every other change does too."""
        self._bring_up()

    def retire(self, oldest_ms: int) -> None:
        """From now on no driver is near anybody who was seen last before an instant (epoch ms)."""
        self._bring_up(horizon_ms=oldest_ms)

    def remove(self, vehicle_ids: Collection[str]) -> None:
        """Forget drivers; those that were behind them come near in their place."""
        riders = self.graph.riders_near(vehicle_ids)
        self.index.remove(vehicle_ids)
        self.graph.remove(vehicle_ids)
        self._bring_up(riders=riders)

    def clear(self) -> None:
        """Forget everything, to follow log and places from their beginning."""
        self.graph.clear()

    def drivers_near(
        self, rider_id: str, radius_m: float, limit: int, oldest_ms: int | None = None
    ) -> tuple[NearDriver, ...]:
        """Drivers within a radius of a rider, nearest first, at most `limit`.

        Raises `InvalidInput` for more than the graph keeps, or a rider nobody told of.
        """
        if radius_m > self.settings.radius_m or limit > self.settings.nearest:
            raise InvalidInput(
                f"the graph keeps the {self.settings.nearest} nearest drivers within "
                f"{self.settings.radius_m / 1000:g} km of a rider; ask for no more, or ask by "
                "position: fleetcore near LAT LON"
            )
        found = self.graph.near(rider_id, radius_m, limit, oldest_ms)
        if not found and all(rider.rider_id != rider_id for rider in self._riders().values()):
            raise InvalidInput(f"no rider {rider_id!r} is known; fleetcore places riders FILE")
        return found

    def _riders(self) -> Mapping[str, Rider]:
        nodes = self.graph.nodes("rider")
        return {node.rider_id: node for node in nodes if isinstance(node, Rider)}

    def _bring_up(
        self,
        *,
        facts: Sequence[Fact] = (),
        riders: Iterable[str] = (),
        cursor: int | None = None,
        since: int = 0,
        horizon_ms: int | None = None,
    ) -> None:
        """Change the graph; again, if somebody else changed it meanwhile."""
        while not self._brought_up(facts, riders, cursor, since, horizon_ms):
            pass

    def _brought_up(
        self,
        facts: Sequence[Fact],
        touched: Iterable[str],
        cursor: int | None,
        since: int,
        horizon_ms: int | None,
    ) -> bool:
        standing = self.graph.standing()
        news = self.places.changes_since(standing.places_cursor)
        horizon_ms = _later(standing.horizon_ms, horizon_ms)
        moved = {fact.vehicle_id for fact in facts}
        told = {place.rider_id: place for place in news.places if isinstance(place, Rider)}
        riders = {**self._riders(), **told}
        affected = {
            *told,
            *touched,
            *(self.graph.riders_near(moved) if riders else ()),
            *self._neighbourhoods(riders.values()).entered(facts),
        }
        if horizon_ms is not None and horizon_ms != standing.horizon_ms:
            affected |= self.graph.stale_riders(horizon_ms)
        remapped = any(isinstance(place, City | Zone) for place in news.places)
        change = GraphChange(
            places=news.places,
            near={
                rider_id: self._nearest(riders[rider_id], horizon_ms)
                for rider_id in affected & riders.keys()
            },
            located=self._located(None if remapped else moved),
            cursor=cursor if standing.cursor >= since else None,
            places_cursor=news.cursor,
            horizon_ms=horizon_ms,
        )
        return _says_nothing(change, standing) or self.graph.update(change, standing.revision)

    def _neighbourhoods(self, riders: Iterable[Rider]) -> Neighbourhoods:
        """Where a driver must come to be among the nearest: nobody behind the last of them is."""
        reaches = self.graph.reaches()
        full = {
            rider_id: reach.farthest_m
            for rider_id, reach in reaches.items()
            if reach.drivers >= self.settings.nearest
        }
        return Neighbourhoods(
            (rider, full.get(rider.rider_id, self.settings.radius_m)) for rider in riders
        )

    def _nearest(self, rider: Rider, horizon_ms: int | None) -> tuple[Near, ...]:
        found = self.index.geo.within(
            rider.latitude,
            rider.longitude,
            self.settings.radius_m,
            limit=self.settings.nearest,
            oldest_ms=horizon_ms,
        )
        return tuple(Near(each.vehicle_id, each.distance_m, each.observed_at) for each in found)

    def _located(self, vehicle_ids: Collection[str] | None) -> Mapping[str, Located]:
        atlas = self.places.atlas()
        return {
            at.vehicle_id: Located(
                at.city if at.city is not None else atlas.city_at(at.latitude, at.longitude),
                atlas.zones_at(at.latitude, at.longitude),
            )
            for at in self.index.geo.read(vehicle_ids)
        }


def _later(one: int | None, other: int | None) -> int | None:
    return max((each for each in (one, other) if each is not None), default=None)


def _says_nothing(change: GraphChange, standing: Standing) -> bool:
    return (
        not (change.places or change.near or change.located)
        and (change.cursor or 0) <= standing.cursor
        and change.places_cursor == standing.places_cursor
        and change.horizon_ms == standing.horizon_ms
    )
