"""No calls to a service that does not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fleetcore.errors import StorageUnavailable


class Transient(StorageUnavailable):
    """A service did not answer, or not in its senses: the same call may succeed later.

    Adapters raise it for cut connections, timeouts and faults of the service; what will fail
    again (a missing permission) is plain `StorageUnavailable`, a refusal for now is `Throttled`.
    """


class Breaker:
    """Refuses calls for a while after a number of failures in a row.

        closed --(n-th `Transient` in a row)--> open --(pause over)--> half-open: one probe
          ^                                      ^-----(it fails)-----------|
          '----------------------------------------(it is answered)---------'

    Any answer closes it: an error of another class too, for then the service is there. Safe to
    share between threads.
    """

    def __init__(
        self, name: str, *, failures_to_open: int, open_s: float, now_s: Callable[[], float]
    ) -> None:
        self._name = name
        self._failures_to_open = failures_to_open
        self._open_s = open_s
        self._now_s = now_s
        self._failures = 0
        self._next_probe_s = 0.0
        self._lock = threading.Lock()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Around one try of a call. Raises `StorageUnavailable` instead of it while open."""
        self._admit()
        failed = False
        try:
            yield
        except Transient:
            failed = True
            raise
        finally:
            self._tell(failed=failed)

    def _admit(self) -> None:
        with self._lock:
            if self._failures < self._failures_to_open:
                return
            now_s = self._now_s()
            if now_s < self._next_probe_s:
                raise StorageUnavailable(
                    f"{self._name} failed {self._failures} times in a row; "
                    f"it is tried again in {self._next_probe_s - now_s:.1f} s"
                )
            # This call is the probe. Others wait for its answer, or as long again.
            self._next_probe_s = now_s + self._open_s

    def _tell(self, *, failed: bool) -> None:
        with self._lock:
            self._failures = self._failures + 1 if failed else 0
            self._next_probe_s = self._now_s() + self._open_s
