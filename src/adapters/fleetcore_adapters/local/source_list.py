"""From what a user names (files, folders, globs, standard input) to sources."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from fleetcore.errors import InvalidInput, UnreadableFile
from fleetcore_adapters.files.stored_source import StoredSource
from fleetcore_adapters.local.source import FileSource, SpooledSource

SUFFIXES: Final = (".csv", ".tsv", ".txt", ".gz", ".zst")
"""Files taken from a folder end in one of these, in any case."""

STDIN: Final = "-"


def sources(names: Sequence[str], *, stdin: BinaryIO, spool: Path) -> list[StoredSource]:
    """The sources behind names: a path, a folder (all below it), a glob, or `-`.

    In the order of the names, sorted within a folder or glob, each file once, hidden files left
    out. What can be read only once is copied into the folder `spool`. Raises `InvalidInput` for
    a folder or glob without files, `UnreadableFile` for a path that is not there.
    """
    found: dict[str, StoredSource] = {}
    for name in names:
        if name == STDIN:
            found.setdefault(STDIN, SpooledSource("<stdin>", stdin, spool))
            continue
        for path in _paths(name):
            if str(path) not in found:
                found[str(path)] = _source(path, spool)
    return list(found.values())


def _source(path: Path, spool: Path) -> StoredSource:
    mode = _mode(path)
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        with path.open("rb") as stream:
            return SpooledSource(str(path), stream, spool)
    return FileSource(path)


def _paths(name: str) -> list[Path]:
    path = Path(name)
    if not os.path.lexists(path) and glob.has_magic(name):
        found = glob.glob(name, recursive=True)  # noqa: PTH207 - the pattern may be absolute
        matches = sorted(Path(each) for each in found)
        files = [file for each in matches for file in (_below(each) if each.is_dir() else [each])]
        if not files:
            raise InvalidInput(f"{name}: no file matches")
        return files
    if stat.S_ISDIR(_mode(path)):
        files = list(_below(path))
        if not files:
            raise InvalidInput(f"{name}: no file in this folder ends in {', '.join(SUFFIXES)}")
        return files
    return [path]


def _below(folder: Path) -> Iterator[Path]:
    """The data files in a folder and its folders, by path; hidden ones left out."""
    found = []
    for where, folders, files in os.walk(folder, onerror=_unreadable):
        folders[:] = [each for each in folders if not each.startswith(".")]
        found += [
            Path(where, file)
            for file in files
            if not file.startswith(".") and file.lower().endswith(SUFFIXES)
        ]
    yield from sorted(path for path in found if path.is_file())


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        raise UnreadableFile(f"{path}: there is no such file or folder") from None
    except OSError as error:
        raise _unreadable(error) from error


def _unreadable(error: OSError) -> UnreadableFile:
    raise UnreadableFile(f"{error.filename}: {error.strerror or error}") from error
