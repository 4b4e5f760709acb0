"""The view of who is where on the map, in SQLite.

Positions lie in a table, and in an R*Tree for each a box: a cell of a fixed grid and the eight
around it. A vehicle keeps its box until it leaves it, so most moves change a row, and no tree.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Final, TypeAlias

from fleetcore.domain.facts import Fact
from fleetcore.domain.geodesy import (
    FARTHEST_M,
    boxes_around,
    distances_from,
    haversine_m,
    is_on_earth,
)
from fleetcore.domain.location import Status
from fleetcore.domain.proximity import Nearby, Position
from fleetcore.ports.geo_index import GeoIndex
from fleetcore_adapters.local.database import Database

_CELLS_A_DEGREE: Final = 100
"""A cell is some 1.1 km high: about a minute's drive in a town."""

_COLUMNS: Final = 360 * _CELLS_A_DEGREE + 1
"""A cell's number is its row times this, and its column."""

_SLACK_DEG: Final = 1e-6
"""More than what the rounding of a box's edges can come to."""

_SOUTH: Final = f"(NEW.cell / {_COLUMNS} - 1) / {_CELLS_A_DEGREE}.0 - {90 + _SLACK_DEG}"
_NORTH: Final = f"(NEW.cell / {_COLUMNS} + 2) / {_CELLS_A_DEGREE}.0 - {90 - _SLACK_DEG}"
_WEST: Final = f"(NEW.cell % {_COLUMNS} - 1) / {_CELLS_A_DEGREE}.0 - {180 + _SLACK_DEG}"
_EAST: Final = f"(NEW.cell % {_COLUMNS} + 2) / {_CELLS_A_DEGREE}.0 - {180 - _SLACK_DEG}"

TABLES: Final[Mapping[str, str]] = {
    "geo_positions": """
        CREATE TABLE geo_positions (
            id INTEGER PRIMARY KEY,
            vehicle_id TEXT NOT NULL UNIQUE,
            observed_at INTEGER NOT NULL,
            accuracy_m REAL,
            fingerprint INTEGER NOT NULL,
            latitude REAL NOT NULL,
            longitude REAL NOT NULL,
            status TEXT,
            city TEXT,
            cell INTEGER NOT NULL
        )""",
    "geo_boxes": "CREATE VIRTUAL TABLE geo_boxes USING rtree(id, south, north, west, east)",
    "geo_boxes_come": f"""
        CREATE TRIGGER geo_boxes_come AFTER INSERT ON geo_positions
        BEGIN INSERT INTO geo_boxes VALUES (NEW.id, {_SOUTH}, {_NORTH}, {_WEST}, {_EAST}); END""",
    "geo_boxes_follow": f"""
        CREATE TRIGGER geo_boxes_follow AFTER UPDATE OF cell ON geo_positions
        WHEN NEW.cell <> OLD.cell
        BEGIN UPDATE geo_boxes
            SET south = {_SOUTH}, north = {_NORTH}, west = {_WEST}, east = {_EAST}
            WHERE id = NEW.id; END""",
    "geo_boxes_go": """
        CREATE TRIGGER geo_boxes_go AFTER DELETE ON geo_positions
        BEGIN DELETE FROM geo_boxes WHERE id = OLD.id; END""",
    "geo_cursor": """
        CREATE TABLE geo_cursor (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            cursor INTEGER NOT NULL
        )""",
    "geo_life": """
        CREATE TABLE geo_life (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            life INTEGER NOT NULL
        )""",
}

_FIRST_LOOK_M: Final = 500.0
_WIDER: Final = 3
"""The nearest few are looked for in circles, each this much wider than the one before."""

_SIGN: Final = 1 << 63
"""SQLite's integers are signed; unsigned ones are kept less this, so that their order stays."""

_POSITION: Final = "vehicle_id, observed_at, latitude, longitude, status, city"
_THOSE: Final = "WHERE vehicle_id IN (SELECT value FROM json_each(?))"

_PUT: Final = f"""
    INSERT INTO geo_positions (
        cell, vehicle_id, observed_at, accuracy_m, fingerprint, latitude, longitude, status, city
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (vehicle_id) DO UPDATE SET
        observed_at = excluded.observed_at,
        accuracy_m = excluded.accuracy_m,
        fingerprint = excluded.fingerprint,
        latitude = excluded.latitude,
        longitude = excluded.longitude,
        status = excluded.status,
        city = excluded.city,
        cell = CASE
            WHEN abs(excluded.cell / {_COLUMNS} - cell / {_COLUMNS}) <= 1
                AND abs(excluded.cell % {_COLUMNS} - cell % {_COLUMNS}) <= 1
            THEN cell ELSE excluded.cell END
    WHERE (excluded.observed_at, -coalesce(excluded.accuracy_m, 9e999), excluded.fingerprint)
        > (observed_at, -coalesce(accuracy_m, 9e999), fingerprint)"""
