"""Streams of decisions in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final, Generic

from fleetcore.codec.envelope import Envelope
from fleetcore.codec.event_codec import EventCodec
from fleetcore.errors import StorageUnavailable, VersionConflict
from fleetcore.ports.event_store import E, EventStore, checked_size
from fleetcore_adapters.local.database import Database

TABLES: Final[Mapping[str, str]] = {
    "events": """
        CREATE TABLE events (
            sequence INTEGER PRIMARY KEY,
            stream TEXT NOT NULL,
            version INTEGER NOT NULL,
            name TEXT NOT NULL,
            schema_version INTEGER NOT NULL,
            body TEXT NOT NULL,
            UNIQUE (stream, version)
        )""",
    "events_first": "CREATE INDEX events_first ON events (sequence, stream) WHERE version = 1",
}


class LocalEventStore(EventStore[E], Generic[E]):
    """Keeps streams in the data folder's database; one append is one transaction.

    Aggregates of several kinds share it, each with its codec and names of its own.
    """

    def __init__(self, database: Database, codec: EventCodec[E]) -> None:
        self._database = database
        self._codec = codec
        database.define(TABLES)

    def append(self, stream: str, expected_version: int, events: Sequence[E]) -> int:
        checked_size(events)
        if not events:
            with self._database.read() as connection:
                _check_version(connection, stream, expected_version)
            return expected_version
        envelopes = [self._codec.encode(event) for event in events]
        with self._database.write() as connection:
            _check_version(connection, stream, expected_version)
            connection.executemany(
                "INSERT INTO events (stream, version, name, schema_version, body)"
                " VALUES (?, ?, ?, ?, ?)",
                [
                    (stream, version, envelope.name, envelope.version, envelope.body)
                    for version, envelope in enumerate(envelopes, expected_version + 1)
                ],
            )
        return expected_version + len(events)

    def read(self, stream: str) -> tuple[E, ...]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT version, name, schema_version, body FROM events"
                " WHERE stream = ? ORDER BY version",
                (stream,),
            ).fetchall()
        for expected, (version, *_) in enumerate(rows, 1):
            if version != expected:
                raise StorageUnavailable(
                    f"stream {stream!r} has no event {expected}, but event {version}: the database"
                    " is damaged; restore the data folder from a backup"
                )
        return tuple(
            self._codec.decode(Envelope(name=name, version=schema_version, body=body))
            for _, name, schema_version, body in rows
        )

    def streams(self, prefix: str = "") -> tuple[str, ...]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT stream FROM events WHERE version = 1 AND substr(stream, 1, ?) = ?"
                " ORDER BY sequence",
                (len(prefix), prefix),
            ).fetchall()
        return tuple(stream for (stream,) in rows)


def _check_version(connection: sqlite3.Connection, stream: str, expected: int) -> None:
    (actual,) = connection.execute(
        "SELECT coalesce(max(version), 0) FROM events WHERE stream = ?", (stream,)
    ).fetchone()
    if actual != expected:
        raise VersionConflict(stream, expected, actual)
