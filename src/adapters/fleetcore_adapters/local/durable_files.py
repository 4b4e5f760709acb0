"""Files that outlive a power cut, and what is left of those that were never finished."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

UNFINISHED_FOR_S: Final = 3600.0
"""A file nobody has written to for so long is nobody's any more."""


@contextmanager
def durable_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write, in the place of one that is there; on the disk when the block ends.

    Its name is not, before `sync_folder`.
    """
    with path.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Let the names in a folder be on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(unfinished: Iterable[Path]) -> None:
    """Remove what a killed process left; what is younger may be being written."""
    oldest = time.time() - UNFINISHED_FOR_S
    for leftover in unfinished:
        with suppress(FileNotFoundError):
            if leftover.stat().st_mtime < oldest:
                leftover.unlink()
