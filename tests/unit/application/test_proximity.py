"""The graph over an index that is cleared, kept up by several at once, and what it retires."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import pytest
from attrs import define, evolve, field
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.application.follower import Follower

from fleetcore.application.following import follow, rebuild
from fleetcore.application.proximity import GeoView, GraphView, NearSettings
from fleetcore.domain.facts import Fact, fact_of
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.places import Place, PlaceKind, Rider, TripRequest
from fleetcore.domain.proximity import Nearby, Node
from fleetcore_adapters.memory.geo_index import MemoryGeoIndex
from fleetcore_adapters.memory.live_engine import MemoryLiveEngine
from fleetcore_adapters.memory.location_log import MemoryLog
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.places import MemoryPlaces
from fleetcore_adapters.memory.proximity_graph import MemoryProximityGraph

SETTINGS: Final = NearSettings(radius_m=5_000, nearest=2)
ANA: Final = Rider(rider_id="r1", latitude=48.1, longitude=11.5, observed_at=0)
TRIP: Final = TripRequest(trip_id="t1", rider_id="r1", requested_at=5)


def fact(vehicle_id: str, observed_at: int, away: int = 0) -> Fact:
    """What a vehicle reported some kilometres north of the rider."""
    return fact_of(
        LocationEvent(
            vehicle_id=vehicle_id,
            observed_at=observed_at,
            latitude=48.1 + away / 100,
            longitude=11.5,
        )
    )


@define
class World:
    """A log, and two processes that keep one index and one graph up with it."""

    geo: MemoryGeoIndex = field(factory=MemoryGeoIndex)
    graph: MemoryProximityGraph = field(factory=MemoryProximityGraph)
    places: MemoryPlaces = field(factory=MemoryPlaces)
    log: MemoryLog = field(factory=lambda: MemoryLog(MemoryObjectStore()))

    @property
    def index_view(self) -> GeoView:
        """The index, as each process sees it."""
        return GeoView(geo=self.geo, places=self.places)

    def graph_view(self) -> GraphView:
        """The graph of another process."""
        return GraphView(
            graph=self.graph, index=self.index_view, places=self.places, settings=SETTINGS
        )

    def append(self, *facts: Fact) -> None:
        """Let vehicles report."""
        self.log.append_batches(MemoryLiveEngine().encoded(facts, "live-1"))

    def caught_up(self) -> GraphView:
        """Follow all there is, as `fleetcore follow` does again and again."""
        view = self.graph_view()
        for _ in range(2):
            follow(self.log, self.index_view)
            follow(self.log, view)
            view.follow_places()
        return view

    def near(self) -> list[str]:
        """Who is near the rider, by the graph."""
        return [each.driver for each in self.graph.near("r1", 5_000, 9)]

    def expected(self) -> list[str]:
        """Who is near the rider, by an index made anew from the whole log, and by its settings."""
        index = GeoView(geo=MemoryGeoIndex(), places=self.places)
        follow(self.log, index)
        horizon_ms = self.graph.standing().horizon_ms
        return [
            each.vehicle_id
            for rider in self.places.read("rider")
            if isinstance(rider, Rider) and (horizon_ms is None or rider.observed_at >= horizon_ms)
            for each in index.geo.within(
                rider.latitude, rider.longitude, 5_000, limit=2, oldest_ms=horizon_ms
            )
        ]


class OneLife(MemoryGeoIndex):
    """Does not tell that it was cleared."""

    def life(self) -> int:
        return 0


def rebuilt_beside(world: World, rebuilt: str) -> None:
    """Rebuild a view; a step of the graph falls in where the index is empty."""
    world.places.put([ANA])
    world.append(*(fact(f"v{number}", 1, number) for number in range(4)))
    view = world.caught_up()
    assert ["v0", "v1"] == world.near()

    world.index_view.clear()
    world.append(fact("v0", 2, 1))
    follow(world.log, view)
    rebuild(world.log, world.index_view if rebuilt == "geo" else world.graph_view())
    for _ in range(2):
        follow(world.log, world.index_view)
        follow(world.log, view)
        view.follow_places()


@pytest.mark.parametrize("rebuilt", ["geo", "graph"])
def test_an_index_rebuilt_beside_who_follows(rebuilt: str) -> None:
    """Nothing is left out in the end."""
    world = World()

    rebuilt_beside(world, rebuilt)

    assert ["v0", "v1"] == world.near() == world.expected()


def test_an_index_that_does_not_tell_is_found() -> None:
    """A graph that was not told of a cleared index stays wrong."""
    world = World(geo=OneLife())

    rebuilt_beside(world, "geo")

    assert world.expected() != world.near()


Step: TypeAlias = str | int | Fact | Rider
STEPS: Final = st.lists(
    st.sampled_from(("clear index", "clear graph", "places 0", "places 1"))
    | st.integers(0, 3)
    | st.builds(fact, st.sampled_from("abc"), st.integers(0, 4), st.integers(0, 6))
    | st.builds(
        lambda at, north: evolve(ANA, observed_at=at, latitude=48.1 + north / 100),
        st.integers(0, 3),
        st.sampled_from((0, 3)),
    ),
    min_size=1,
    max_size=20,
)
"""A follower's number: it steps. A fact is appended, a rider put; or something happens."""


