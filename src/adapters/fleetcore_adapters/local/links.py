"""What a region remembers of its links, in SQLite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fleetcore.errors import InvalidConfiguration
from fleetcore.ports.links import Links
from fleetcore_adapters.local.database import Database

TABLES: Final[Mapping[str, str]] = {
    "links_cut": """
        CREATE TABLE links_cut (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            cut INTEGER NOT NULL
        )""",
    "link_cursors": """
        CREATE TABLE link_cursors (
            peer TEXT PRIMARY KEY,
            cursor INTEGER NOT NULL
        ) WITHOUT ROWID""",
}


REGION_TABLES: Final[Mapping[str, str]] = {
    "region_name": """
        CREATE TABLE region_name (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            name TEXT NOT NULL
        )""",
}


class LocalLinks(Links):
    """Remembers in the data folder's database, beside the log."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define(TABLES)

    def are_cut(self) -> bool:
        with self._database.read() as connection:
            row = connection.execute("SELECT cut FROM links_cut").fetchone()
        return row is not None and bool(row[0])

    def cut(self, cut: bool) -> None:
        with self._database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO links_cut VALUES (1, ?)", (int(cut),))

    def cursor(self, peer: str) -> int:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT cursor FROM link_cursors WHERE peer = ?", (peer,)
            ).fetchone()
        return 0 if row is None else int(row[0])

    def save(self, peer: str, cursor: int) -> None:
        # Often, and behind an append that is synced: it can only stay behind the log.
        with self._database.write(synced=False) as connection:
            connection.execute("INSERT OR REPLACE INTO link_cursors VALUES (?, ?)", (peer, cursor))


def region_called(database: Database, name: str | None, otherwise: str) -> str:
    """What the region in this folder is called: the first name it was ever given.

    `otherwise` where it was given none. Raises `InvalidConfiguration` for another name: its
    peers' cursors and its copies of their logs are bound to the first.
    """
    database.define(REGION_TABLES)
    with database.read() as connection:
        row = connection.execute("SELECT name FROM region_name").fetchone()
    if row is not None and name not in (None, row[0]):
        raise InvalidConfiguration(
            f"{database.folder}: the region in this folder is {row[0]!r}, not {name!r}; "
            "if that was a mistake: fleetcore link name NAME"
        )
    if row is None and name is not None:
        with database.write() as connection:
            connection.execute("INSERT OR IGNORE INTO region_name VALUES (1, ?)", (name,))
        return region_called(database, name, otherwise)
    return otherwise if row is None else str(row[0])


def name_region(database: Database, name: str) -> None:
    """Call the region in this folder by another name from now on."""
    database.define(REGION_TABLES)
    with database.write() as connection:
        connection.execute("INSERT OR REPLACE INTO region_name VALUES (1, ?)", (name,))
