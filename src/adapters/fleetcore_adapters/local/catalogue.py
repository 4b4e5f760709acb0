"""A catalogue in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, TypeAlias

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.tombstones import Tombstone
from fleetcore.errors import ObjectMissing
from fleetcore.ports.catalogue import (
    Appended,
    Catalogue,
    Entry,
    Extent,
    FileKind,
    Listing,
    LogFile,
    Recorded,
)
from fleetcore_adapters.local.database import Database

TABLES: Final[Mapping[str, str]] = {
    "log_appends": """
        CREATE TABLE log_appends (
            sequence INTEGER PRIMARY KEY,
            origin TEXT NOT NULL UNIQUE,
            stored INTEGER NOT NULL,
            already_stored INTEGER NOT NULL,
            conflicting INTEGER NOT NULL
        )""",
    "log_files": """
        CREATE TABLE log_files (
            key TEXT NOT NULL PRIMARY KEY,
            sequence INTEGER NOT NULL,
            kind TEXT NOT NULL,
            row_count INTEGER NOT NULL,
            min_vehicle_id TEXT NOT NULL,
            max_vehicle_id TEXT NOT NULL,
            min_observed_at INTEGER NOT NULL,
            max_observed_at INTEGER NOT NULL,
            size_bytes INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            origin TEXT,
            ingestion TEXT
        )""",
    "log_files_sequence": "CREATE INDEX log_files_sequence ON log_files (sequence)",
    "log_retired": """
        CREATE TABLE log_retired (
            key TEXT NOT NULL PRIMARY KEY,
            retired_at INTEGER NOT NULL
        )""",
    "log_contents": """
        CREATE TABLE log_contents (
            key TEXT NOT NULL PRIMARY KEY,
            content BLOB NOT NULL
        )""",
    "log_forgotten": """
        CREATE TABLE log_forgotten (
            origin TEXT NOT NULL PRIMARY KEY,
            forgotten INTEGER NOT NULL
        )""",
    "log_tombstones": """
        CREATE TABLE log_tombstones (
            key TEXT NOT NULL PRIMARY KEY,
            leaf INTEGER NOT NULL,
            forgotten_at INTEGER NOT NULL
        )""",
}

_COLUMNS: Final = (
    "sequence, key, kind, row_count, min_vehicle_id, max_vehicle_id, min_observed_at,"
    " max_observed_at, size_bytes, sha256, origin, ingestion"
)
_COUNTS: Final = "stored, already_stored, conflicting, coalesce(forgotten, 0)"
_OUTCOMES: Final = "log_appends LEFT JOIN log_forgotten USING (origin)"
"""Rows of forgotten vehicles are counted beside the others: a part has them seldom."""

_MEETS: Final = (
    " AND min_vehicle_id <= ? AND max_vehicle_id >= ?"
    " AND min_observed_at <= ? AND max_observed_at >= ?"
)

_Row: TypeAlias = tuple[
    int, str, FileKind, int, str, str, int, int, int, str, str | None, str | None
]


class LocalCatalogue(Catalogue):
    """Keeps the catalogue in the data folder's database; one change is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.define(TABLES)

    def files(self, extent: Extent | None = None, after: int = 0) -> Listing:
        meets, values = ("", ()) if extent is None else (_MEETS, _bounds(extent))
        with self._database.read() as connection:
            rows: list[_Row] = connection.execute(
                f"SELECT {_COLUMNS} FROM log_files WHERE sequence > ?{meets}"
                " ORDER BY sequence, key",
                (after, *values),
            ).fetchall()
            last, buried = _last_sequence(connection), _buried(connection)
        return Listing(entries=tuple(map(_entry_of, rows)), sequence=last, buried=buried)

    def outcomes(self, origins: Collection[str]) -> Mapping[str, StoreOutcome]:
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT origin, {_COUNTS} FROM {_OUTCOMES}"
                " WHERE origin IN (SELECT value FROM json_each(?))",
                (json.dumps(list(origins)),),
            ).fetchall()
        return {origin: _outcome_of(counts) for origin, *counts in rows}

    def recorded(self) -> Mapping[str, Recorded]:
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT origin, sequence, {_COUNTS} FROM {_OUTCOMES}"
            ).fetchall()
        return {
            origin: Recorded(sequence=sequence, outcome=_outcome_of(counts))
            for origin, sequence, *counts in rows
        }

    def content(self, key: str) -> bytes:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT content FROM log_contents WHERE key = ?", (key,)
            ).fetchone()
        if row is None:
            raise ObjectMissing(f"no {key!r} in the log's tail; run `fleetcore doctor`")
        return bytes(row[0])

    def append(self, parts: Sequence[Appended], seen: int, buried: int = 0) -> bool:
        with self._database.write() as connection:
            if _buried(connection) > buried:
                return False
            files = [part.file for part in parts if part.file is not None]
            if any(_met_since(connection, file, seen) for file in files):
                return False
            for part in parts:
                _record(connection, part)
        return True

    def locked(self) -> AbstractContextManager[None]:
        return self._database.locked()

    def replace(
        self,
        old: Collection[str],
        new: Sequence[LogFile],
        now_ms: int,
        forgotten: Mapping[str, int] | None = None,
    ) -> bool:
        with self._database.write() as connection:
            keys = json.dumps(list(old))
            named, highest = connection.execute(
                "SELECT count(*), max(sequence) FROM log_files"
                " WHERE key IN (SELECT value FROM json_each(?))",
                (keys,),
            ).fetchone()
            if named != len(set(old)):
                return False
            tails = connection.execute(
                "SELECT key, origin, ingestion FROM log_files WHERE kind = 'tail'"
                " AND key IN (SELECT value FROM json_each(?))",
                (keys,),
            ).fetchall()
            _cut_off(connection, tails)
            gone = {key for key, *_ in tails}
            connection.execute(
                "DELETE FROM log_files WHERE key IN (SELECT value FROM json_each(?))", (keys,)
            )
            connection.executemany(
                "INSERT OR REPLACE INTO log_retired (key, retired_at) VALUES (?, ?)",
                [(key, now_ms) for key in old if key not in gone],
            )
            for file in new:
                _name(connection, file, highest or 0)
                connection.execute("DELETE FROM log_retired WHERE key = ?", (file.key,))
            for ingestion, lost in (forgotten or {}).items():
                _forget(connection, f"tail/{ingestion}", lost)
        return True

    def bury(self, tombstones: Sequence[Tombstone]) -> None:
        with self._database.write() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO log_tombstones (key, leaf, forgotten_at) VALUES (?, ?, ?)",
                [(each.key, each.leaf, each.forgotten_at_ms) for each in tombstones],
            )

    def tombstones(self) -> tuple[Tombstone, ...]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT key, leaf, forgotten_at FROM log_tombstones ORDER BY key"
            ).fetchall()
        return tuple(
            Tombstone(key=key, leaf=leaf, forgotten_at_ms=at_ms) for key, leaf, at_ms in rows
        )

    def retired(self) -> Mapping[str, int]:
        with self._database.read() as connection:
            return dict(connection.execute("SELECT key, retired_at FROM log_retired").fetchall())

    def forget(self, keys: Collection[str]) -> None:
        with self._database.write() as connection:
            connection.executemany(
                "DELETE FROM log_retired WHERE key = ?", [(key,) for key in keys]
            )


