"""Views of where vehicles are: the geo index, and the graph of who is near whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from attrs import field, frozen

from fleetcore.domain.facts import Fact
from fleetcore.domain.geodesy import is_on_earth
from fleetcore.domain.places import City, Rider, TripRequest, Zone, id_of
from fleetcore.domain.proximity import (
    GraphChange,
    Located,
    Near,
    NearDriver,
    Node,
    Riders,
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

    Who keeps the graph up retires drivers and riders seen last more than `max_age_s` ago.
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
    drivers and riders are now: how facts were cut into calls, or ordered, changes nothing. The
    index holds all that the graph has taken in. If it was cleared, the graph begins anew too, and
    what somebody still decides by the index of before is void.
    """

    graph: ProximityGraph
    index: GeoView
    places: Places
    settings: NearSettings = NearSettings()
    _riders: list[tuple[int, Riders]] = field(factory=list, init=False, eq=False, repr=False)
    """Those of the graph at a revision, if known: kept from one change to the next."""

    def cursor(self) -> int:
        """How far the graph has followed the log."""
        return self.graph.standing().cursor

    def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> None:
        """Take facts in: the edges of their drivers, and of the riders they left or came to.

        The cursor is saved with them, unless the one held is before `since`, which the facts came
        behind.
        """
        somewhere = [fact for fact in facts if is_on_earth(fact.latitude, fact.longitude)]
        self._bring_up(facts=somewhere, cursor=cursor, since=since)

    def follow_places(self) -> None:
        """Take in what became known of places, as every other change does too."""
        self._bring_up()

    def retire(self, oldest_ms: int) -> None:
        """From now on nobody is near anybody who was seen last before an instant (epoch ms)."""
        self._bring_up(horizon_ms=oldest_ms)

    def remove(self, vehicle_ids: Collection[str]) -> None:
        """Forget drivers; those that were behind them come near in their place."""
        riders = self.graph.riders_near(vehicle_ids)
        self.index.remove(vehicle_ids)
        self.graph.remove([Node("driver", each) for each in vehicle_ids])
        self._bring_up(riders=riders)

    def remove_riders(self, rider_ids: Collection[str]) -> int:
        """Forget riders and what they asked for, among the places too; how many were known."""
        trips = [
            place.trip_id
            for place in self.places.read("trip")
            if isinstance(place, TripRequest) and place.rider_id in rider_ids
        ]
        known = self.places.remove("rider", rider_ids)
        self.places.remove("trip", trips)
        # Behind the places: who read them before decides on a graph that is another one now.
        self.graph.remove(
            [*(Node("rider", each) for each in rider_ids), *(Node("trip", each) for each in trips)]
        )
        return known

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
        if not found and all(id_of(each) != rider_id for each in self.graph.nodes("rider")):
            raise InvalidInput(f"no rider {rider_id!r} is known; fleetcore places riders FILE")
        return found

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
        standing, life = self.graph.standing(), self.index.geo.life()
        if standing.index_life not in {None, life}:
            self.graph.clear()
            return False
        if facts and (cursor is None or self.index.cursor() < cursor):
            self.index.merge(facts)
        news = self.places.changes_since(standing.places_cursor)
        horizon_ms = _later(standing.horizon_ms, horizon_ms)
        riders = self._riders_of(standing)
        told = [place for place in news.places if isinstance(place, Rider)]
        for rider in told:
            riders.put(rider)
        moved = {fact.vehicle_id for fact in facts}
        affected = {
            *touched,
            *(rider.rider_id for rider in told),
            *self.graph.riders_near(moved),
            *self._entered(facts, riders),
        }
        if horizon_ms is not None:
            affected |= riders.retire(horizon_ms)
            if horizon_ms != standing.horizon_ms:
                affected |= self.graph.stale_riders(horizon_ms)
        remapped = any(isinstance(place, City | Zone) for place in news.places)
        change = GraphChange(
            places=news.places,
            near={each: self._nearest(riders.get(each), horizon_ms) for each in affected},
            located=self._located(None if remapped else moved),
            cursor=cursor if standing.cursor >= since else None,
            places_cursor=news.cursor,
            horizon_ms=horizon_ms,
            index_life=life,
        )
        if life != self.index.geo.life():
            return False
        revision = standing.revision
        if not _says_nothing(change, standing):
            if not self.graph.update(change, revision):
                return False
            revision += 1
        self._riders[:] = [(revision, riders)]
        return True

    def _riders_of(self, standing: Standing) -> Riders:
        """The riders of a graph, to change as it is changed: nobody else is given them."""
        with suppress(IndexError):
            revision, held = self._riders.pop()
            if revision == standing.revision:
                return held
        riders = (node for node in self.graph.nodes("rider") if isinstance(node, Rider))
        oldest_ms = standing.horizon_ms
        return Riders(
            self.settings.radius_m,
            (each for each in riders if oldest_ms is None or each.observed_at >= oldest_ms),
        )

    def _entered(self, facts: Sequence[Fact], riders: Riders) -> set[str]:
        """To whom a driver came who may be among the nearest: not from behind the last of them."""
        reaches = self.graph.reaches(riders.around(facts))
        full = {
            rider_id: reach.farthest_m
            for rider_id, reach in reaches.items()
            if reach.drivers >= self.settings.nearest
        }
        return riders.entered(facts, full)

    def _nearest(self, rider: Rider | None, horizon_ms: int | None) -> tuple[Near, ...]:
        if rider is None:
            return ()
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
        and change.index_life == standing.index_life
    )
