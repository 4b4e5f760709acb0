"""The SQLite files of a data folder: one that everything rests on, and one of views."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import ClassVar, Final

from fleetcore.errors import StorageUnavailable
from fleetcore_adapters.local.folder_lock import FolderLock
from fleetcore_adapters.local.storage_errors import DAMAGED, translated

FILE_NAME: Final = "fleetcore.sqlite"
LOCK_NAME: Final = "lock"
VIEWS_FILE_NAME: Final = "views.sqlite"
VIEWS_LOCK_NAME: Final = "views~lock"
OBJECT_FOLDERS: Final = ("fresh", "log", "rejects")
"""Where a fleet keeps what its database names; these are empty before there is a database."""

BUSY_TIMEOUT_S: Final = 30.0


class Database:
    """One SQLite file in write-ahead mode; safe to share between threads.

    Writers, and with them SQLite's automatic checkpoints, are serialised by the folder's lock;
    readers never wait for them. Every method raises `StorageUnavailable`, which also takes the
    place of SQLite's and the operating system's errors inside `read` and `write`.
    """

    schema_version: ClassVar[int] = 1
    _file_name: ClassVar[str] = FILE_NAME
    _lock_name: ClassVar[str] = LOCK_NAME
    _if_damaged: ClassVar[str] = DAMAGED
    _synchronous: ClassVar[str] = "FULL"
    _cache_kib: ClassVar[int] = 2000  # SQLite's own default, as the next one
    _checkpoint_pages: ClassVar[int] = 1000

    def __init__(self, folder: Path) -> None:
        """Open the folder's database; both are made if they do not exist."""
        self.folder = folder
        self._path = folder / self._file_name
        self._lock = FolderLock(folder / self._lock_name)
        self._pool = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        with self._translated():
            folder.mkdir(parents=True, exist_ok=True)
            self._writer = self._opened()

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self._path, if_damaged=self._if_damaged)

    def _opened(self) -> sqlite3.Connection:
        writer = _connect(f"{self._path.absolute().as_uri()}?mode=rwc")
        try:
            version = _user_version(writer)
            if version == 0:
                version = self._created(writer)
            if version > self.schema_version:
                raise StorageUnavailable(
                    f"{self._path}: its schema version {version} is newer than "
                    f"{self.schema_version}, the newest this fleetcore knows; install a newer "
                    "fleetcore"
                )
            writer.execute(f"PRAGMA cache_size = {-self._cache_kib}")
            writer.execute(f"PRAGMA wal_autocheckpoint = {self._checkpoint_pages}")
        except BaseException:
            writer.close()
            raise
        return writer

    def _created(self, writer: sqlite3.Connection) -> int:
        with self.locked():
            if _user_version(writer) == 0:
                self._check_nothing_is_lost()
                writer.execute("PRAGMA journal_mode = WAL")
                writer.execute(f"PRAGMA user_version = {self.schema_version}")
            return _user_version(writer)

    def _check_nothing_is_lost(self) -> None:
        for name in OBJECT_FOLDERS:
            if next((self.folder / name).glob("*"), None) is not None:
                raise StorageUnavailable(
                    f"{self._path} is missing or empty, but {self.folder / name} holds files that "
                    "only it can tell the meaning of; restore it from a backup, or use an empty "
                    "folder and ingest again"
                )

    def define(self, tables: Mapping[str, str]) -> None:
        """Run the statement of every table or index, by name, that does not exist yet."""
        if self._missing(tables):
            with self.locked():
                missing = self._missing(tables)
                with self.write() as connection:
                    for name in missing:
                        connection.execute(tables[name])

    def _missing(self, tables: Mapping[str, str]) -> list[str]:
        with self.read() as connection:
            known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        return [name for name in tables if name not in known]

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one snapshot, taken by its first statement, and cannot write."""
        with self._translated():
            connection = self._reader()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.rollback()
                with self._pool:
                    self._idle.append(connection)

    def _reader(self) -> sqlite3.Connection:
        with self._pool:
            if self._idle:
                return self._idle.pop()
        # Read-only connections never checkpoint when they are closed, so they need no lock.
        return _connect(f"{self._path.absolute().as_uri()}?mode=ro")

    @contextmanager
    def write(self, *, synced: bool = True) -> Iterator[sqlite3.Connection]:
        """A connection in one transaction, under the folder's lock.

        Committed and durable (one fsync) when the block ends, rolled back when it raises. Not
        to be nested. One that is not `synced` is durable when the next one is: nothing is lost
        with a process that is killed, but it may be with the power.
        """
        with self._translated(), self.locked():
            self._writer.execute(
                f"PRAGMA synchronous = {self._synchronous if synced else 'NORMAL'}"
            )
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.rollback()
                raise

    def locked(self) -> AbstractContextManager[None]:
        """Hold the folder's lock over several steps; `write` may be called meanwhile."""
        return self._lock.held()

    def scrub(self) -> bool:
        """Write the file anew, so that nothing that was deleted is left in it or beside it.

        Whether all of it is done: a reader that began earlier, in another process, may still
        need pages of before.
        """
        with self._translated(), self.locked():
            self._writer.execute("VACUUM")
            busy, _, _ = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def close(self) -> None:
        """Close every connection; the database cannot be used afterwards."""
        with self._pool:
            while self._idle:
                self._idle.pop().close()
        with self._translated(), self.locked():
            self._writer.close()


class ViewsDatabase(Database):
    """What is made of the log and can be made again, in a file of its own.

    So no append waits for a view. A commit is not synced: after a power cut the last ones may be
    gone, together with the cursors they saved, and are made again. So is what an older version
    of fleetcore made.
    """

    schema_version = 3
    _file_name = VIEWS_FILE_NAME
    _lock_name = VIEWS_LOCK_NAME
    _if_damaged = (
        f"the file is damaged; end what runs in this folder, delete {VIEWS_FILE_NAME} and the files"
        " whose names begin so, and run again: it is made anew from the log"
    )
    _synchronous = "NORMAL"
    # A batch changes most pages of a fleet's registers: they are kept in memory, and several
    # batches are carried over from the write-ahead file at once.
    _cache_kib = 64 << 10
    _checkpoint_pages = 16_000

    def _opened(self) -> sqlite3.Connection:
        if self._is_older():
            with self.locked():
                # If nobody else was quicker.
                for ending in ("", "-wal", "-shm") if self._is_older() else ():
                    self._path.with_name(VIEWS_FILE_NAME + ending).unlink(missing_ok=True)
        return super()._opened()

    def _is_older(self) -> bool:
        if not self._path.exists():
            return False
        with closing(_connect(f"{self._path.absolute().as_uri()}?mode=rw")) as connection:
            return 0 < _user_version(connection) < self.schema_version

    def _check_nothing_is_lost(self) -> None:
        """Nothing is: the log has it all."""


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(
        uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )


def _user_version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
