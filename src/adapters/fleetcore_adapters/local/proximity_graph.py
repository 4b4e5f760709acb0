"""The graph of who is near whom, in SQLite: a table of nodes and one of edges."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from typing import Final, TypeAlias

from attrs import astuple, evolve

from fleetcore.codec.places import decoded, encoded
from fleetcore.domain.places import Driver, Place, PlaceKind, TripRequest, id_of, kind_of
from fleetcore.domain.proximity import (
    Edge,
    EdgeKind,
    GraphChange,
    Located,
    NearDriver,
    Node,
    Reach,
    Standing,
)
from fleetcore.ports.proximity_graph import ProximityGraph
from fleetcore_adapters.local.database import Database

TABLES: Final[Mapping[str, str]] = {
    "graph_nodes": """
        CREATE TABLE graph_nodes (
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (kind, id)
        ) WITHOUT ROWID""",
    "graph_edges": """
        CREATE TABLE graph_edges (
            kind TEXT NOT NULL,
            source TEXT NOT NULL,
            target TEXT NOT NULL,
            distance_m REAL,
            at_ms INTEGER,
            PRIMARY KEY (kind, source, target)
        ) WITHOUT ROWID""",
    "graph_edges_by_target": """
        CREATE INDEX graph_edges_by_target ON graph_edges (kind, target, distance_m, source)""",
    "graph_made_of": """
        CREATE TABLE graph_made_of (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            revision INTEGER NOT NULL,
            cursor INTEGER NOT NULL,
            places_cursor INTEGER NOT NULL,
            horizon_ms INTEGER,
            index_life INTEGER
        )""",
}

_ENDS: Final[Mapping[EdgeKind, tuple[PlaceKind, PlaceKind]]] = {
    "LOCATED_IN": ("driver", "city"),
    "NEAR": ("driver", "rider"),
    "REQUESTED_BY": ("trip", "rider"),
    "WITHIN": ("driver", "zone"),
}
"""What edges of each kind go from and to."""

_STANDING: Final = (
    "SELECT revision, cursor, places_cursor, horizon_ms, index_life FROM graph_made_of"
)
_NEAR: Final = """
    SELECT source, document, distance_m, at_ms FROM graph_edges
    LEFT JOIN graph_nodes ON graph_nodes.kind = 'driver' AND graph_nodes.id = source
    WHERE graph_edges.kind = 'NEAR' AND target = ? AND distance_m <= ?
        AND (? IS NULL OR at_ms >= ?)
    ORDER BY distance_m, source LIMIT ?"""
_PLACED: Final = """
    SELECT source, kind, target FROM graph_edges
    WHERE kind IN ('LOCATED_IN', 'WITHIN') AND source IN (SELECT value FROM json_each(?))"""
_EDGE: Final = "INSERT OR REPLACE INTO graph_edges VALUES (?, ?, ?, ?, ?)"
_CUT: Final = "DELETE FROM graph_edges WHERE kind = ? AND source = ? AND target = ?"

_Placed: TypeAlias = tuple[str, str, str]
"""A driver, a kind of edge and where it goes."""


class LocalProximityGraph(ProximityGraph):
    """Keeps nodes and edges in a data folder's views."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define(TABLES)

    def standing(self) -> Standing:
        with self._database.read() as connection:
            return _standing(connection)

    def update(self, change: GraphChange, revision: int) -> bool:
        with self._database.write() as connection:
            held = _standing(connection)
            if held.revision != revision:
                return False
            _upsert(connection, change.places)
            connection.executemany(
                "DELETE FROM graph_edges WHERE kind = 'NEAR' AND target = ?",
                [(rider,) for rider in change.near],
            )
            connection.executemany(
                _EDGE,
                (
                    ("NEAR", driver, rider, distance_m, observed_at)
                    for rider, drivers in change.near.items()
                    for driver, distance_m, observed_at in drivers
                ),
            )
            _locate(connection, change.located)
            horizons = [ms for ms in (held.horizon_ms, change.horizon_ms) if ms is not None]
            _stand(
                connection,
                Standing(
                    revision=revision + 1,
                    cursor=max(held.cursor, change.cursor or 0),
                    places_cursor=max(held.places_cursor, change.places_cursor or 0),
                    horizon_ms=max(horizons, default=None),
                    index_life=held.index_life if change.index_life is None else change.index_life,
                ),
            )
        return True

    def nodes(self, kind: PlaceKind) -> tuple[Place, ...]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT document FROM graph_nodes WHERE kind = ? ORDER BY id", (kind,)
            ).fetchall()
        return tuple(decoded(kind, document) for (document,) in rows)

    def near(
        self, rider_id: str, radius_m: float, limit: int, oldest_ms: int | None = None
    ) -> tuple[NearDriver, ...]:
        asked = (rider_id, radius_m, oldest_ms, oldest_ms, limit)
        with self._database.read() as connection:
            rows = connection.execute(_NEAR, asked).fetchall()
        return tuple(
            NearDriver(source, *_who(source, document), distance_m, at_ms)
            for source, document, distance_m, at_ms in rows
        )

    def neighbours(self, node: Node) -> tuple[Edge, ...]:
        found: list[Edge] = []
        with self._database.read() as connection:
            for kind, (source, target) in _ENDS.items():
                ends = [end for end in (source, target) if end == node.kind]
                column = "source" if source in ends else "target"
                if ends:
                    rows = connection.execute(
                        "SELECT source, target, distance_m, at_ms FROM graph_edges"
                        f" WHERE kind = ? AND {column} = ? ORDER BY source, target",
                        (kind, node.id),
                    )
                    found += [
                        Edge(kind, Node(source, one), Node(target, other), distance_m, at_ms)
                        for one, other, distance_m, at_ms in rows
                    ]
        return tuple(found)

    def riders_near(self, drivers: Collection[str]) -> set[str]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT DISTINCT target FROM graph_edges"
                " WHERE kind = 'NEAR' AND source IN (SELECT value FROM json_each(?))",
                (json.dumps(list(drivers)),),
            ).fetchall()
        return {rider for (rider,) in rows}

    def reaches(self, rider_ids: Collection[str]) -> Mapping[str, Reach]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT target, count(*), max(distance_m) FROM graph_edges"
                " WHERE kind = 'NEAR' AND target IN (SELECT value FROM json_each(?))"
                " GROUP BY target",
                (json.dumps(list(rider_ids)),),
            ).fetchall()
        return {rider: Reach(drivers, farthest_m) for rider, drivers, farthest_m in rows}

    def stale_riders(self, oldest_ms: int) -> set[str]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT DISTINCT target FROM graph_edges WHERE kind = 'NEAR' AND at_ms < ?",
                (oldest_ms,),
            ).fetchall()
        return {rider for (rider,) in rows}

    def remove(self, nodes: Collection[Node]) -> None:
        with self._database.write() as connection:
            connection.executemany("DELETE FROM graph_nodes WHERE kind = ? AND id = ?", nodes)
            for kind, ends in _ENDS.items():
                for column, end in zip(("source", "target"), ends, strict=True):
                    connection.executemany(
                        f"DELETE FROM graph_edges WHERE kind = ? AND {column} = ?",
                        [(kind, node.id) for node in nodes if node.kind == end],
                    )
            held = _standing(connection)
            _stand(connection, evolve(held, revision=held.revision + 1))

    def clear(self) -> None:
        with self._database.write() as connection:
            held = _standing(connection)
            connection.execute("DELETE FROM graph_nodes")
            connection.execute("DELETE FROM graph_edges")
            _stand(connection, Standing(revision=held.revision + 1))


