"""How much of a file one invocation takes in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fleetcore.application.ingesting import Watcher
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ledger import RowCounts

TO_END_S: Final = 1.0
"""What sending the last messages, and a continuation, may take."""

TO_START_S: Final = 5.0
"""With less left, no further file of the same batch is begun."""

SPARE: Final = 1.5
"""The next chunk may take so many times as long as the longest one so far."""


class Pace(Watcher):
    """Watches the chunks of one run go by, and says when the next one might not be done in time.

    `left_s` tells how long the invocation may go on, in seconds. `chunks` and `counts` are of
    what this run committed; `is_over` says that it was stopped before the file's end.
    """

    def __init__(self, left_s: Callable[[], float]) -> None:
        self._left_s = left_s
        self._left_before_s = left_s()
        self._longest_s = 0.0
        self._at_end = False
        self.is_over = False
        self.chunks = 0
        self.counts = RowCounts()

    def committed(self, state: Ingestion) -> None:
        """See `Watcher.committed`. Of a chunk that another worker committed the counts are its."""
        left_s = self._left_s()
        self._longest_s = max(self._longest_s, self._left_before_s - left_s)
        self._left_before_s = left_s
        chunk = state.chunks[-1]
        self._at_end = chunk.last
        self.chunks += 1
        self.counts += chunk.counts

    def is_enough(self) -> bool:
        """Whether to stop behind this chunk; never behind the file's last one."""
        self.is_over = not self._at_end and self._left_s() < self._longest_s * SPARE + TO_END_S
        return self.is_over
