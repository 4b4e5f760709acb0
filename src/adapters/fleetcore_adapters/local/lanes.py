"""Priority queues in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from fleetcore.domain.lanes import Lane
from fleetcore.domain.parts import LaneMessage, Part
from fleetcore.ports.clock import Clock
from fleetcore.ports.lanes import Delivery, Lanes, idle_places
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
    # What an older version does not know of its messages. No number is given twice.
    "lane_deliveries": """
        CREATE TABLE lane_deliveries (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            part_key TEXT NOT NULL UNIQUE,
            attempt INTEGER NOT NULL DEFAULT 1,
            tries INTEGER NOT NULL DEFAULT 0,
            visible_at_ms INTEGER NOT NULL DEFAULT 0
        )""",
}

_DROP_OLDER: Final = (
    "DELETE FROM {} WHERE part_key = :key AND EXISTS (SELECT * FROM lane_deliveries"
    " WHERE part_key = :key AND attempt < :attempt)"
)
_DROP_OLDER_MESSAGE: Final = _DROP_OLDER.format("lane_messages")
_DROP_OLDER_DELIVERY: Final = _DROP_OLDER.format("lane_deliveries")
_QUEUE_MESSAGE: Final = (
    "INSERT INTO lane_messages (part_key, lane, ingestion, row_count, size_bytes, sha256)"
    " VALUES (:key, :lane, :ingestion, :rows, :size_bytes, :sha256)"
    " ON CONFLICT (part_key) DO NOTHING"
)
_QUEUE_DELIVERY: Final = (
    "INSERT INTO lane_deliveries (part_key, attempt) VALUES (:key, :attempt)"
    " ON CONFLICT (part_key) DO NOTHING"
)
_SELECT_ANY: Final = "SELECT 1 FROM lane_messages LIMIT 1"
_SELECT_ALL: Final = (
    "SELECT part_key, lane, ingestion, row_count, size_bytes, sha256, coalesce(attempt, 1)"
    " FROM lane_messages LEFT JOIN lane_deliveries USING (part_key) ORDER BY sequence"
)
_ADOPT: Final = (
    "INSERT INTO lane_deliveries (part_key) SELECT part_key FROM lane_messages"
    " WHERE part_key NOT IN (SELECT part_key FROM lane_deliveries) ORDER BY sequence"
)
_SELECT_VISIBLE: Final = (
    "SELECT number, tries, attempt, part_key, ingestion, row_count, size_bytes, sha256"
    " FROM lane_messages JOIN lane_deliveries USING (part_key)"
    " WHERE lane = ? AND visible_at_ms <= ? ORDER BY sequence LIMIT ?"
)
_COUNT_TRY: Final = "UPDATE lane_deliveries SET tries = tries + 1 WHERE number = ?"
_SETTLE_MESSAGE: Final = (
    "DELETE FROM lane_messages"
    " WHERE part_key = (SELECT part_key FROM lane_deliveries WHERE number = ?)"
)
_SETTLE_DELIVERY: Final = "DELETE FROM lane_deliveries WHERE number = ?"
_HIDE: Final = "UPDATE lane_deliveries SET visible_at_ms = ? WHERE number = ? AND tries = ?"


class LocalLanes(Lanes):
    """Keeps messages in the data folder's database, of each part the newest attempt.

    Every call is one transaction. Nothing is leased: what a killed process was at is handed out
    to the next one at once, and two processes that drain at once repeat work.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        database.define(TABLES)

    def send(self, messages: Sequence[LaneMessage]) -> None:
        if not messages:
            return
        with self._database.write() as connection:
            for row in map(_row_of, messages):
                connection.execute(_DROP_OLDER_MESSAGE, row)
                connection.execute(_DROP_OLDER_DELIVERY, row)
                connection.execute(_QUEUE_MESSAGE, row)
                connection.execute(_QUEUE_DELIVERY, row)

    def receive(self, limit: int) -> tuple[Delivery, ...]:
        places = max(limit, 0)
        now_ms = self._clock.now_ms()
        # Most often nothing waits, and a look needs no write.
        with self._database.read() as connection:
            if connection.execute(_SELECT_ANY).fetchone() is None:
                return ()
        with self._database.write() as connection:
            connection.execute(_ADOPT)
            idle = _visible(connection, "idle", now_ms, places)
            kept = min(len(idle), idle_places(places))
            picked = _visible(connection, "moving", now_ms, places - kept)
            picked += idle[: places - len(picked)]
            connection.executemany(_COUNT_TRY, map(_number_of, picked))
        return tuple(picked)

    def waiting(self) -> tuple[LaneMessage, ...]:
        """Every message that is not settled, without handing any out."""
        with self._database.read() as connection:
            return tuple(
                LaneMessage(
                    ingestion=ingestion,
                    part=Part(key=key, lane=lane, rows=rows, size_bytes=size_bytes, sha256=sha256),
                    attempt=attempt,
                )
                for key, lane, ingestion, rows, size_bytes, sha256, attempt in connection.execute(
                    _SELECT_ALL
                )
            )

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        if not deliveries:
            return
        numbers = list(map(_number_of, deliveries))
        with self._database.write() as connection:
            connection.executemany(_SETTLE_MESSAGE, numbers)
            connection.executemany(_SETTLE_DELIVERY, numbers)

    def hide(self, deliveries: Sequence[Delivery], seconds: int) -> None:
        if not deliveries:
            return
        visible_at_ms = self._clock.now_ms() + seconds * 1000
        with self._database.write() as connection:
            connection.executemany(
                _HIDE, [(visible_at_ms, *_number_of(each), each.tries) for each in deliveries]
            )


def _visible(connection: sqlite3.Connection, lane: Lane, now_ms: int, limit: int) -> list[Delivery]:
    """The oldest messages of a lane that may be handed out, as the deliveries they would be."""
    return [
        Delivery(
            message=LaneMessage(
                ingestion=ingestion,
                part=Part(key=key, lane=lane, rows=rows, size_bytes=size_bytes, sha256=sha256),
                attempt=attempt,
            ),
            receipt=str(number),
            tries=tries + 1,
        )
        for number, tries, attempt, key, ingestion, rows, size_bytes, sha256 in connection.execute(
            _SELECT_VISIBLE, (lane, now_ms, limit)
        )
    ]


def _number_of(delivery: Delivery) -> tuple[int]:
    return (int(delivery.receipt),)


def _row_of(message: LaneMessage) -> dict[str, str | int]:
    part = message.part
    return {
        "key": part.key,
        "attempt": message.attempt,
        "lane": part.lane,
        "ingestion": message.ingestion,
        "rows": part.rows,
        "size_bytes": part.size_bytes,
        "sha256": part.sha256,
    }
