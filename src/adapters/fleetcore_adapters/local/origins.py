"""Origins in SQLite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fleetcore.ports.origins import Origin, Origins
from fleetcore_adapters.local.database import Database

TABLES: Final[Mapping[str, str]] = {
    "origins": """
        CREATE TABLE origins (
            ingestion TEXT PRIMARY KEY,
            name BLOB NOT NULL,
            vehicle_id TEXT
        )""",
}


class LocalOrigins(Origins):
    """Keeps origins in the data folder's database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define(TABLES)

    def note(self, ingestion: str, origin: Origin) -> None:
        # A file name need not be valid UTF-8; Python shows its odd bytes as lone surrogates.
        name = origin.name.encode("utf-8", "surrogatepass")
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO origins (ingestion, name, vehicle_id) VALUES (?, ?, ?)"
                " ON CONFLICT (ingestion) DO UPDATE"
                " SET name = excluded.name, vehicle_id = excluded.vehicle_id",
                (ingestion, name, origin.vehicle_id),
            )

    def read(self) -> Mapping[str, Origin]:
        with self._database.read() as connection:
            rows = connection.execute("SELECT ingestion, name, vehicle_id FROM origins").fetchall()
        return {
            ingestion: Origin(name=name.decode("utf-8", "surrogatepass"), vehicle_id=vehicle_id)
            for ingestion, name, vehicle_id in rows
        }
