"""Which identities the log may hold, without reading it: a window of the rows that came last.

Hashes of the identities of recent rows are kept in memory. Of all older rows, and of those in
damaged files, only the spans of time they lie in are known: whatever happens in those has to be
looked up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from fleetcore.errors import CorruptObject
from fleetcore.ports.catalogue import Entry, Listing, LogFile
from fleetcore_adapters.arrow.columns import Ints, Mask, Words
from fleetcore_adapters.arrow.identity_runs import IdentityRuns

MOST_ROWS: Final = 2_000_000
"""About how many rows are in the window, at 12 bytes each; at least half as many."""

_NONE: Final = np.empty(0, dtype=np.int64)


class RecentRows:
    """What one process knows of the rows of the log; not to be shared between threads.

    Rows never appear out of nothing: what replaces files holds rows that were told before. So
    it is enough to take what came behind `seen`, whatever was folded or compacted meanwhile.
    """

    def __init__(self, hashes_in: Callable[[LogFile], Words], most_rows: int = MOST_ROWS) -> None:
        """`hashes_in` reads the hashes of a file's identities; may raise `CorruptObject`."""
        self._hashes_in = hashes_in
        self._most_rows = most_rows // 2
        self._window = IdentityRuns(self._most_rows)
        self._window_before = IdentityRuns(self._most_rows)
        self._spans: list[tuple[int, int]] = []
        self._spans_before: list[tuple[int, int]] = []
        self._starts = self._ends = _NONE
        self.seen = 0

    def __contains__(self, key: str) -> bool:
        """Whether all rows of a file are in the window, under its key."""
        return key in self._window or key in self._window_before

    def take(self, listing: Listing) -> Listing:
        """Take what is listed behind `seen`, which moves; the same listing.

        Raises `ObjectMissing`, and then nothing is seen, where a file was replaced meanwhile.
        """
        left = self._most_rows
        taken: list[tuple[Entry, Words]] = []
        older: list[Entry] = []
        for entry in reversed(listing.entries):
            if entry.file.key in self:
                continue
            left -= entry.file.rows
            hashes = self._read(entry.file) if left >= 0 else None
            if hashes is None:
                older.append(entry)
            else:
                taken.append((entry, hashes))
        self._leave([_span_of(entry.file) for entry in older])
        for entry, hashes in reversed(taken):
            self.add(entry.file, hashes)
        self.seen = listing.sequence
        return listing

    def _read(self, file: LogFile) -> Words | None:
        """A file's hashes; None where it is damaged, which only those need know who ask for it."""
        try:
            return self._hashes_in(file)
        except CorruptObject:
            return None

    def add(self, file: LogFile, hashes: Words) -> None:
        """Take a file's rows into the window; the oldest may have to leave it."""
        if len(hashes) > self._most_rows:
            self._leave([_span_of(file)])
            return
        if not self._window.add(file.key, hashes):
            self._leave(self._spans_before)
            self._window_before, self._spans_before = self._window, self._spans
            self._window, self._spans = IdentityRuns(self._most_rows), []
            self._window.add(file.key, hashes)
        self._spans.append(_span_of(file))

    def _leave(self, spans: list[tuple[int, int]]) -> None:
        """Remember when the rows outside of the window were observed: spans that lie apart."""
        if not spans:
            return
        known = list(zip(self._starts.tolist(), self._ends.tolist(), strict=True))
        apart: list[list[int]] = []
        for start, end in sorted([*known, *spans]):
            if apart and start <= apart[-1][1]:
                apart[-1][1] = max(apart[-1][1], end)
            else:
                apart.append([start, end])
        self._starts, self._ends = np.array(apart, dtype=np.int64).T

    def may_hold(self, hashes: Words, times: Ints) -> Mask:
        """Which identities, given by hash and instant, the log may hold; of others it has none."""
        order = np.argsort(hashes)
        asked = hashes[order]
        known: Mask = np.empty(len(hashes), dtype=np.bool_)
        known[order] = self._window.known(asked) | self._window_before.known(asked)
        if len(self._starts):
            places = np.searchsorted(self._starts, times, side="right") - 1
            known |= (places >= 0) & (times <= self._ends[np.maximum(places, 0)])
        return known

    def meeting(self, hashes: Words) -> frozenset[str]:
        """The files of the window that hold one of these."""
        return self._window.meeting(hashes) | self._window_before.meeting(hashes)


def _span_of(file: LogFile) -> tuple[int, int]:
    return file.extent.min_observed_at, file.extent.max_observed_at