def lived(world: World, steps: Sequence[Step]) -> World:
    """The world when all steps are done, and it has caught up."""
    views = [world.graph_view(), world.graph_view()]
    followers = [
        *(Follower(world.log, world.index_view) for _ in range(2)),
        *(Follower(world.log, view) for view in views),
    ]
    for step in steps:
        if isinstance(step, int):
            followers[step].step()
        elif isinstance(step, Fact):
            world.append(step)
        elif isinstance(step, Rider):
            world.places.put([step])
        elif step == "clear index":
            world.index_view.clear()
        elif step == "clear graph":
            views[0].clear()
        else:
            views[int(step[-1])].follow_places()
    for each in followers:
        each.step()
    world.caught_up()
    return world


@settings(max_examples=100, deadline=None)
@given(steps=STEPS)
def test_whoever_clears_what_meanwhile(steps: Sequence[Step]) -> None:
    """In the end the nearest are near: two processes, slow ones, and an index made anew."""
    world = lived(World(), steps)

    assert world.expected() == world.near()


class ClearedMeanwhile(MemoryGeoIndex):
    """Is cleared just before somebody asks, and filled again before it is known."""

    held: tuple[Fact, ...] = ()

    def within(  # type: ignore[override]  # it takes what it is given
        self, *where: float, **asked: int | None
    ) -> tuple[Nearby, ...]:
        held, self.held = self.held, ()
        if held:
            cursor = self.cursor()
            self.clear()
            found = super().within(*where, **asked)  # type: ignore[arg-type]
            self.put(held, cursor)
            return found
        return super().within(*where, **asked)  # type: ignore[arg-type]


def test_what_an_index_said_in_between_is_void() -> None:
    """Also where it is whole before and behind, and the graph is at the end of the log."""
    index = ClearedMeanwhile()
    world = World(geo=index)
    world.append(fact("a", 1), fact("b", 1, 1))
    view = world.caught_up()
    index.held = (fact("a", 1), fact("b", 1, 1))
    world.places.put([ANA])

    view.follow_places()

    assert ["a", "b"] == world.near()


def test_riders_are_retired() -> None:
    """Nobody is near a rider who was seen last too long ago, until they are seen again."""
    world = World()
    world.places.put([ANA])
    world.append(fact("a", 9))
    view = world.caught_up()
    assert ["a"] == world.near()

    view.retire(5)
    world.append(fact("b", 9))
    follow(world.log, view)
    assert [] == world.near()
    world.places.put([evolve(ANA, observed_at=4)])
    view.follow_places()
    assert [] == world.near()

    world.places.put([evolve(ANA, observed_at=5)])
    view.follow_places()
    assert ["a", "b"] == world.near()


class Counting(MemoryProximityGraph):
    """Counts how often all of a kind are read."""

    read = 0

    def nodes(self, kind: PlaceKind) -> tuple[Place, ...]:
        self.read += 1
        return super().nodes(kind)


def test_riders_are_not_read_for_every_step() -> None:
    """But once, and again when somebody else has changed the graph."""
    graph = Counting()
    world = World(graph=graph)
    view = world.graph_view()
    world.places.put([ANA])
    for number in range(5):
        world.append(fact("a", number))
        follow(world.log, view)
    assert 1 == graph.read

    world.places.put([evolve(ANA, observed_at=1, latitude=48.2)])
    world.graph_view().follow_places()
    world.append(fact("b", 1, 10))
    follow(world.log, view)

    assert (3, ["b"]) == (graph.read, world.near())


def test_riders_are_forgotten() -> None:
    """With their requests and edges, by whoever follows too; others are not."""
    world = World()
    other = evolve(ANA, rider_id="r2")
    theirs = evolve(TRIP, trip_id="t2", rider_id="r2")
    world.places.put([ANA, other, TRIP, theirs])
    world.append(fact("a", 1))
    view = world.caught_up()
    view.follow_places()

    assert 1 == world.graph_view().remove_riders(["r1", "nobody"])
    world.append(fact("a", 2))
    follow(world.log, view)
    view.follow_places()

    assert ((other,), (theirs,)) == (world.places.read("rider"), world.places.read("trip"))
    assert ((other,), (theirs,)) == (world.graph.nodes("rider"), world.graph.nodes("trip"))
    assert () == world.graph.neighbours(Node("rider", "r1"))
    assert 2 == len(world.graph.neighbours(Node("rider", "r2")))
