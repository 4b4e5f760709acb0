"""Folders as zips whose bytes depend on nothing but what is in them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The first instant a zip can tell."""

_READABLE: Final = 0o100644 << 16
_UNIX: Final = 3


def write_zip(folder: Path, target: Path) -> None:
    """Write every file of a folder, sorted by path, with neither times nor owners."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    with zipfile.ZipFile(unfinished, "w") as archive:
        for name, path in sorted(files.items()):
            if path.is_file():
                entry = zipfile.ZipInfo(name, _EPOCH)
                entry.external_attr = _READABLE
                entry.create_system = _UNIX
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes(), compresslevel=9)
    unfinished.replace(target)
