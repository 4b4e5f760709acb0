"""Messages that could not be taken in, in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from fleetcore.domain.messages import DeadMessage, Message
from fleetcore.ports.dead_messages import MOST_BYTES, MOST_MESSAGES, DeadMessages
from fleetcore_adapters.local.database import Database

TABLES: Final[Mapping[str, str]] = {
    "dead_messages": """
        CREATE TABLE dead_messages (
            sequence INTEGER PRIMARY KEY,
            topic TEXT NOT NULL,
            received_at_ms INTEGER NOT NULL,
            code TEXT NOT NULL,
            reasons TEXT NOT NULL,
            size_bytes INTEGER NOT NULL,
            payload BLOB NOT NULL
        )""",
    "dead_messages_totals": """
        CREATE TABLE dead_messages_totals (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            kept INTEGER NOT NULL,
            kept_bytes INTEGER NOT NULL,
            dropped INTEGER NOT NULL
        )""",
}

_BURY: Final = (
    "INSERT INTO dead_messages (topic, received_at_ms, code, reasons, size_bytes, payload)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
_SELECT_LAST: Final = (
    "SELECT topic, payload, received_at_ms, code, reasons FROM dead_messages"
    " ORDER BY sequence DESC LIMIT ?"
)
_SELECT_OLDEST: Final = "SELECT sequence, size_bytes FROM dead_messages ORDER BY sequence"
_SELECT_TOTALS: Final = "SELECT kept, kept_bytes, dropped FROM dead_messages_totals"
_RECOUNT: Final = "SELECT count(*), coalesce(sum(size_bytes), 0) FROM dead_messages"
_HOLDING: Final = "instr(payload, ?1) > 0 OR instr(CAST(topic AS BLOB), ?1) > 0"


class LocalDeadMessages(DeadMessages):
    """Keeps messages in the data folder's database."""

    def __init__(
        self,
        database: Database,
        *,
        most_messages: int = MOST_MESSAGES,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._database = database
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        database.define(TABLES)

    def bury(self, messages: Sequence[DeadMessage]) -> None:
        if not messages:
            return
        with self._database.write() as connection:
            connection.executemany(_BURY, map(_row_of, messages))
            kept, kept_bytes, dropped = _totals(connection)
            kept += len(messages)
            kept_bytes += sum(len(each.message.payload) for each in messages)
            last = None
            for sequence, size_bytes in connection.execute(_SELECT_OLDEST):
                if kept <= self._most_messages and kept_bytes <= self._most_bytes:
                    break
                last = sequence
                kept -= 1
                kept_bytes -= size_bytes
                dropped += 1
            if last is not None:
                connection.execute("DELETE FROM dead_messages WHERE sequence <= ?", (last,))
            _save_totals(connection, kept, kept_bytes, dropped)

    def read(self, limit: int = 1000) -> tuple[DeadMessage, ...]:
        with self._database.read() as connection:
            rows = connection.execute(_SELECT_LAST, (limit,)).fetchall()
        return tuple(
            DeadMessage(
                message=Message(topic=topic, payload=payload, received_at_ms=received_at_ms),
                code=code,
                reasons=tuple(json.loads(reasons)),
            )
            for topic, payload, received_at_ms, code, reasons in reversed(rows)
        )

    def count(self) -> int:
        with self._database.read() as connection:
            return _totals(connection)[0]

    def dropped(self) -> int:
        with self._database.read() as connection:
            return _totals(connection)[2]

    def remove(self, holding: bytes) -> int:
        with self._database.write() as connection:
            query = f"DELETE FROM dead_messages WHERE {_HOLDING}"
            removed = connection.execute(query, (holding,)).rowcount
            if removed:
                kept, kept_bytes = connection.execute(_RECOUNT).fetchone()
                _save_totals(connection, kept, kept_bytes, _totals(connection)[2])
            return removed

    def clear(self) -> None:
        with self._database.write() as connection:
            connection.execute("DELETE FROM dead_messages")
            _save_totals(connection, 0, 0, 0)


def _totals(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """How many are kept, of how many bytes, and how many were dropped."""
    row = connection.execute(_SELECT_TOTALS).fetchone()
    return (0, 0, 0) if row is None else row


def _save_totals(connection: sqlite3.Connection, kept: int, kept_bytes: int, dropped: int) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO dead_messages_totals VALUES (1, ?, ?, ?)",
        (kept, kept_bytes, dropped),
    )


def _row_of(dead: DeadMessage) -> tuple[str | int | bytes, ...]:
    message = dead.message
    return (
        message.topic,
        message.received_at_ms,
        dead.code,
        json.dumps(dead.reasons),
        len(message.payload),
        message.payload,
    )
