"""Priority queues in SQLite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fleetcore.domain.lanes import LANES
from fleetcore.domain.parts import LaneMessage, Part
from fleetcore.ports.lanes import Lanes
from fleetcore_adapters.local.database import Database

TABLES: Final[Mapping[str, str]] = {
    "lane_messages": """
        CREATE TABLE lane_messages (
            sequence INTEGER PRIMARY KEY,
            part_key TEXT NOT NULL UNIQUE,
            lane TEXT NOT NULL,
            ingestion TEXT NOT NULL,
            row_count INTEGER NOT NULL,
            size_bytes INTEGER NOT NULL,
            sha256 TEXT NOT NULL
        )""",
    "lane_messages_waiting": "CREATE INDEX lane_messages_waiting ON lane_messages (lane, sequence)",
}


class LocalLanes(Lanes):
    """Keeps messages in the data folder's database; one send or settle is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define(TABLES)

    def send(self, messages: Sequence[LaneMessage]) -> None:
        if not messages:
            return
        with self._database.write() as connection:
            connection.executemany(
                "INSERT INTO lane_messages"
                " (part_key, lane, ingestion, row_count, size_bytes, sha256)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (part_key) DO NOTHING",
                map(_row_of, messages),
            )

    def receive(self, limit: int) -> tuple[LaneMessage, ...]:
        received: list[LaneMessage] = []
        with self._database.read() as connection:
            for lane in LANES:
                rows = connection.execute(
                    "SELECT part_key, ingestion, row_count, size_bytes, sha256"
                    " FROM lane_messages WHERE lane = ? ORDER BY sequence LIMIT ?",
                    (lane, max(limit - len(received), 0)),
                )
                received += [
                    LaneMessage(
                        ingestion=ingestion,
                        part=Part(
                            key=key, lane=lane, rows=count, size_bytes=size_bytes, sha256=sha256
                        ),
                    )
                    for key, ingestion, count, size_bytes, sha256 in rows
                ]
        return tuple(received)

    def settle(self, messages: Sequence[LaneMessage]) -> None:
        if not messages:
            return
        with self._database.write() as connection:
            connection.executemany(
                "DELETE FROM lane_messages WHERE part_key = ?",
                [(message.part.key,) for message in messages],
            )


def _row_of(message: LaneMessage) -> tuple[str, str, str, int, int, str]:
    part = message.part
    return (part.key, part.lane, message.ingestion, part.rows, part.size_bytes, part.sha256)