def _standing(connection: sqlite3.Connection) -> Standing:
    row = connection.execute(_STANDING).fetchone()
    if row is None:
        return Standing()
    revision, cursor, places_cursor, horizon_ms, index_life = row
    return Standing(
        revision=revision,
        cursor=cursor,
        places_cursor=places_cursor,
        horizon_ms=horizon_ms,
        index_life=index_life,
    )


def _stand(connection: sqlite3.Connection, standing: Standing) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO graph_made_of VALUES (1, ?, ?, ?, ?, ?)", astuple(standing)
    )


def _upsert(connection: sqlite3.Connection, places: Collection[Place]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO graph_nodes VALUES (?, ?, ?)",
        ((kind_of(place), id_of(place), encoded(place)) for place in places),
    )
    trips = [place for place in places if isinstance(place, TripRequest)]
    connection.executemany(
        "DELETE FROM graph_edges WHERE kind = 'REQUESTED_BY' AND source = ?",
        ((trip.trip_id,) for trip in trips),
    )
    connection.executemany(
        _EDGE,
        (("REQUESTED_BY", trip.trip_id, trip.rider_id, None, trip.requested_at) for trip in trips),
    )


def _locate(connection: sqlite3.Connection, located: Mapping[str, Located]) -> None:
    """Write what is different only: most drivers stay where they are."""
    wanted = {edge for driver, place in located.items() for edge in _placed(driver, place)}
    held: set[_Placed] = {
        (source, kind, target)
        for source, kind, target in connection.execute(_PLACED, (json.dumps(list(located)),))
    }
    connection.executemany(_CUT, ((kind, source, to) for source, kind, to in held - wanted))
    connection.executemany(
        _EDGE, ((kind, source, to, None, None) for source, kind, to in wanted - held)
    )


def _placed(driver: str, located: Located) -> Iterator[_Placed]:
    if located.city is not None:
        yield (driver, "LOCATED_IN", located.city)
    for zone in located.zones:
        yield (driver, "WITHIN", zone)


def _who(vehicle_id: str, document: str | None) -> tuple[str | None, float | None]:
    """A driver's name and rating, as far as they are known."""
    known = None if document is None else decoded("driver", document)
    driver = known if isinstance(known, Driver) else Driver(vehicle_id=vehicle_id)
    return (driver.name, driver.rating)
