"""Objects as files: what only a folder can get wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fleetcore.errors import InvalidInput, StorageUnavailable
from fleetcore_adapters.local.database import FILE_NAME, LOCK_NAME, Database
from fleetcore_adapters.local.durable_files import UNFINISHED_FOR_S
from fleetcore_adapters.local.object_store import UNFINISHED_FOLDER, LocalObjectStore


def test_an_object_is_a_file_at_its_key(tmp_path: Path) -> None:
    """Other tools find an object under its key."""
    LocalObjectStore(tmp_path).put_if_absent("log/date=2024-02-29/a.parquet", b"content")

    assert b"content" == (tmp_path / "log" / "date=2024-02-29" / "a.parquet").read_bytes()


def test_nothing_unfinished_stays_after_a_put(tmp_path: Path) -> None:
    """Neither a first nor a refused second put leaves a file behind."""
    store = LocalObjectStore(tmp_path)
    store.put_if_absent("a", b"1")
    store.put_if_absent("a", b"2")

    assert [] == list((tmp_path / UNFINISHED_FOLDER).iterdir())


def test_leftovers_of_a_crash_are_no_objects_and_go(tmp_path: Path) -> None:
    """What a killed put left is not listed; opening removes it once it is old enough."""
    store = LocalObjectStore(tmp_path)
    old, young = (tmp_path / UNFINISHED_FOLDER / name for name in ("old", "young"))
    for leftover in (old, young):
        leftover.write_bytes(b"half")
    a_while_ago = young.stat().st_mtime - UNFINISHED_FOR_S - 60
    os.utime(old, (a_while_ago, a_while_ago))

    assert [] == list(store.keys(""))
    LocalObjectStore(tmp_path)
    assert [False, True] == [old.exists(), young.exists()]


def test_the_database_is_no_object(tmp_path: Path) -> None:
    """In a folder shared with a database, its files are neither listed nor reachable."""
    Database(tmp_path).close()
    store = LocalObjectStore(tmp_path)

    assert [] == list(store.keys(""))
    for name in (FILE_NAME, LOCK_NAME):
        with pytest.raises(InvalidInput, match="reserved"):
            store.remove(name)


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    """A store that cannot make its folders says which path is the trouble."""
    store = LocalObjectStore(tmp_path)
    store.put_if_absent("a", b"content")

    with pytest.raises(StorageUnavailable, match="a"):
        store.put_if_absent("a/b", b"content")
