"""The SQLite file of a data folder."""

from __future__ import annotations

import fcntl
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fleetcore.errors import StorageUnavailable
from fleetcore_adapters.local.database import (
    FILE_NAME,
    LOCK_NAME,
    VIEWS_FILE_NAME,
    Database,
    ViewsDatabase,
)

TABLES = {"numbers": "CREATE TABLE numbers (number INTEGER PRIMARY KEY)"}


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """A data folder that does not exist yet, with a name that needs care in a URI."""
    return tmp_path / "my data?#%20" / "fleet"


@pytest.fixture(name="database")
def _database(folder: Path) -> Iterator[Database]:
    """A database with one table."""
    with closing(Database(folder)) as database:
        database.define(TABLES)
        yield database


def _insert(database: Database, number: int) -> None:
    with database.write() as connection:
        connection.execute("INSERT INTO numbers VALUES (?)", (number,))


def _numbers(database: Database) -> list[int]:
    with database.read() as connection:
        return [number for (number,) in connection.execute("SELECT number FROM numbers")]


def test_makes_its_folder_and_files(database: Database, folder: Path) -> None:
    """The database and its lock lie in the folder given."""
    _insert(database, 1)

    assert {FILE_NAME, LOCK_NAME} <= {path.name for path in folder.iterdir()}


def test_is_durable_at_every_commit(database: Database) -> None:
    """The file is in write-ahead mode and every commit is synced, but those that need not be."""
    modes = []
    for synced in (True, False, True):
        with database.write(synced=synced) as connection:
            modes += [
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "synchronous")
            ]

    assert ["wal", 2, "wal", 1, "wal", 2] == modes


def test_keeps_what_was_committed(folder: Path, database: Database) -> None:
    """Another handle sees what was written, also when everything was closed meanwhile."""
    _insert(database, 1)
    database.close()

    with closing(Database(folder)) as other:
        assert [1] == _numbers(other)


def test_a_write_that_raises_is_rolled_back(database: Database) -> None:
    """Nothing of a failed write stays, and the next write works."""
    with pytest.raises(StorageUnavailable, match="UNIQUE"), database.write() as connection:
        connection.executemany("INSERT INTO numbers VALUES (?)", [(1,), (1,)])

    _insert(database, 2)
    assert [2] == _numbers(database)


def test_a_read_sees_one_snapshot(database: Database) -> None:
    """What is committed while a read goes on is not seen by it."""
    _insert(database, 1)
    with database.read() as connection:
        count = "SELECT count(*) FROM numbers"
        before = connection.execute(count).fetchone()
        _insert(database, 2)
        after = connection.execute(count).fetchone()

    assert ((1,), (1,), [1, 2]) == (before, after, _numbers(database))


def test_a_read_cannot_write(database: Database) -> None:
    """A reader's connection refuses to change anything."""
    with pytest.raises(StorageUnavailable, match="readonly"), database.read() as connection:
        connection.execute("INSERT INTO numbers VALUES (1)")

    assert [] == _numbers(database)


def test_reads_do_not_wait_for_the_lock(database: Database) -> None:
    """While another thread holds the lock, readers go on."""
    with database.locked():
        seen: list[list[int]] = []
        reader = threading.Thread(target=lambda: seen.append(_numbers(database)))
        reader.start()
        reader.join(timeout=30)

    assert [[]] == seen


def test_the_lock_can_be_taken_again_by_its_holder(database: Database) -> None:
    """Several writes can be made one step against others."""
    with database.locked(), database.locked():
        _insert(database, 1)
        _insert(database, 2)

    assert [1, 2] == _numbers(database)


def _lock_is_free(folder: Path) -> bool:
    with (folder / LOCK_NAME).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_the_lock_excludes_other_processes(folder: Path, database: Database) -> None:
    """The lock's file is locked from the outermost hold to its end, and in every write."""
    with database.locked():
        with database.locked():
            pass
        held = _lock_is_free(folder)
    released = _lock_is_free(folder)
    with database.write():
        writing = _lock_is_free(folder)

    assert (False, True, False, True) == (held, released, writing, _lock_is_free(folder))


def test_the_lock_is_dropped_when_its_holder_raises(folder: Path, database: Database) -> None:
    """An error inside leaves nothing locked."""
    with pytest.raises(ZeroDivisionError), database.locked():
        raise ZeroDivisionError

    assert _lock_is_free(folder)


def test_defining_twice_is_nothing(folder: Path, database: Database) -> None:
    """Tables that exist are left alone, by every handle."""
    _insert(database, 1)
    database.define(TABLES)

    with closing(Database(folder)) as other:
        other.define(TABLES)
        assert [1] == _numbers(other)


