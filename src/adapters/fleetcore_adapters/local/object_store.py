"""Objects as files in the data folder."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from fleetcore.errors import InvalidInput, ObjectMissing
from fleetcore.ports.object_store import ObjectStore, checked_key, is_key
from fleetcore_adapters.local.database import (
    FILE_NAME,
    LOCK_NAME,
    VIEWS_FILE_NAME,
)
from fleetcore_adapters.local.durable_files import durable_file, remove_leftovers, sync_folder
from fleetcore_adapters.local.storage_errors import translated

UNFINISHED_FOLDER: Final = "unfinished~"
"""Where objects are written before they get their names; the tilde keeps it from being a key."""

RESERVED: Final = frozenset(
    {
        LOCK_NAME,
        *(f"{name}{end}" for name in (FILE_NAME, VIEWS_FILE_NAME) for end in ("", "-wal", "-shm")),
    }
)


class LocalObjectStore(ObjectStore):
    """A file an object, at its key under a folder that it may share with a `Database`.

    A key cannot be the folder of another one.
    """

    def __init__(self, folder: Path) -> None:
        """Open the store; what a crash an hour ago or more left unfinished is removed."""
        self._folder = folder
        self._unfinished = folder / UNFINISHED_FOLDER
        with translated(folder):
            self._unfinished.mkdir(parents=True, exist_ok=True)
            remove_leftovers(self._unfinished.iterdir())

    def put_if_absent(self, key: str, content: bytes) -> bool:
        path = self._path(key)
        unfinished = self._unfinished / uuid.uuid4().hex
        with translated(path):
            if path.exists():
                sync_folder(path.parent)
                return False
            try:
                with durable_file(unfinished) as file:
                    file.write(content)
                self._make_folder(path.parent)
                return _linked(unfinished, path)
            finally:
                unfinished.unlink(missing_ok=True)

    def get(self, key: str) -> bytes:
        path = self._path(key)
        with translated(path):
            try:
                return path.read_bytes()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
                raise ObjectMissing(
                    f"no object {key!r} in {self._folder}; run `fleetcore doctor`"
                ) from error

    def keys(self, prefix: str) -> Iterator[str]:
        below = prefix.rpartition("/")[0]
        if below and not is_key(below):
            return iter(())
        with translated(self._folder):
            found = sorted(key for key in self._walked(below) if key.startswith(prefix))
        return iter(found)

    def _walked(self, below: str) -> Iterator[str]:
        for folder, folders, names in os.walk(self._folder / below, onerror=_unless_gone):
            if UNFINISHED_FOLDER in folders:
                folders.remove(UNFINISHED_FOLDER)
            at = os.path.relpath(folder, self._folder)
            keys = names if at == os.curdir else [f"{at}/{name}" for name in names]
            yield from (key for key in keys if is_key(key) and key not in RESERVED)

    def remove(self, key: str) -> None:
        path = self._path(key)
        with translated(path), suppress(FileNotFoundError, NotADirectoryError):
            if not path.is_dir():
                path.unlink()

    def _path(self, key: str) -> Path:
        if checked_key(key) in RESERVED:
            raise InvalidInput(f"object key {key!r} is reserved for the database")
        return self._folder / key

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make_folder(folder.parent)
            folder.mkdir(exist_ok=True)
            sync_folder(folder.parent)


def _linked(unfinished: Path, path: Path) -> bool:
    """Give a finished file its name, unless the name is taken: link(2) never overwrites."""
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return False
    finally:
        sync_folder(path.parent)
    return True


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise error
