"""The graph of who is near whom, in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping

from attrs import evolve

from fleetcore.domain.places import Driver, Place, PlaceKind, TripRequest, id_of, kind_of
from fleetcore.domain.proximity import Edge, GraphChange, Located, NearDriver, Node, Reach, Standing
from fleetcore.ports.proximity_graph import ProximityGraph


class MemoryProximityGraph(ProximityGraph):
    """Keeps nodes and edges as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standing = Standing()
        self._nodes: dict[Node, Place] = {}
        self._edges: set[Edge] = set()

    def standing(self) -> Standing:
        with self._lock:
            return self._standing

    def update(self, change: GraphChange, revision: int) -> bool:
        with self._lock:
            held = self._standing
            if revision != held.revision:
                return False
            for place in change.places:
                self._upsert(place)
            for rider, drivers in change.near.items():
                target = Node("rider", rider)
                self._drop("NEAR", target)
                self._edges.update(
                    Edge("NEAR", Node("driver", driver), target, distance_m, observed_at)
                    for driver, distance_m, observed_at in drivers
                )
            for driver, located in change.located.items():
                self._locate(Node("driver", driver), located)
            self._standing = Standing(
                revision=held.revision + 1,
                cursor=max(held.cursor, change.cursor or 0),
                places_cursor=max(held.places_cursor, change.places_cursor or 0),
                horizon_ms=max(
                    (ms for ms in (held.horizon_ms, change.horizon_ms) if ms is not None),
                    default=None,
                ),
                index_life=held.index_life if change.index_life is None else change.index_life,
            )
            return True

    def nodes(self, kind: PlaceKind) -> tuple[Place, ...]:
        with self._lock:
            return tuple(self._nodes[node] for node in sorted(self._nodes) if node.kind == kind)

    def near(
        self, rider_id: str, radius_m: float, limit: int, oldest_ms: int | None = None
    ) -> tuple[NearDriver, ...]:
        with self._lock:
            found = sorted(
                (edge.distance_m, edge.source, edge.at_ms)
                for edge in self._edges
                if edge.kind == "NEAR"
                and edge.target.id == rider_id
                and edge.distance_m is not None
                and edge.at_ms is not None
                and edge.distance_m <= radius_m
                and (oldest_ms is None or edge.at_ms >= oldest_ms)
            )[:limit]
            return tuple(
                self._driver(source, distance_m, at_ms) for distance_m, source, at_ms in found
            )

    def neighbours(self, node: Node) -> tuple[Edge, ...]:
        with self._lock:
            return tuple(
                sorted(
                    (edge for edge in self._edges if node in (edge.source, edge.target)),
                    key=lambda edge: edge[:3],
                )
            )

    def riders_near(self, drivers: Collection[str]) -> set[str]:
        wanted = set(drivers)
        with self._lock:
            return {
                edge.target.id
                for edge in self._edges
                if edge.kind == "NEAR" and edge.source.id in wanted
            }

    def reaches(self, rider_ids: Collection[str]) -> Mapping[str, Reach]:
        wanted = {Node("rider", rider_id) for rider_id in rider_ids}
        far: dict[str, list[float]] = {}
        with self._lock:
            for edge in self._edges:
                if edge.kind == "NEAR" and edge.target in wanted and edge.distance_m is not None:
                    far.setdefault(edge.target.id, []).append(edge.distance_m)
        return {rider: Reach(len(each), max(each)) for rider, each in far.items()}

    def stale_riders(self, oldest_ms: int) -> set[str]:
        with self._lock:
            return {
                edge.target.id
                for edge in self._edges
                if edge.kind == "NEAR" and edge.at_ms is not None and edge.at_ms < oldest_ms
            }

    def remove(self, nodes: Collection[Node]) -> None:
        gone = set(nodes)
        with self._lock:
            self._nodes = {node: place for node, place in self._nodes.items() if node not in gone}
            self._edges = {edge for edge in self._edges if not gone & {edge.source, edge.target}}
            self._standing = evolve(self._standing, revision=self._standing.revision + 1)

    def clear(self) -> None:
        with self._lock:
            self._nodes.clear()
            self._edges.clear()
            self._standing = Standing(revision=self._standing.revision + 1)

    def _upsert(self, place: Place) -> None:
        node = Node(kind_of(place), id_of(place))
        self._nodes[node] = place
        if isinstance(place, TripRequest):
            self._edges = {edge for edge in self._edges if edge.source != node}
            rider = Node("rider", place.rider_id)
            self._edges.add(Edge("REQUESTED_BY", node, rider, None, place.requested_at))

    def _drop(self, kind: str, target: Node) -> None:
        self._edges = {edge for edge in self._edges if edge.kind != kind or edge.target != target}

    def _locate(self, driver: Node, located: Located) -> None:
        self._edges = {edge for edge in self._edges if edge.source != driver or edge.kind == "NEAR"}
        if located.city is not None:
            self._edges.add(Edge("LOCATED_IN", driver, Node("city", located.city)))
        self._edges.update(Edge("WITHIN", driver, Node("zone", zone)) for zone in located.zones)

    def _driver(self, node: Node, distance_m: float, at_ms: int) -> NearDriver:
        known = self._nodes.get(node)
        driver = known if isinstance(known, Driver) else Driver(vehicle_id=node.id)
        return NearDriver(node.id, driver.name, driver.rating, distance_m, at_ms)
