"""How many retries a dependency may cost."""

from __future__ import annotations

import threading


class RetryBudget:
    """A token bucket: calls earn retries, so that retries stay a share of the calls.

    When a service fails for everyone, retries are what keeps it down; a bucket that is empty
    lets the first tries through and nothing more. Safe to share between threads.
    """

    def __init__(self, *, share: float, most: float) -> None:
        """Start full: with `most` retries. Each call earns `share` of one."""
        self._share = share
        self._most = most
        self._saved = most
        self._lock = threading.Lock()

    def earn(self) -> None:
        """A call begins."""
        with self._lock:
            self._saved = min(self._most, self._saved + self._share)

    def spend(self) -> bool:
        """Whether a retry is left; if so, it is spent."""
        with self._lock:
            if self._saved < 1:
                return False
            self._saved -= 1
            return True