"""The greatest version wins: `fleetcore.domain.facts.version_of` in SQL; 9e999 is infinity."""

_WITHIN: Final = (
    f"SELECT {_POSITION} FROM geo_boxes CROSS JOIN geo_positions USING (id)"
    " WHERE west <= ? AND east >= ? AND south <= ? AND north >= ?"
    " AND longitude BETWEEN ? AND ? AND latitude BETWEEN ? AND ?"
)

_Row: TypeAlias = tuple[int, str, int, float | None, int, float, float, Status | None, str | None]
"""The cell, by which rows are put: vehicles of one place come to share pages of the table."""


class LocalGeoIndex(GeoIndex):
    """Keeps positions in a data folder's views, a row a vehicle."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define(TABLES)

    def cursor(self) -> int:
        with self._database.read() as connection:
            row = connection.execute("SELECT cursor FROM geo_cursor").fetchone()
        return 0 if row is None else int(row[0])

    def life(self) -> int:
        with self._database.read() as connection:
            row = connection.execute("SELECT life FROM geo_life").fetchone()
        return 0 if row is None else int(row[0])

    def put(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> None:
        with self._database.write() as connection:
            connection.executemany(_PUT, sorted(_rows(facts), key=itemgetter(0)))
            if cursor is not None:
                connection.execute("INSERT OR IGNORE INTO geo_cursor VALUES (1, 0)")
                connection.execute(
                    "UPDATE geo_cursor SET cursor = ? WHERE cursor BETWEEN ? AND ?",
                    (cursor, since, cursor),
                )

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
        conditions = ""
        values: list[str | int] = []
        if not with_offline:
            conditions += " AND status IS NOT 'offline'"
        if city is not None:
            conditions += " AND city = ?"
            values.append(city)
        if oldest_ms is not None:
            conditions += " AND observed_at >= ?"
            values.append(oldest_ms)
        farthest_m = FARTHEST_M + 1 if radius_m is None else radius_m
        reach_m = farthest_m if limit is None else min(farthest_m, _FIRST_LOOK_M)
        distance_to = distances_from(latitude, longitude)
        with self._database.read() as connection:
            while True:
                found = []
                for south, north, west, east in boxes_around(latitude, longitude, reach_m):
                    edges = (east, west, north, south, west, east, south, north)
                    # All at once: one by one they would take a quarter longer.
                    rows = connection.execute(_WITHIN + conditions, (*edges, *values)).fetchall()
                    found += [
                        (away_m, *row)
                        for row in rows
                        if (away_m := distance_to(row[2], row[3])) <= reach_m
                    ]
                if reach_m >= farthest_m or (limit is not None and len(found) >= limit):
                    break
                reach_m = min(farthest_m, reach_m * _WIDER)
        found.sort()
        return tuple(map(Nearby._make, found if limit is None else found[:limit]))

    def read(self, vehicle_ids: Collection[str] | None = None) -> tuple[Position, ...]:
        with self._database.read() as connection:
            rows = (
                connection.execute(f"SELECT {_POSITION} FROM geo_positions ORDER BY vehicle_id")
                if vehicle_ids is None
                else connection.execute(
                    f"SELECT {_POSITION} FROM geo_positions {_THOSE} ORDER BY vehicle_id",
                    (json.dumps(list(vehicle_ids)),),
                )
            ).fetchall()
        return tuple(map(Position._make, rows))

    def distance(self, vehicle_id: str, other_id: str) -> float | None:
        known = {at.vehicle_id: at for at in self.read([vehicle_id, other_id])}
        one, other = known.get(vehicle_id), known.get(other_id)
        if one is None or other is None:
            return None
        return haversine_m(one.latitude, one.longitude, other.latitude, other.longitude)

    def remove(self, vehicle_ids: Collection[str]) -> int:
        with self._database.write() as connection:
            return connection.execute(
                f"DELETE FROM geo_positions {_THOSE}", (json.dumps(list(vehicle_ids)),)
            ).rowcount

    def clear(self) -> None:
        with self._database.write() as connection:
            connection.execute("DELETE FROM geo_positions")
            connection.execute("DELETE FROM geo_cursor")
            connection.execute("INSERT OR IGNORE INTO geo_life VALUES (1, 0)")
            connection.execute("UPDATE geo_life SET life = life + 1")


def _rows(facts: Sequence[Fact]) -> Iterator[_Row]:
    for vehicle, at, latitude, longitude, _, _, accuracy_m, _, _, status, city, print_ in facts:
        if is_on_earth(latitude, longitude):
            row = int((latitude + 90) * _CELLS_A_DEGREE)
            cell = row * _COLUMNS + int((longitude + 180) * _CELLS_A_DEGREE)
            signed = print_ - _SIGN
            yield (cell, vehicle, at, accuracy_m, signed, latitude, longitude, status, city)
