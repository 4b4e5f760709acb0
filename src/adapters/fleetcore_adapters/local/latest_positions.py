"""The latest position of each vehicle, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from fleetcore.domain.location import LocationEvent, precedence
from fleetcore.domain.parts import StoredEvent
from fleetcore.ports.latest_positions import ErasablePositions
from fleetcore_adapters.local.database import Database

TABLES: Final[Mapping[str, str]] = {
    "latest_positions": """
        CREATE TABLE latest_positions (
            vehicle_id TEXT PRIMARY KEY,
            observed_at INTEGER NOT NULL,
            latitude REAL NOT NULL,
            longitude REAL NOT NULL,
            speed_kmh REAL,
            heading_deg REAL,
            accuracy_m REAL,
            battery_pct REAL,
            fuel_pct REAL,
            status TEXT,
            city TEXT,
            source TEXT,
            distance_from_depot_m REAL,
            ingestion TEXT NOT NULL,
            line INTEGER NOT NULL
        ) WITHOUT ROWID""",
    "latest_positions_cursor": """
        CREATE TABLE latest_positions_cursor (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            cursor INTEGER NOT NULL
        )""",
}

_SELECT_ALL: Final = "SELECT * FROM latest_positions ORDER BY vehicle_id"
_SELECT_ONE: Final = "SELECT * FROM latest_positions WHERE vehicle_id = ?"
_SELECT_GREATEST: Final = "SELECT coalesce(max(vehicle_id), '') FROM latest_positions"
_SELECT_TIME: Final = "SELECT observed_at FROM latest_positions WHERE vehicle_id = ?"
_REMOVE: Final = "DELETE FROM latest_positions WHERE vehicle_id = ?"
_UPSERT: Final = (
    "INSERT OR REPLACE INTO latest_positions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

_Row: TypeAlias = tuple[Any, ...]


class LocalLatestPositions(ErasablePositions):
    """Keeps winners in the data folder's database, a row a vehicle."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define(TABLES)

    def cursor(self) -> int:
        with self._database.read() as connection:
            row = connection.execute("SELECT cursor FROM latest_positions_cursor").fetchone()
        return 0 if row is None else int(row[0])

    def apply(self, events: Iterable[StoredEvent], cursor: int) -> None:
        with self._database.write() as connection:
            connection.executemany(_UPSERT, map(_row_of, _advancing(connection, events)))
            connection.execute(
                "INSERT INTO latest_positions_cursor VALUES (1, ?) ON CONFLICT (only_row)"
                " DO UPDATE SET cursor = max(cursor, excluded.cursor)",
                (cursor,),
            )

    def read(self, vehicle_ids: Sequence[str] | None = None) -> tuple[StoredEvent, ...]:
        with self._database.read() as connection:
            if vehicle_ids is None:
                rows = connection.execute(_SELECT_ALL).fetchall()
            else:
                rows = [
                    row
                    for vehicle_id in sorted(set(vehicle_ids))
                    for row in connection.execute(_SELECT_ONE, (vehicle_id,))
                ]
        return tuple(map(_stored_of, rows))

    def remove(self, vehicle_ids: Collection[str]) -> int:
        with self._database.write() as connection:
            asked = ((vehicle_id,) for vehicle_id in set(vehicle_ids))
            return connection.executemany(_REMOVE, asked).rowcount


def _advancing(
    connection: sqlite3.Connection, events: Iterable[StoredEvent]
) -> Iterator[StoredEvent]:
    """Those that beat what is held of their vehicle; each must be kept before the next is asked.

    A vehicle behind all that are held needs no look: a new view follows the log without any.
    """
    lookup = connection.cursor()
    (greatest,) = lookup.execute(_SELECT_GREATEST).fetchone()
    for stored in events:
        vehicle_id = stored.event.vehicle_id
        if vehicle_id > greatest:
            greatest = vehicle_id
            yield stored
            continue
        held = lookup.execute(_SELECT_TIME, (vehicle_id,)).fetchone()
        if held is None or stored.event.observed_at > held[0]:
            yield stored
        elif stored.event.observed_at == held[0]:
            row = lookup.execute(_SELECT_ONE, (vehicle_id,)).fetchone()
            # Fingerprints are slow; a winner that is applied again needs none.
            if row[:12] != _row_of(stored)[:12] and (
                precedence(stored.event) > precedence(_stored_of(row).event)
            ):
                yield stored


def _row_of(stored: StoredEvent) -> _Row:
    event = stored.event
    return (
        event.vehicle_id,
        event.observed_at,
        event.latitude,
        event.longitude,
        event.speed_kmh,
        event.heading_deg,
        event.accuracy_m,
        event.battery_pct,
        event.fuel_pct,
        event.status,
        event.city,
        event.source,
        stored.distance_from_depot_m,
        stored.ingestion,
        stored.line,
    )


def _stored_of(row: _Row) -> StoredEvent:
    return StoredEvent(
        event=LocationEvent(
            vehicle_id=row[0],
            observed_at=row[1],
            latitude=row[2],
            longitude=row[3],
            speed_kmh=row[4],
            heading_deg=row[5],
            accuracy_m=row[6],
            battery_pct=row[7],
            fuel_pct=row[8],
            status=row[9],
            city=row[10],
            source=row[11],
        ),
        distance_from_depot_m=row[12],
        ingestion=row[13],
        line=row[14],
    )
