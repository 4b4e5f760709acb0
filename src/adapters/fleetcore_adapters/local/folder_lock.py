"""The one lock of a data folder."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fleetcore.errors import StorageUnavailable
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

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock, waiting for it as long as it takes. Raises `StorageUnavailable`."""
        with self._threads:
            if self._depth == 0:
                with translated(self._path):
                    self._acquire()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    os.close(self._descriptor)

    @contextmanager
    def held_alone(self, otherwise: str) -> Iterator[None]:
        """Hold the lock, which nobody holds yet. Raises `StorageUnavailable`: `otherwise`.

        Of one instance, either this or `held` is used.
        """
        with self._threads:
            try:
                with translated(self._path):
                    self._acquire(fcntl.LOCK_NB)
            except StorageUnavailable as error:
                if isinstance(error.__cause__, BlockingIOError):
                    raise StorageUnavailable(otherwise) from error
                raise
            try:
                yield
            finally:
                os.close(self._descriptor)

    def _acquire(self, flags: int = 0) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | flags)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