def _outcome_of(counts: Sequence[int]) -> StoreOutcome:
    stored, already_stored, conflicting, forgotten = counts
    return StoreOutcome(
        stored=stored, already_stored=already_stored, conflicting=conflicting, forgotten=forgotten
    )


def _last_sequence(connection: sqlite3.Connection) -> int:
    (last,) = connection.execute("SELECT coalesce(max(sequence), 0) FROM log_appends").fetchone()
    return int(last)


def _buried(connection: sqlite3.Connection) -> int:
    (number,) = connection.execute("SELECT count(*) FROM log_tombstones").fetchone()
    return int(number)


def _met_since(connection: sqlite3.Connection, file: LogFile, seen: int) -> bool:
    found = connection.execute(
        "SELECT 1 FROM log_files"
        f" WHERE sequence > ? AND (? = 'tail' OR ingestion IS NOT ?){_MEETS} LIMIT 1",
        (seen, file.kind, file.ingestion, *_bounds(file.extent)),
    ).fetchone()
    return found is not None


def _record(connection: sqlite3.Connection, part: Appended) -> None:
    outcome = part.outcome
    recorded = connection.execute(
        "INSERT INTO log_appends (origin, stored, already_stored, conflicting)"
        " VALUES (?, ?, ?, ?) ON CONFLICT (origin) DO NOTHING",
        (part.origin, outcome.stored, outcome.already_stored, outcome.conflicting),
    )
    if recorded.rowcount and outcome.forgotten:
        _record_forgotten(connection, part.origin, outcome.forgotten)
    if recorded.rowcount and part.file is not None:
        _name(connection, part.file, _last_sequence(connection))
        if part.content is not None:
            connection.execute(
                "INSERT INTO log_contents (key, content) VALUES (?, ?)",
                (part.file.key, part.content),
            )


