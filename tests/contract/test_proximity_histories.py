"""Random histories of facts and places: who is near whom is a function of where they are."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from attrs import evolve, frozen
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from fleetcore.application.proximity import GeoView, GraphView, NearSettings
from fleetcore.domain.facts import Fact, winners_of
from fleetcore.domain.geodesy import is_on_earth
from fleetcore.domain.places import PLACE_KINDS, Place, Rider
from fleetcore.domain.proximity import (
    Edge,
    GraphChange,
    Nearby,
    Node,
    Position,
    Reach,
    Riders,
)
from fleetcore.testing.place_strategies import facts, genuine, places
from fleetcore_adapters.local.database import Database, ViewsDatabase
from fleetcore_adapters.local.geo_index import LocalGeoIndex
from fleetcore_adapters.local.places import LocalPlaces
from fleetcore_adapters.local.proximity_graph import LocalProximityGraph
from fleetcore_adapters.memory.geo_index import MemoryGeoIndex
from fleetcore_adapters.memory.places import MemoryPlaces
from fleetcore_adapters.memory.proximity_graph import MemoryProximityGraph

SETTINGS: Final = NearSettings(radius_m=5_000, nearest=2)
VEHICLES: Final = ("a", "b", "c", "d", "e")
RIDERS: Final = ("r1", "r2", "r3")
HERE: Final = (48.137, 11.575)


@frozen(slots=True)
class Step:
    """Facts that come, places that are put, and an instant before which all is old."""

    facts: tuple[Fact, ...] = ()
    places: tuple[Place, ...] = ()
    oldest_ms: int | None = None


@frozen(slots=True)
class World:
    """The views of one region."""

    index: GeoView
    graph: GraphView
    places: MemoryPlaces | LocalPlaces

    def take(self, steps: Iterable[Step], cursor: int = 0) -> None:
        """Live through a history."""
        for number, step in enumerate(steps, cursor + 1):
            self.places.put(step.places)
            self.index.merge(step.facts, number)
            self.graph.merge(step.facts, number)
            if step.oldest_ms is not None:
                self.graph.retire(step.oldest_ms)
        self.graph.follow_places()

    @property
    def edges(self) -> set[Edge]:
        """All edges of the riders and vehicles there are."""
        nodes = [Node("rider", each) for each in RIDERS]
        nodes += [Node("driver", each) for each in VEHICLES]
        return {edge for node in nodes for edge in self.graph.graph.neighbours(node)}

    def seen(self) -> object:
        """Everything that the views answer."""
        return (
            self.edges,
            [self.graph.graph.nodes(kind) for kind in PLACE_KINDS],
            [self.places.read(kind) for kind in PLACE_KINDS],
            self.index.geo.read(),
            self.index.geo.within(*HERE, with_offline=True),
            [self.graph.graph.near(rider, 4_000, 1, 1) for rider in RIDERS],
            evolve(self.graph.graph.standing(), revision=0),
        )


def world(
    geo: MemoryGeoIndex | LocalGeoIndex | None = None,
    graph: MemoryProximityGraph | LocalProximityGraph | None = None,
    held: MemoryPlaces | LocalPlaces | None = None,
) -> World:
    """Views in memory, but for those that are given."""
    kept = MemoryPlaces() if held is None else held
    index = GeoView(geo=geo or MemoryGeoIndex(), places=kept)
    view = GraphView(
        graph=graph or MemoryProximityGraph(), index=index, places=kept, settings=SETTINGS
    )
    return World(index, view, kept)


def near_facts() -> st.SearchStrategy[Fact]:
    """Of few vehicles, most of them within a few kilometres of one another."""
    here = st.builds(
        lambda fact, north, east: genuine(
            fact._replace(latitude=HERE[0] + north / 50, longitude=HERE[1] + east / 50)
        ),
        facts(st.sampled_from(VEHICLES)),
        st.integers(-3, 3),
        st.integers(-3, 3),
    )
    return here | facts(st.sampled_from(VEHICLES))


STEPS: Final = st.builds(
    Step,
    st.lists(near_facts(), max_size=4).map(tuple),
    st.lists(places(), max_size=2).map(tuple),
    st.none() | st.integers(0, 3),
)
HISTORIES: Final = st.lists(STEPS, max_size=6)


def crowded_facts() -> st.SearchStrategy[Fact]:
    """Of vehicles that are near the rider or just not, later and later."""
    return st.builds(
        lambda vehicle, at, north, status: genuine(
            Fact(
                *(vehicle, at, HERE[0] + north / 50, HERE[1], None, None, None),
                *(None, None, status, None, 0),
            )
        ),
        st.sampled_from(("a", "b", "c")),
        st.integers(0, 9),
        st.integers(0, 3),
        st.sampled_from((None, "moving", "offline")),
    )


def crowded_riders() -> st.SearchStrategy[Rider]:
    """One rider, who moves a little."""
    return st.builds(
        Rider,
        rider_id=st.just("r1"),
        latitude=st.sampled_from((HERE[0], HERE[0] + 0.05)),
        longitude=st.just(HERE[1]),
        observed_at=st.integers(0, 9),
    )


CROWDED: Final = st.lists(
    st.builds(
        Step,
        st.lists(crowded_facts(), max_size=2).map(tuple),
        st.lists(crowded_riders(), max_size=1).map(tuple),
        st.sampled_from((None, None, None, 2, 5)),
    ),
    min_size=3,
    max_size=6,
)
"""Histories in which something is near somebody most of the time."""


@settings(max_examples=30, deadline=None)
@given(history=HISTORIES | CROWDED, reopened_after=st.integers(0, 6))
def test_sqlite_does_what_memory_does(history: list[Step], reopened_after: int) -> None:
    """Every answer agrees, though the data folder is opened again midway."""
    memory = world()
    memory.take(history)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def local(steps: Sequence[Step], cursor: int = 0) -> object:
            with closing(Database(folder)) as database, closing(ViewsDatabase(folder)) as views:
                there = world(
                    LocalGeoIndex(views), LocalProximityGraph(views), LocalPlaces(database)
                )
                there.take(steps, cursor)
                return there.seen()

        local(history[:reopened_after])
        assert memory.seen() == local(history[reopened_after:], min(reopened_after, len(history)))


def on_map(fact: Fact) -> bool:
    """Whether a fact lies somewhere."""
    return is_on_earth(fact.latitude, fact.longitude)


def fixed_map(history: Iterable[Step]) -> list[Step]:
    """The history with its cities, zones and people known before, and its horizon at the end.

    Positions that were known when a city was drawn get it with the vehicle's next report.
    """
    steps = list(history)
    known = tuple(place for step in steps for place in step.places)
    horizons = [step.oldest_ms for step in steps if step.oldest_ms is not None]
    return [
        Step(places=known),
        *(Step(facts=step.facts) for step in steps),
        *(Step(oldest_ms=each) for each in horizons),
    ]


@settings(max_examples=80, deadline=None)
@given(
    history=(HISTORIES | CROWDED).map(fixed_map),
    order=st.randoms(use_true_random=False),
    size=st.integers(1, 5),
)
def test_order_and_batches_change_nothing(
    history: list[Step], order: random.Random, size: int
) -> None:
    """The same facts, shuffled and cut otherwise, make the same edges and positions."""
    there, other = world(), world()
    there.take(history)
    shuffled = [fact for step in history for fact in step.facts]
    order.shuffle(shuffled)
    horizons = [step for step in history if step.oldest_ms is not None]
    batches = [Step(tuple(shuffled[at : at + size])) for at in range(0, len(shuffled), size)]
    other.take([history[0], *horizons, *batches])

    assert (there.edges, there.index.geo.read()) == (other.edges, other.index.geo.read())


def expected_edges(there: World) -> set[Edge]:
    """The edges near riders, by looking at every vehicle."""
    horizon_ms = there.graph.graph.standing().horizon_ms
    return {
        Edge("NEAR", Node("driver", each.vehicle_id), rider, each.distance_m, each.observed_at)
        for place in there.places.read("rider")
        if isinstance(place, Rider) and (horizon_ms is None or place.observed_at >= horizon_ms)
        for rider in [Node("rider", place.rider_id)]
        for each in there.index.geo.within(
            place.latitude,
            place.longitude,
            SETTINGS.radius_m,
            limit=SETTINGS.nearest,
            oldest_ms=horizon_ms,
        )
    }


def near_edges(there: World) -> set[Edge]:
    """Those the graph holds."""
    return {edge for edge in there.edges if edge.kind == "NEAR"}


@settings(max_examples=80, deadline=None)
@given(history=HISTORIES | CROWDED, forgotten=st.sets(st.sampled_from(VEHICLES), max_size=2))
def test_the_nearest_are_near(history: list[Step], forgotten: Collection[str]) -> None:
    """At any time, whoever moved, came, went or was forgotten."""
    there = world()
    for number, step in enumerate(history):
        there.take([step], number)
        assert expected_edges(there) == near_edges(there)
    there.graph.remove(forgotten)

    assert expected_edges(there) == near_edges(there)
    assert not {edge.source.id for edge in there.edges if edge.source.kind == "driver"} & set(
        forgotten
    )


@settings(max_examples=60, deadline=None)
@given(history=(HISTORIES | CROWDED).map(fixed_map))
def test_a_rebuilt_graph_is_the_same(history: list[Step]) -> None:
    """From the winners alone, as the log gives them."""
    there = world()
    there.take(history)
    before = there.edges
    horizon_ms = there.graph.graph.standing().horizon_ms
    winners = tuple(
        winners_of(fact for step in history for fact in step.facts if on_map(fact)).values()
    )

    there.graph.clear()
    there.index.clear()
    there.index.merge(winners, 9)
    there.graph.merge(winners, 9)
    if horizon_ms is not None:
        there.graph.retire(horizon_ms)

    assert before == there.edges


class StaleWins(MemoryGeoIndex):
    """Keeps what came last."""

    def put(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> None:
        for fact in facts:
            self._winners.pop(fact.vehicle_id, None)
        super().put(facts, cursor, since)


class OfflineIsNear(MemoryGeoIndex):
    """Never leaves out who is offline."""

    def within(  # type: ignore[override]  # it takes what it is given
        self, *where: float, with_offline: bool = False, **asked: int | None
    ) -> tuple[Nearby, ...]:
        return super().within(*where, with_offline=True, **asked)  # type: ignore[arg-type]


class NobodyLeaves(MemoryProximityGraph):
    """Does not tell whom a driver was near to."""

    def riders_near(self, drivers: Collection[str]) -> set[str]:
        return set()


class NothingIsStale(MemoryProximityGraph):
    """Does not tell whose drivers were seen long ago."""

    def stale_riders(self, oldest_ms: int) -> set[str]:
        return set()


class NobodyIsFar(MemoryProximityGraph):
    """Takes the farthest of the nearest for nearer than it is."""

    def reaches(self, rider_ids: Collection[str]) -> Mapping[str, Reach]:
        return {
            rider: Reach(each.drivers, each.farthest_m / 10)
            for rider, each in super().reaches(rider_ids).items()
        }


class OldEdgesStay(MemoryProximityGraph):
    """Adds edges and takes none away."""

    def update(self, change: GraphChange, revision: int) -> bool:
        kept = self._edges
        done = super().update(change, revision)
        self._edges = self._edges | {edge for edge in kept if edge.kind == "NEAR"}
        return done


class FirstRiderStays(MemoryPlaces):
    """A rider stays where they were first."""

    def put(self, places: Sequence[Place]) -> int:
        known = {each.rider_id for each in self.read("rider") if isinstance(each, Rider)}
        return super().put(
            [each for each in places if not isinstance(each, Rider) or each.rider_id not in known]
        )


SEARCHING: Final = settings(
    max_examples=3000, database=None, derandomize=True, phases=[Phase.generate]
)


def differs(make: Callable[[], World], history: list[Step]) -> bool:
    """Whether a world is told from a right one, by its answers or its edges."""
    right, wrong = world(), make()
    right.take(history)
    wrong.take(history)
    return right.edges != wrong.edges or right.index.geo.read() != wrong.index.geo.read()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: world(geo=StaleWins()), id="stale-wins"),
        pytest.param(lambda: world(geo=OfflineIsNear()), id="offline-is-near"),
        pytest.param(lambda: world(graph=NobodyLeaves()), id="nobody-leaves"),
        pytest.param(lambda: world(graph=NothingIsStale()), id="nothing-is-stale"),
        pytest.param(lambda: world(graph=NobodyIsFar()), id="nobody-is-far"),
        pytest.param(lambda: world(graph=OldEdgesStay()), id="old-edges-stay"),
        pytest.param(lambda: world(held=FirstRiderStays()), id="first-rider-stays"),
    ],
)
def test_a_planted_bug_is_found(make: Callable[[], World]) -> None:
    """Random histories tell an adapter with a small fault from a right one."""
    assert find(CROWDED, lambda history: differs(make, history), settings=SEARCHING)


def nobody_enters(_: Riders, _facts: Iterable[Fact], _reach_m: Mapping[str, float]) -> set[str]:
    """No circle is ever entered."""
    return set()


def test_a_rider_that_nobody_comes_to_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random histories tell that drivers who come near are overlooked."""

    def is_wrong(history: list[Step]) -> bool:
        there = world()
        there.take(history)
        return expected_edges(there) != near_edges(there)

    monkeypatch.setattr(Riders, "entered", nobody_enters)

    assert find(CROWDED, is_wrong, settings=SEARCHING)


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        pytest.param("_PUT", ("WHERE (", "WHERE 1 OR ("), id="any-position-wins"),
        pytest.param("_PUT", ("9e999", "0"), id="missing-accuracy-wins"),
        pytest.param(
            "_WITHIN", ("longitude BETWEEN", "longitude > 0 AND longitude BETWEEN"), id="half-a-map"
        ),
    ],
)
def test_a_bug_planted_in_sql_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str, fault: tuple[str, str]
) -> None:
    """Random histories tell a geo index that lost a condition from a right one."""
    name = f"fleetcore_adapters.local.geo_index.{place}"
    right_sql: str = getattr(__import__(name.rpartition(".")[0], fromlist=[place]), place)
    assert fault[0] in right_sql
    monkeypatch.setattr(name, right_sql.replace(*fault))
    with closing(ViewsDatabase(tmp_path)) as views:
        wrong = LocalGeoIndex(views)

        def is_wrong(history: list[Step]) -> bool:
            right = MemoryGeoIndex()
            wrong.clear()
            for step in history:
                right.put(step.facts)
                wrong.put(step.facts)
            answers: list[tuple[tuple[Position, ...], tuple[Nearby, ...]]] = [
                (index.read(), index.within(*HERE, with_offline=True)) for index in (right, wrong)
            ]
            return answers[0] != answers[1]

        assert find(HISTORIES, is_wrong, settings=SEARCHING)
