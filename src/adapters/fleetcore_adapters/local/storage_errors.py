"""Errors of SQLite and the operating system as `StorageUnavailable`, translated in one place."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from fleetcore.errors import StorageUnavailable

_NO_SPACE: Final = "free some space and run again"
_READ_ONLY: Final = "make the data folder writable, or choose another one"
_BUSY: Final = "another process is using it; run again when it is done"
DAMAGED: Final = "the file is damaged; restore the data folder from a backup"
_DISK: Final = "check the disk and its free space, then run again"
_OTHER: Final = "check the data folder and run again"

ADVICE_BY_ERRNO: Final[Mapping[int, str]] = {
    errno.ENOSPC: _NO_SPACE,
    errno.EDQUOT: _NO_SPACE,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.EIO: _DISK,
}

ADVICE_BY_SQLITE_ERROR: Final[Mapping[str, str]] = {
    "SQLITE_FULL": _NO_SPACE,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_CANTOPEN": _READ_ONLY,
    "SQLITE_PERM": _READ_ONLY,
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_NOTADB": DAMAGED,
    "SQLITE_IOERR": _DISK,
}
"""By primary result code; extended codes such as `SQLITE_IOERR_WRITE` begin with one."""


@contextmanager
def translated(path: Path, *, if_damaged: str = DAMAGED) -> Iterator[None]:
    """Raise what SQLite or the operating system says of `path` as `StorageUnavailable`.

    `if_damaged` says what to do where the file is no sound database.
    """
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise StorageUnavailable(f"{path}: {error}; {_sqlite_advice(error, if_damaged)}") from error
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) else path
        what = error.strerror or str(error)
        advice = ADVICE_BY_ERRNO.get(error.errno or 0, _OTHER)
        raise StorageUnavailable(f"{where}: {what}; {advice}") from error


def _sqlite_advice(error: Exception, if_damaged: str) -> str:
    name: str = getattr(error, "sqlite_errorname", "")
    advice = ADVICE_BY_SQLITE_ERROR.get("_".join(name.split("_")[:2]), _OTHER)
    return if_damaged if advice == DAMAGED else advice
