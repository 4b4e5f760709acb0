"""The one lock of a data folder."""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import AbstractContextManager
from pathlib import Path

from fleetcore_adapters.local.storage_errors import translated


class FolderLock:
    """An exclusive lock between processes and between threads; its holder may take it again.

    The operating system drops it when its process dies. Two instances on one folder exclude
    each other, even in one thread: share one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.RLock()
        self._depth = 0
        self._descriptor = -1

    def held(self) -> AbstractContextManager[None, None]:
        """Hold the lock, waiting for it as long as it takes. Raises `StorageUnavailable`."""
        return self

    # By hand, as `translated`: every write is in one.
    def __enter__(self) -> None:
        self._threads.acquire()
        if self._depth == 0:
            try:
                self._acquire()
            except BaseException:
                self._threads.release()
                raise
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        try:
            if self._depth == 0:
                os.close(self._descriptor)
        finally:
            self._threads.release()

    def _acquire(self) -> None:
        with translated(self._path):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            except BaseException:
                os.close(descriptor)
                raise
            self._descriptor = descriptor
