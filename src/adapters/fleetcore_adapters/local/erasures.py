"""Which vehicles are erased, in SQLite."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from fleetcore.ports.erasures import Erasures
from fleetcore_adapters.local.database import Database

TABLES: Final[Mapping[str, str]] = {
    "erasures": "CREATE TABLE erasures (tombstone_key TEXT PRIMARY KEY) WITHOUT ROWID",
}


class LocalErasures(Erasures):
    """Remembers in the data folder's database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define(TABLES)

    def marked(self) -> frozenset[str]:
        with self._database.read() as connection:
            return frozenset(key for (key,) in connection.execute("SELECT * FROM erasures"))

    def mark(self, keys: Collection[str]) -> None:
        with self._database.write() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO erasures VALUES (?)", [(key,) for key in keys]
            )

    def unmark(self, keys: Collection[str]) -> None:
        with self._database.write() as connection:
            connection.executemany(
                "DELETE FROM erasures WHERE tombstone_key = ?", [(key,) for key in keys]
            )
