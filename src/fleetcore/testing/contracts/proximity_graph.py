"""What every proximity graph does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest
from attrs import evolve

from fleetcore.domain.places import PLACE_KINDS, Rider
from fleetcore.domain.proximity import (
    Edge,
    GraphChange,
    Located,
    Near,
    NearDriver,
    Node,
    Reach,
    Standing,
)
from fleetcore.ports.proximity_graph import ProximityGraph
from fleetcore.testing.contracts.places import ALL, ANA, BO, TRIP
from fleetcore.testing.contracts.race import raced

R1: Final = Node("rider", "r1")
NEAR: Final = (Near("cab-1", 120.5, 7), Near("cab-2", 80.0, 9), Near("cab-0", 120.5, 8))


def edge(near: Near, rider: str = "r1") -> Edge:
    """The edge of a driver near a rider."""
    return Edge(
        "NEAR", Node("driver", near.driver), Node("rider", rider), near.distance_m, near.observed_at
    )


class ProximityGraphContract:
    """Needs the fixture `open_proximity_graph`."""

    @pytest.fixture
    def graph(self, open_proximity_graph: Callable[[], ProximityGraph]) -> ProximityGraph:
        """The graph under test."""
        return open_proximity_graph()

    def test_is_empty_at_first(self, graph: ProximityGraph) -> None:
        """No node, no edge, made of nothing."""
        assert Standing() == graph.standing()
        assert [()] * len(PLACE_KINDS) == [graph.nodes(kind) for kind in PLACE_KINDS]
        assert ((), ()) == (graph.near("r1", 1e9, 10), graph.neighbours(R1))

    def test_holds_what_it_was_told(self, graph: ProximityGraph) -> None:
        """Nodes of every kind come back whole, and so does the standing."""
        change = GraphChange(places=ALL, cursor=8, places_cursor=5, horizon_ms=-3, index_life=2)

        assert graph.update(change, 0)
        assert [(each,) for each in ALL] == [graph.nodes(kind) for kind in PLACE_KINDS]
        assert graph.standing() == Standing(
            revision=1, cursor=8, places_cursor=5, horizon_ms=-3, index_life=2
        )

    def test_finds_drivers_near_a_rider(self, graph: ProximityGraph) -> None:
        """Nearest first, then by id; with name and rating where they are known."""
        graph.update(GraphChange(places=(ANA, BO), near={"r1": NEAR}), 0)

        assert graph.near("r1", 120.5, 10) == (
            NearDriver("cab-2", None, None, 80.0, 9),
            NearDriver("cab-0", None, None, 120.5, 8),
            NearDriver("cab-1", "Bo O'Neil", 4.9, 120.5, 7),
        )
        assert ["cab-2", "cab-0"] == [each.driver for each in graph.near("r1", 1e4, 2)]
        assert ["cab-2"] == [each.driver for each in graph.near("r1", 120.4, 10)]
        assert ["cab-2"] == [each.driver for each in graph.near("r1", 1e4, 10, oldest_ms=9)]
        assert () == graph.near("r2", 1e4, 10)

    def test_edges_near_a_rider_are_replaced(self, graph: ProximityGraph) -> None:
        """All of that rider's, and nobody else's."""
        graph.update(GraphChange(near={"r1": NEAR, "r2": NEAR[:1]}), 0)
        graph.update(GraphChange(near={"r1": NEAR[1:2]}), 1)

        assert (edge(NEAR[1]),) == graph.neighbours(R1)
        assert (edge(NEAR[0], "r2"),) == graph.neighbours(Node("rider", "r2"))
        assert graph.update(GraphChange(near={"r1": ()}), 2)
        assert () == graph.neighbours(R1)

    def test_places_of_a_driver_are_replaced(self, graph: ProximityGraph) -> None:
        """City and zones, of that driver only; they are found from either end."""
        located = {"a": Located("Ulm", ("z1", "z2")), "b": Located("Ulm", ())}
        graph.update(GraphChange(located=located, near={"r1": (Near("a", 1.0, 1),)}), 0)
        graph.update(GraphChange(located={"a": Located(None, ("z2", "z3"))}), 1)

        a, b = Node("driver", "a"), Node("driver", "b")
        assert graph.neighbours(a) == (
            Edge("NEAR", a, R1, 1.0, 1),
            Edge("WITHIN", a, Node("zone", "z2")),
            Edge("WITHIN", a, Node("zone", "z3")),
        )
        ulm = Node("city", "Ulm")
        assert (Edge("LOCATED_IN", b, ulm),) == graph.neighbours(ulm)
        assert () == graph.neighbours(Node("zone", "z1"))

    def test_a_request_is_an_edge(self, graph: ProximityGraph) -> None:
        """To the rider who asked, at that instant; another one under its id replaces it."""
        graph.update(GraphChange(places=(TRIP,)), 0)
        trip = Node("trip", "t1")
        assert (Edge("REQUESTED_BY", trip, R1, None, 5),) == graph.neighbours(trip)
        assert graph.neighbours(trip) == graph.neighbours(R1)

        later = evolve(TRIP, rider_id="r2", requested_at=6)
        graph.update(GraphChange(places=(later,)), 1)

        assert ((later,), ()) == (graph.nodes("trip"), graph.neighbours(R1))

    def test_ids_of_other_kinds_are_others(self, graph: ProximityGraph) -> None:
        """A driver, a rider and a trip may have one id."""
        same = evolve(TRIP, trip_id="x", rider_id="x")
        graph.update(GraphChange(places=(same,), near={"x": (Near("x", 1.0, 1),)}), 0)

        assert ["NEAR"] == [each.kind for each in graph.neighbours(Node("driver", "x"))]
        assert ["NEAR", "REQUESTED_BY"] == [
            each.kind for each in graph.neighbours(Node("rider", "x"))
        ]
        assert ["REQUESTED_BY"] == [each.kind for each in graph.neighbours(Node("trip", "x"))]

    def test_a_change_of_an_older_graph_is_none(self, graph: ProximityGraph) -> None:
        """Nothing of it is done; at the right revision all of it is."""
        graph.update(GraphChange(cursor=1), 0)

        assert not graph.update(GraphChange(places=ALL, near={"r1": NEAR}, cursor=2), 0)
        assert not graph.update(GraphChange(places=ALL), 2)
        assert ((), (), 1) == (
            graph.nodes("rider"),
            graph.neighbours(R1),
            graph.standing().cursor,
        )

    def test_cursors_and_horizon_only_grow(self, graph: ProximityGraph) -> None:
        """What is smaller, or not said, leaves them."""
        graph.update(GraphChange(cursor=9, places_cursor=8, horizon_ms=-7, index_life=0), 0)
        graph.update(GraphChange(cursor=1, places_cursor=2, horizon_ms=-8), 1)
        graph.update(GraphChange(), 2)

        assert graph.standing() == Standing(
            revision=3, cursor=9, places_cursor=8, horizon_ms=-7, index_life=0
        )

    def test_tells_whom_a_driver_is_near_to(self, graph: ProximityGraph) -> None:
        """How far those near reach, and who has one near that was seen before an instant."""
        graph.update(GraphChange(near={"r1": NEAR, "r2": NEAR[1:2], "r3": ()}), 0)

        assert {"r1", "r2"} == graph.riders_near(["cab-2", "nobody"])
        assert {"r1"} == graph.riders_near(["cab-0", "cab-1"])
        assert set() == graph.riders_near([])
        asked = ["r1", "r2", "r3", "nobody"]
        assert {"r1": Reach(3, 120.5), "r2": Reach(1, 80.0)} == graph.reaches(asked)
        assert {"r2": Reach(1, 80.0)} == graph.reaches(["r2"])
        assert {"r1"} == graph.stale_riders(8)
        assert set() == graph.stale_riders(7)

    def test_forgets_drivers(self, graph: ProximityGraph) -> None:
        """Name, rating and edges are gone; a change decided before that is none."""
        graph.update(
            GraphChange(
                places=(BO, evolve(TRIP, trip_id="cab-1")),
                near={"r1": NEAR},
                located={"cab-1": Located("Ulm", ("z1",))},
                cursor=4,
            ),
            0,
        )

        graph.remove([Node("driver", "cab-1"), Node("driver", "nobody")])

        assert ((), ()) == (graph.nodes("driver"), graph.neighbours(Node("driver", "cab-1")))
        assert ["cab-0", "cab-2"] == [
            each.source.id for each in graph.neighbours(R1) if each.kind == "NEAR"
        ]
        assert 1 == len(graph.neighbours(Node("trip", "cab-1")))
        assert 4 == graph.standing().cursor
        assert not graph.update(GraphChange(near={"r1": NEAR}), 1)

    def test_forgets_riders_and_requests(self, graph: ProximityGraph) -> None:
        """With the edges of both; a driver of the same id stays."""
        graph.update(
            GraphChange(
                places=(ANA, evolve(ANA, rider_id="r2"), TRIP),
                near={"r1": NEAR, "r2": (Near("r1", 3.0, 9),)},
            ),
            0,
        )

        graph.remove([R1])

        assert ["r2"] == [each.rider_id for each in graph.nodes("rider") if isinstance(each, Rider)]
        assert ((), (TRIP,)) == (graph.neighbours(R1), graph.nodes("trip"))
        assert 1 == len(graph.neighbours(Node("driver", "r1")))
        assert not graph.update(GraphChange(near={"r1": NEAR}), 1)

        graph.remove([Node("trip", "t1")])

        assert () == graph.nodes("trip")

    def test_is_cleared(self, graph: ProximityGraph) -> None:
        """As if nothing had been told, but that what was decided before is none."""
        graph.update(GraphChange(places=ALL, near={"r1": NEAR}, cursor=4, horizon_ms=3), 0)
        graph.update(GraphChange(index_life=7), 1)

        graph.clear()

        assert Standing(revision=3) == graph.standing()
        assert ((), ()) == (graph.nodes("rider"), graph.neighbours(R1))
        assert not graph.update(GraphChange(cursor=9), 2)

    def test_keeps_the_graph(self, open_proximity_graph: Callable[[], ProximityGraph]) -> None:
        """Another handle sees what was told."""
        open_proximity_graph().update(GraphChange(places=(ANA,), near={"r1": NEAR}, cursor=3), 0)

        other = open_proximity_graph()

        assert (3, 3) == (other.standing().cursor, len(other.near("r1", 1e4, 10)))

    def test_of_racing_changes_one_is_done(
        self, open_proximity_graph: Callable[[], ProximityGraph]
    ) -> None:
        """All were decided on the same graph; the others are to be decided again."""
        handles = [open_proximity_graph() for _ in range(4)]
        riders = [evolve(ANA, rider_id=str(number)) for number in range(4)]
        done = raced(
            [
                partial(each.update, GraphChange(places=(rider,)), 0)
                for each, rider in zip(handles, riders, strict=True)
            ]
        )

        (winner,) = [rider for rider, was in zip(riders, done, strict=True) if was is True]
        assert (winner,) == handles[0].nodes("rider")