def _record_forgotten(connection: sqlite3.Connection, origin: str, rows: int) -> None:
    connection.execute(
        "INSERT INTO log_forgotten (origin, forgotten) VALUES (?, ?)"
        " ON CONFLICT (origin) DO UPDATE SET forgotten = excluded.forgotten",
        (origin, rows),
    )


def _forget(connection: sqlite3.Connection, record: str, rows: int) -> None:
    counts = connection.execute(
        f"SELECT {_COUNTS} FROM {_OUTCOMES} WHERE origin = ?", (record,)
    ).fetchone()
    if counts is not None:
        outcome = _outcome_of(counts).forgetting(rows)
        connection.execute(
            "UPDATE log_appends SET stored = ?, conflicting = ? WHERE origin = ?",
            (outcome.stored, outcome.conflicting, record),
        )
        _record_forgotten(connection, record, outcome.forgotten)


def _cut_off(connection: sqlite3.Connection, tails: Sequence[tuple[str, str, str]]) -> None:
    """Remove contents of the tail, and sum up the outcomes of each ingestion's batches."""
    connection.executemany(
        "DELETE FROM log_contents WHERE key = ?", [(key,) for key, _, _ in tails]
    )
    origins: dict[str, list[str]] = {}
    for _, origin, ingestion in tails:
        origins.setdefault(f"tail/{ingestion}", [f"tail/{ingestion}"]).append(origin)
    for record, summed in origins.items():
        among = "WHERE origin IN (SELECT value FROM json_each(?))"
        values = (json.dumps(summed),)
        *total, forgotten = connection.execute(
            "SELECT max(sequence), sum(stored), sum(already_stored), sum(conflicting),"
            f" coalesce(sum(forgotten), 0) FROM {_OUTCOMES} {among}",
            values,
        ).fetchone()
        connection.execute(f"DELETE FROM log_appends {among}", values)
        connection.execute(f"DELETE FROM log_forgotten {among}", values)
        connection.execute(
            "INSERT INTO log_appends (sequence, origin, stored, already_stored, conflicting)"
            " VALUES (?, ?, ?, ?, ?)",
            (total[0], record, *total[1:]),
        )
        if forgotten:
            _record_forgotten(connection, record, forgotten)


def _name(connection: sqlite3.Connection, file: LogFile, sequence: int) -> None:
    connection.execute(
        f"INSERT INTO log_files ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        _row_of(Entry(sequence=sequence, file=file)),
    )


def _bounds(extent: Extent) -> tuple[str, str, int, int]:
    return (
        extent.max_vehicle_id,
        extent.min_vehicle_id,
        extent.max_observed_at,
        extent.min_observed_at,
    )


def _row_of(entry: Entry) -> _Row:
    file, extent = entry.file, entry.file.extent
    return (
        entry.sequence,
        file.key,
        file.kind,
        file.rows,
        extent.min_vehicle_id,
        extent.max_vehicle_id,
        extent.min_observed_at,
        extent.max_observed_at,
        file.size_bytes,
        file.sha256,
        file.origin,
        file.ingestion,
    )


def _entry_of(row: _Row) -> Entry:
    (sequence, key, kind, rows, first_id, last_id, first_ms, last_ms, size, sha256, *came) = row
    origin, ingestion = came
    return Entry(
        sequence=sequence,
        file=LogFile(
            key=key,
            kind=kind,
            rows=rows,
            extent=Extent(
                min_vehicle_id=first_id,
                max_vehicle_id=last_id,
                min_observed_at=first_ms,
                max_observed_at=last_ms,
            ),
            size_bytes=size,
            sha256=sha256,
            origin=origin,
            ingestion=ingestion,
        ),
    )
