"""The graph of who is near whom, and where."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Protocol

from fleetcore.domain.places import Place, PlaceKind
from fleetcore.domain.proximity import Edge, GraphChange, NearDriver, Node, Reach, Standing


class ProximityGraph(Protocol):
    """Drivers, riders, cities, zones and trips, and the edges between them.

    It keeps what it is told; `fleetcore.application.proximity` decides which edges there are.
    Every method raises `StorageUnavailable`.
    """

    @abstractmethod
    def standing(self) -> Standing:
        """What the graph was made of so far."""
        raise NotImplementedError

    @abstractmethod
    def update(self, change: GraphChange, revision: int) -> bool:
        """Carry a change out as a whole, if the graph is still at `revision`; whether it was.

        If it was not, somebody else changed it and nothing is done: look at its standing again
        and decide again. A request's edge to its rider comes with the request.
        """
        raise NotImplementedError

    @abstractmethod
    def nodes(self, kind: PlaceKind) -> tuple[Place, ...]:
        """All nodes of a kind that were told of, by id."""
        raise NotImplementedError

    @abstractmethod
    def near(
        self, rider_id: str, radius_m: float, limit: int, oldest_ms: int | None = None
    ) -> tuple[NearDriver, ...]:
        """Drivers with an edge to a rider, at most `radius_m` away, nearest first.

        At most `limit`, of equally near ones the smaller id first; only those seen at `oldest_ms`
        (epoch ms) or later, if given. No graph knows more than the edges it was told of.
        """
        raise NotImplementedError

    @abstractmethod
    def neighbours(self, node: Node) -> tuple[Edge, ...]:
        """Every edge from or to a node, sorted by kind, source and target."""
        raise NotImplementedError

    @abstractmethod
    def riders_near(self, drivers: Collection[str]) -> set[str]:
        """The riders that one of these drivers is near to."""
        raise NotImplementedError

    @abstractmethod
    def reaches(self, rider_ids: Collection[str]) -> Mapping[str, Reach]:
        """How far the edges near these riders reach; those without any are left out."""
        raise NotImplementedError

    @abstractmethod
    def stale_riders(self, oldest_ms: int) -> set[str]:
        """The riders with an edge that was seen before an instant (epoch ms)."""
        raise NotImplementedError

    @abstractmethod
    def remove(self, nodes: Collection[Node]) -> None:
        """Forget these nodes with all their edges; a change with a revision of its own."""
        raise NotImplementedError

    @abstractmethod
    def clear(self) -> None:
        """Forget all nodes and edges, cursors and horizon: to be built again. Revisions go on."""
        raise NotImplementedError
