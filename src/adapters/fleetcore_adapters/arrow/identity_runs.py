"""Which of many small files may hold an identity, without opening them."""

from __future__ import annotations

from threading import Lock
from typing import Final

import numpy as np
from attrs import frozen

from fleetcore_adapters.arrow.columns import Codes, Mask, Words

MOST_ROWS: Final = 2_000_000
"""Rows remembered; 12 bytes each."""


@frozen(kw_only=True, slots=True, eq=False)
class _Run:
    """Identities' hashes, sorted, and the number of the file each is in."""

    hashes: Words
    files: Codes

    def __len__(self) -> int:
        return len(self.hashes)

    def merged(self, other: _Run) -> _Run:
        hashes = np.concatenate((self.hashes, other.hashes))
        order = np.argsort(hashes, kind="stable")
        return _Run(hashes=hashes[order], files=np.concatenate((self.files, other.files))[order])


class IdentityRuns:
    """Hashes of the identities of files, in sorted runs of which each is longer than the next.

    Several threads may use it at once.

    A new run is merged with those before it that are not longer, so that a row is sorted again
    only so often as its run doubles (the logarithmic method: Bentley and Saxe, "Decomposable
    searching problems", 1980).
    """

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._lock = Lock()
        self._runs: list[_Run] = []
        self._numbers: dict[str, int] = {}
        self._rows = 0

    def __contains__(self, key: str) -> bool:
        return key in self._numbers

    def add(self, key: str, hashes: Words) -> bool:
        """Remember the identities of a file, unless too many are; whether they are remembered."""
        with self._lock:
            if key in self._numbers:
                return True
            if self._rows + len(hashes) > self._most_rows:
                return False
            number = len(self._numbers)
            run = _Run(hashes=np.sort(hashes), files=np.full(len(hashes), number, dtype=np.int32))
            while self._runs and len(self._runs[-1].hashes) <= len(run.hashes):
                run = self._runs.pop().merged(run)
            self._runs.append(run)
            self._rows += len(hashes)
            self._numbers[key] = number
        return True

    def known(self, hashes: Words) -> Mask:
        """Which of these hashes are remembered; quickest where they are sorted."""
        found: Mask = np.zeros(len(hashes), dtype=np.bool_)
        with self._lock:
            runs = list(self._runs)
        for run in filter(len, runs):
            places = np.searchsorted(run.hashes, hashes)
            places[places == len(run.hashes)] = 0
            found |= run.hashes[places] == hashes
        return found

    def meeting(self, hashes: Words) -> frozenset[str]:
        """The remembered files that hold an identity with one of these hashes."""
        found: set[int] = set()
        with self._lock:
            keys, runs = list(self._numbers), list(self._runs)
        for run in runs:
            first = np.searchsorted(run.hashes, hashes, side="left")
            behind = np.searchsorted(run.hashes, hashes, side="right")
            for start, end in zip(first[first < behind], behind[first < behind], strict=True):
                found.update(run.files[start:end].tolist())
        return frozenset(keys[number] for number in found)
