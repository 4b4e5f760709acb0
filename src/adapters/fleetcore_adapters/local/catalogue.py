"""A catalogue in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypeAlias

from fleetcore.domain.ledger import StoreOutcome
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
}

_COLUMNS: Final = (
    "sequence, key, kind, row_count, min_vehicle_id, max_vehicle_id, min_observed_at,"
    " max_observed_at, size_bytes, sha256, origin, ingestion"
)
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
            last = _last_sequence(connection)
        return Listing(entries=tuple(map(_entry_of, rows)), sequence=last)

    def outcomes(self, origins: Collection[str]) -> Mapping[str, StoreOutcome]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT origin, stored, already_stored, conflicting FROM log_appends"
                " WHERE origin IN (SELECT value FROM json_each(?))",
                (json.dumps(list(origins)),),
            ).fetchall()
        return {origin: _outcome_of(counts) for origin, *counts in rows}

    def recorded(self) -> Mapping[str, Recorded]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT origin, sequence, stored, already_stored, conflicting FROM log_appends"
            ).fetchall()
        return {
            origin: Recorded(sequence=sequence, outcome=_outcome_of(counts))
            for origin, sequence, *counts in rows
        }

    def append(self, parts: Sequence[Appended], seen: int) -> bool:
        with self._database.write() as connection:
            files = [part.file for part in parts if part.file is not None]
            if any(_met_since(connection, file, seen) for file in files):
                return False
            for part in parts:
                _record(connection, part)
        return True

    def replace(self, old: Collection[str], new: Sequence[LogFile], now_ms: int) -> bool:
        with self._database.write() as connection:
            keys = json.dumps(list(old))
            named, highest = connection.execute(
                "SELECT count(*), max(sequence) FROM log_files"
                " WHERE key IN (SELECT value FROM json_each(?))",
                (keys,),
            ).fetchone()
            if named != len(set(old)):
                return False
            connection.execute(
                "DELETE FROM log_files WHERE key IN (SELECT value FROM json_each(?))", (keys,)
            )
            connection.executemany(
                "INSERT OR REPLACE INTO log_retired (key, retired_at) VALUES (?, ?)",
                [(key, now_ms) for key in old],
            )
            for file in new:
                _name(connection, file, highest or 0)
                connection.execute("DELETE FROM log_retired WHERE key = ?", (file.key,))
        return True

    def retired(self) -> Mapping[str, int]:
        with self._database.read() as connection:
            return dict(connection.execute("SELECT key, retired_at FROM log_retired").fetchall())

    def forget(self, keys: Collection[str]) -> None:
        with self._database.write() as connection:
            connection.executemany(
                "DELETE FROM log_retired WHERE key = ?", [(key,) for key in keys]
            )


def _outcome_of(counts: Sequence[int]) -> StoreOutcome:
    stored, already_stored, conflicting = counts
    return StoreOutcome(stored=stored, already_stored=already_stored, conflicting=conflicting)


def _last_sequence(connection: sqlite3.Connection) -> int:
    (last,) = connection.execute("SELECT coalesce(max(sequence), 0) FROM log_appends").fetchone()
    return int(last)


def _met_since(connection: sqlite3.Connection, file: LogFile, seen: int) -> bool:
    found = connection.execute(
        f"SELECT 1 FROM log_files WHERE sequence > ? AND ingestion IS NOT ?{_MEETS} LIMIT 1",
        (seen, file.ingestion, *_bounds(file.extent)),
    ).fetchone()
    return found is not None


def _record(connection: sqlite3.Connection, part: Appended) -> None:
    outcome = part.outcome
    recorded = connection.execute(
        "INSERT INTO log_appends (origin, stored, already_stored, conflicting)"
        " VALUES (?, ?, ?, ?) ON CONFLICT (origin) DO NOTHING",
        (part.origin, outcome.stored, outcome.already_stored, outcome.conflicting),
    )
    if recorded.rowcount and part.file is not None:
        _name(connection, part.file, _last_sequence(connection))


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
