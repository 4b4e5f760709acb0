"""Snapshots as files, each with its SHA-256 beside it as `sha256sum -c` reads it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from fleetcore.errors import CorruptObject, ObjectMissing
from fleetcore.ports.snapshot_store import SnapshotStore, checked_name
from fleetcore_adapters.local.durable_files import durable_file, remove_leftovers, sync_folder
from fleetcore_adapters.local.folder_lock import FolderLock
from fleetcore_adapters.local.storage_errors import translated

CHECKSUM: Final = ".sha256"
_UNFINISHED: Final = "~"
"""Ends the name of a file that is being written; it keeps it from being a snapshot's."""

_LOCK_NAME: Final = f"lock{_UNFINISHED}"
_PIECE_BYTES: Final = 1 << 20


class LocalSnapshotStore(SnapshotStore):
    """A file a snapshot in one folder, which is made when the first one is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, content: Iterable[bytes]) -> int:
        path = self._folder / checked_name(name)
        unfinished = self._folder / f"{uuid.uuid4().hex}{_UNFINISHED}"
        with translated(path):
            self._folder.mkdir(parents=True, exist_ok=True)
            found = self._folder.glob(f"*{_UNFINISHED}")
            remove_leftovers(each for each in found if each.name != _LOCK_NAME)
            try:
                size_bytes, checksum = _written(unfinished, content)
                with FolderLock(self._folder / _LOCK_NAME).held():
                    # First what it has to be: a snapshot without it would be refused.
                    _replaced(path.with_name(name + CHECKSUM), f"{checksum}  {name}\n")
                    unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
            sync_folder(self._folder)
        return size_bytes

    def read(self, name: str) -> Iterator[bytes]:
        path = self._folder / checked_name(name)
        with translated(path):
            if not path.is_file():
                raise ObjectMissing(f"{path}: there is no such snapshot")
        return _pieces(path)

    def names(self) -> tuple[str, ...]:
        with translated(self._folder):
            if not self._folder.is_dir():
                return ()
            found = {each.name for each in self._folder.iterdir()}
        return tuple(sorted(name for name in found if f"{name}{CHECKSUM}" in found))

    def remove(self, name: str) -> None:
        path = self._folder / checked_name(name)
        with translated(path):
            path.unlink(missing_ok=True)
            path.with_name(name + CHECKSUM).unlink(missing_ok=True)


def _pieces(path: Path) -> Iterator[bytes]:
    checksum = hashlib.sha256()
    with translated(path), path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            checksum.update(piece)
            yield piece
    beside = path.with_name(path.name + CHECKSUM)
    with translated(beside):
        told = beside.read_text("ascii", "replace") if beside.is_file() else ""
    if told.partition(" ")[0] != checksum.hexdigest():
        raise CorruptObject(f"{path}: its SHA-256 is not the one in {beside.name}")


def _written(path: Path, content: Iterable[bytes]) -> tuple[int, str]:
    checksum = hashlib.sha256()
    size_bytes = 0
    with durable_file(path) as file:
        for piece in content:
            checksum.update(piece)
            size_bytes += file.write(piece)
    return size_bytes, checksum.hexdigest()


def _replaced(path: Path, text: str) -> None:
    unfinished = path.with_name(path.name + _UNFINISHED)
    with durable_file(unfinished) as file:
        file.write(text.encode("ascii"))
    unfinished.replace(path)
