"""Places, a document each, in SQLite."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from fleetcore.codec.places import decoded, encoded
from fleetcore.domain.places import (
    Atlas,
    City,
    Place,
    PlaceKind,
    Zone,
    id_of,
    kind_of,
    supersedes,
)
from fleetcore.ports.places import PlaceChanges, Places
from fleetcore_adapters.local.database import Database

TABLES: Final[Mapping[str, str]] = {
    "places": """
        CREATE TABLE places (
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (kind, id)
        ) WITHOUT ROWID""",
    "places_by_sequence": "CREATE UNIQUE INDEX places_by_sequence ON places (sequence)",
    "places_counted": """
        CREATE TABLE places_counted (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            sequence INTEGER NOT NULL,
            map INTEGER NOT NULL
        )""",
}
"""`sequence` is of the last change that was put, `map` of the last that changed the atlas."""

_ONE: Final = "SELECT document FROM places WHERE kind = ? AND id = ?"
_SINCE: Final = "SELECT kind, document FROM places WHERE sequence > ? ORDER BY sequence"
_ALL: Final = "SELECT document FROM places WHERE kind = ? ORDER BY id"
_COUNTED: Final = "SELECT sequence, map FROM places_counted"
_MAPPED: Final = frozenset({"city", "zone"})


class LocalPlaces(Places):
    """Keeps places in the data folder's database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define(TABLES)
        self._drawing = threading.Lock()
        self._drawn = 0
        self._atlas = Atlas()

    def put(self, places: Sequence[Place]) -> int:
        with self._database.write() as connection:
            before, drawn = connection.execute(_COUNTED).fetchone() or (0, 0)
            sequence = before
            for place in places:
                kind, id_ = kind_of(place), id_of(place)
                held = connection.execute(_ONE, (kind, id_)).fetchone()
                if held is None or supersedes(place, decoded(kind, held[0])):
                    sequence += 1
                    drawn = sequence if kind in _MAPPED else drawn
                    row = (kind, id_, sequence, encoded(place))
                    connection.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?)", row)
            counted = (sequence, drawn)
            connection.execute("INSERT OR REPLACE INTO places_counted VALUES (1, ?, ?)", counted)
        return int(sequence - before)

    def changes_since(self, cursor: int) -> PlaceChanges:
        with self._database.read() as connection:
            sequence, _ = connection.execute(_COUNTED).fetchone() or (0, 0)
            rows = connection.execute(_SINCE, (cursor,)).fetchall()
        return PlaceChanges(
            places=tuple(decoded(kind, document) for kind, document in rows),
            cursor=max(cursor, sequence),
        )

    def read(self, kind: PlaceKind) -> tuple[Place, ...]:
        with self._database.read() as connection:
            rows = connection.execute(_ALL, (kind,)).fetchall()
        return tuple(decoded(kind, document) for (document,) in rows)

    def atlas(self) -> Atlas:
        with self._drawing, self._database.read() as connection:
            _, drawn = connection.execute(_COUNTED).fetchone() or (0, 0)
            if drawn != self._drawn:
                places = [
                    decoded(kind, document)
                    for kind in ("city", "zone")
                    for (document,) in connection.execute(_ALL, (kind,))
                ]
                self._atlas = Atlas(
                    (place for place in places if isinstance(place, City)),
                    (place for place in places if isinstance(place, Zone)),
                )
                self._drawn = drawn
            return self._atlas

    def remove(self, kind: PlaceKind, ids: Collection[str]) -> int:
        with self._database.write() as connection:
            gone = connection.execute(
                "DELETE FROM places WHERE kind = ? AND id IN (SELECT value FROM json_each(?))",
                (kind, json.dumps(list(ids))),
            ).rowcount
            if gone and kind in _MAPPED:
                # A change without a place: the map is another one.
                connection.execute("UPDATE places_counted SET sequence = sequence + 1")
                connection.execute("UPDATE places_counted SET map = sequence")
        return gone
