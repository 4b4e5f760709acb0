"""Messages that were given up, in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from fleetcore.domain.parts import DeadLetter, LaneMessage, Part, RefusedRow
from fleetcore.ports.dead_letters import DeadLetters
from fleetcore_adapters.local.database import Database

TABLES: Final[Mapping[str, str]] = {
    "dead_letters": """
        CREATE TABLE dead_letters (
            sequence INTEGER PRIMARY KEY,
            part_key TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            lane TEXT NOT NULL,
            ingestion TEXT NOT NULL,
            row_count INTEGER NOT NULL,
            size_bytes INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            code TEXT NOT NULL,
            reason TEXT NOT NULL,
            tries INTEGER NOT NULL,
            died_at_ms INTEGER NOT NULL,
            refused TEXT NOT NULL,
            UNIQUE (part_key, attempt)
        )""",
}

_COLUMNS: Final = (
    "part_key, attempt, lane, ingestion, row_count, size_bytes, sha256,"
    " code, reason, tries, died_at_ms, refused"
)
_BURY: Final = (
    f"INSERT INTO dead_letters ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (part_key, attempt) DO NOTHING"
)
_SELECT_ALL: Final = f"SELECT {_COLUMNS} FROM dead_letters ORDER BY died_at_ms, sequence"
_REMOVE: Final = "DELETE FROM dead_letters WHERE part_key = ? AND attempt = ?"


class LocalDeadLetters(DeadLetters):
    """Keeps letters in the data folder's database; of a part and attempt the first one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define(TABLES)

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        if not letters:
            return
        with self._database.write() as connection:
            connection.executemany(_BURY, map(_row_of, letters))

    def read(self) -> tuple[DeadLetter, ...]:
        with self._database.read() as connection:
            return tuple(_letters(connection))

    def remove(self, letters: Sequence[DeadLetter]) -> None:
        if not letters:
            return
        with self._database.write() as connection:
            connection.executemany(
                _REMOVE, [(each.message.part.key, each.message.attempt) for each in letters]
            )


def _row_of(letter: DeadLetter) -> tuple[str | int, ...]:
    message, part = letter.message, letter.message.part
    return (
        part.key,
        message.attempt,
        part.lane,
        message.ingestion,
        part.rows,
        part.size_bytes,
        part.sha256,
        letter.code,
        letter.reason,
        letter.tries,
        letter.died_at_ms,
        json.dumps([[row.number, row.line, row.reason, row.payload] for row in letter.rows]),
    )


def _letters(connection: sqlite3.Connection) -> Iterator[DeadLetter]:
    for row in connection.execute(_SELECT_ALL):
        key, attempt, lane, ingestion, rows, size_bytes, sha256, *why, refused = row
        code, reason, tries, died_at_ms = why
        part = Part(key=key, lane=lane, rows=rows, size_bytes=size_bytes, sha256=sha256)
        yield DeadLetter(
            message=LaneMessage(ingestion=ingestion, part=part, attempt=attempt),
            code=code,
            reason=reason,
            tries=tries,
            died_at_ms=died_at_ms,
            rows=tuple(
                RefusedRow(number=number, line=line, reason=each, payload=payload)
                for number, line, each, payload in json.loads(refused)
            ),
        )