def test_handles_that_define_at_once_agree(folder: Path) -> None:
    """Opening and defining from many threads makes each table once."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(6)

    def define() -> None:
        barrier.wait()
        try:
            with closing(Database(folder)) as database:
                database.define(TABLES)
        except StorageUnavailable as error:
            failures.append(error)

    threads = [threading.Thread(target=define) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert [] == failures


def test_a_newer_schema_is_refused(folder: Path, database: Database) -> None:
    """A file that a newer version wrote is not touched, and the error says what to do."""
    with database.write() as connection:
        connection.execute(f"PRAGMA user_version = {Database.schema_version + 1}")

    with pytest.raises(StorageUnavailable, match="install a newer fleetcore"):
        Database(folder)


def test_views_of_an_older_version_are_made_again(tmp_path: Path) -> None:
    """Their cursors are gone with them; what lies in the other database stays."""
    with closing(sqlite3.connect(tmp_path / VIEWS_FILE_NAME)) as older:
        older.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA user_version = 1;"
            "CREATE TABLE register_sums (cursor INTEGER); INSERT INTO register_sums VALUES (7);"
        )
    for _ in range(2):
        views = ViewsDatabase(tmp_path)
        views.define({"kept": "CREATE TABLE kept (number INTEGER)"})
        with views.read() as connection:
            tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
        views.close()

        assert [("kept",)] == tables


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """A damaged file is named."""
    (tmp_path / FILE_NAME).write_bytes(b"not a database" * 1000)

    with pytest.raises(StorageUnavailable, match=rf"{FILE_NAME}: .*damaged"):
        Database(tmp_path)


def test_damaged_views_are_made_anew(tmp_path: Path) -> None:
    """By whoever deletes them: no backup is needed."""
    (tmp_path / VIEWS_FILE_NAME).write_bytes(b"not a database" * 1000)

    with pytest.raises(StorageUnavailable, match=rf"damaged; .*delete {VIEWS_FILE_NAME} .*anew"):
        ViewsDatabase(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A file in the folder's place is named."""
    (tmp_path / "file").touch()

    with pytest.raises(StorageUnavailable, match="file"):
        Database(tmp_path / "file" / "data")


def test_a_disk_without_space_is_told(database: Database) -> None:
    """When no page can be added, nothing is written and the error says so."""
    with database.write() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StorageUnavailable, match="free some space"), database.write() as connection:
        connection.executemany("INSERT INTO numbers VALUES (?)", ((n,) for n in range(10_000)))

    assert [] == _numbers(database)


APPENDING = """
import sys
from contextlib import closing
from pathlib import Path

from fleetcore.domain.ingestion_events import IngestionSuperseded
from fleetcore.errors import VersionConflict
from fleetcore_adapters.local.database import Database
from fleetcore.codec.ingestion_events import INGESTION_EVENTS
from fleetcore_adapters.local.event_store import LocalEventStore

with closing(Database(Path(sys.argv[1]))) as database:
    store, won, lost = LocalEventStore(database, INGESTION_EVENTS), 0, 0
    print("ready", flush=True)
    sys.stdin.readline()
    for version in range(100):
        try:
            store.append("a", version, [IngestionSuperseded(by=sys.argv[2])])
            won += 1
        except VersionConflict:
            lost += 1
print(won, lost)
"""


def test_of_two_processes_one_wins_each_version(folder: Path) -> None:
    """Two processes append to one stream at once: no version twice, none missing."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", APPENDING, str(folder), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = [process.communicate("go\n", timeout=60)[0] for process in processes]
    counts = [tuple(map(int, answer.split())) for answer in answers]

    assert [100, 100] == [won + lost for won, lost in counts]
    with sqlite3.connect(folder / FILE_NAME) as connection:
        rows = connection.execute("SELECT version, body FROM events ORDER BY sequence").fetchall()
    connection.close()
    assert list(range(1, 101)) == [version for version, _ in rows]
    assert [won for won, _ in counts] == [
        sum(f'"{name}"' in body for _, body in rows) for name in ("one", "two")
    ]


@pytest.mark.parametrize("left", [None, b""], ids=["missing", "empty"])
def test_a_lost_database_is_not_begun_anew(tmp_path: Path, left: bytes | None) -> None:
    """Beside files that only the lost one can explain."""
    (tmp_path / "log").mkdir()
    Database(tmp_path).close()
    (tmp_path / "log" / "part").write_bytes(b"")
    Database(tmp_path).close()
    (tmp_path / FILE_NAME).unlink()
    if left is not None:
        (tmp_path / FILE_NAME).write_bytes(left)

    with pytest.raises(StorageUnavailable, match="restore it from a backup"):
        Database(tmp_path)


def test_what_was_deleted_is_not_left_in_the_file(database: Database, folder: Path) -> None:
    """Neither in pages that are free, nor beside the file."""
    database.define({"texts": "CREATE TABLE texts (text TEXT)"})
    with database.write() as connection:
        # Some builds of SQLite overwrite what is deleted, others do not.
        connection.execute("PRAGMA secure_delete = OFF")
    with database.write() as connection:
        texts = ((f"text {number}",) for number in range(5000))
        connection.executemany("INSERT INTO texts VALUES (?)", texts)
    with database.write() as connection:
        connection.execute("DELETE FROM texts WHERE text = 'text 4711'")

    def is_left() -> bool:
        return any(b"text 4711" in each.read_bytes() for each in folder.iterdir())

    before = is_left()
    assert (True, True, False) == (before, database.scrub(), is_left())


def test_a_reader_of_before_keeps_a_file_from_being_scrubbed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told; once the reader is done it can be."""
    monkeypatch.setattr("fleetcore_adapters.local.database.BUSY_TIMEOUT_S", 0.01)
    with closing(Database(database.folder)) as other, closing(Database(database.folder)) as mine:
        with other.read() as connection:
            connection.execute("SELECT * FROM numbers").fetchall()
            _insert(mine, 1)
            assert not mine.scrub()
        assert mine.scrub()
