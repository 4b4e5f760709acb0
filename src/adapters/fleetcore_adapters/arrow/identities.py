"""The identities met so far in one file, exact and in bounded memory.

A Bloom filter in memory says "certainly new" or "maybe met"; a spool on disk holds what was met,
a section a chunk, sorted by vehicle and time, and decides every maybe by comparing payloads.
(Blocked Bloom filter: Putze, Sanders and Singler, "Cache-, hash- and space-efficient Bloom
filters", 2007.)
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from fleetcore.errors import StorageUnavailable
from fleetcore_adapters.arrow.columns import Codes, Ints, Mask, Words
from fleetcore_adapters.arrow.payloads import Payloads

_BITS_A_KEY: Final = 16
_MAX_FILTER_BYTES: Final = 64 << 20
_MIN_FILTER_BYTES: Final = 1 << 12


class BloomFilter:
    """A set of 64-bit hashes that may say yes too often, never no."""

    def __init__(self, keys: int) -> None:
        wanted = min(max(keys * _BITS_A_KEY // 8, _MIN_FILTER_BYTES), _MAX_FILTER_BYTES)
        self._bits = (wanted // 8 - 1).bit_length()
        self._words = np.zeros(1 << self._bits, dtype=np.uint64)

    def maybe(self, hashes: Words) -> Mask:
        """Which of the hashes may have been added."""
        places, marks = self._places(hashes)
        return (self._words[places] & marks) == marks

    def add(self, hashes: Words) -> None:
        """Add hashes; two that share a word in one batch are both marked."""
        places, marks = self._places(hashes)
        while len(places):
            self._words[places] |= marks
            lost = (self._words[places] & marks) != marks
            places, marks = places[lost], marks[lost]

    def _places(self, hashes: Words) -> tuple[Words, Words]:
        one, low = np.uint64(1), np.uint64(63)
        marks = one << (hashes & low)
        for shift in (6, 12, 18):
            marks |= one << ((hashes >> np.uint64(shift)) & low)
        return hashes >> np.uint64(64 - self._bits), marks


@frozen(kw_only=True, slots=True, eq=False)
class _Section:
    """Where one chunk's rows lie in the spool, and the span of their times."""

    offset: int
    codes: int
    rows: int
    first_ms: int
    last_ms: int


@frozen(kw_only=True, slots=True, eq=False)
class Meetings:
    """What was met before: an earlier sibling (same identity), an equal payload."""

    sibling: Mask
    equal: Mask


class Identities:
    """The spool and its filter. Close it to remove the spool."""

    def __init__(self, expected_rows: int, folder: Path | None = None) -> None:
        """Open a spool without a name in a folder (None: the system's one for such files).

        All methods raise `StorageUnavailable` where it cannot be written or read.
        """
        self._filter = BloomFilter(expected_rows)
        self._where = Path(tempfile.gettempdir()) if folder is None else folder
        with self._translated():
            # Closed by `__exit__`.
            self._spool = tempfile.TemporaryFile(dir=self._where, buffering=0)  # noqa: SIM115
        self._sections: list[_Section] = []
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="fleetcore")
        self._adding: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown()
        self._spool.close()

    def met(
        self, hashes: Words, vehicles: Codes, times: Ints, order: Ints, payloads: Payloads
    ) -> Meetings:
        """Which rows have a sibling, or an equal payload, among the rows added so far.

        `order` tells which payload belongs to each row.
        """
        self._await_added()
        sibling = np.zeros(len(hashes), dtype=np.bool_)
        equal = np.zeros(len(hashes), dtype=np.bool_)
        maybe = np.flatnonzero(self._filter.maybe(hashes)) if self._sections else _NONE
        for section in self._sections:
            near = maybe[(times[maybe] >= section.first_ms) & (times[maybe] <= section.last_ms)]
            if not len(near):
                continue
            rows, places = self._find(section, vehicles[near], times[near])
            rows = near[rows]
            if len(rows):
                sibling[rows] = True
                same = self._equal(section, places, payloads, order[rows])
                equal[rows[same]] = True
        return Meetings(sibling=sibling, equal=equal)

    def add(self, hashes: Words, vehicles: Codes, times: Ints, payloads: Payloads) -> None:
        """Add rows that are sorted so that each vehicle's rows are together, by time.

        A thread writes them; whoever asks next waits for it.
        """
        self._await_added()
        if len(hashes):
            self._adding = self._pool.submit(self._add, hashes, vehicles, times, payloads)

    def _await_added(self) -> None:
        adding, self._adding = self._adding, None
        if adding is not None:
            adding.result()

    def _add(self, hashes: Words, vehicles: Codes, times: Ints, payloads: Payloads) -> None:
        self._filter.add(hashes)
        starts = np.flatnonzero(np.concatenate(([True], vehicles[1:] != vehicles[:-1])))
        bounds = np.zeros((int(vehicles.max()) + 1, 2), dtype=np.uint32)
        bounds[vehicles[starts], 0] = starts
        bounds[vehicles[starts], 1] = np.concatenate((starts[1:], [len(vehicles)]))
        section = _Section(
            offset=self._spool.seek(0, 2),
            codes=len(bounds),
            rows=len(times),
            first_ms=int(times.min()),
            last_ms=int(times.max()),
        )
        self._write(bounds)
        self._write(times)
        for place in range(payloads.width):
            self._write(payloads.words(place))
        self._sections.append(section)

    def _find(self, section: _Section, vehicles: Codes, times: Ints) -> tuple[Ints, Ints]:
        """Pairs of a row asked for and a place in the section with the same identity."""
        bounds = self._load(section.offset, np.dtype(np.uint32), section.codes * 2).reshape(-1, 2)
        known = np.flatnonzero(vehicles < section.codes)
        low = bounds[vehicles[known], 0].astype(np.int64)
        ends = bounds[vehicles[known], 1].astype(np.int64)
        held = self._load(section.offset + section.codes * 8, np.dtype(np.int64), section.rows)
        wanted = times[known]
        high = ends.copy()
        while (open_ := low < high).any():
            middle = (low + high) // 2
            before = open_ & (held[np.minimum(middle, section.rows - 1)] < wanted)
            low = np.where(before, middle + 1, low)
            high = np.where(open_ & ~before, middle, high)
        rows, places = [_NONE], [_NONE]
        while True:
            hit = np.flatnonzero(low < ends)
            hit = hit[held[low[hit]] == wanted[hit]]
            if not len(hit):
                return np.concatenate(rows), np.concatenate(places)
            rows.append(known[hit])
            places.append(low[hit])
            known, low, ends, wanted = known[hit], low[hit] + 1, ends[hit], wanted[hit]

    def _equal(self, section: _Section, places: Ints, payloads: Payloads, rows: Ints) -> Mask:
        """Which payloads at places of a section equal those of the rows beside them."""
        at = section.offset + (section.codes + section.rows) * 8
        same = np.ones(len(places), dtype=np.bool_)
        for place in range(payloads.width):
            held = self._load(at, np.dtype(np.uint64), section.rows)
            same &= held[places] == payloads.words(place, rows)
            at += section.rows * 8
        return same

    def _write(self, column: NDArray[Any]) -> None:
        rest = column.data.cast("B")
        with self._translated():
            while rest:
                rest = rest[self._spool.write(rest) :]

    def _load(self, offset: int, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        with self._translated():
            content = os.pread(self._spool.fileno(), count * dtype.itemsize, offset)
        return np.frombuffer(content, dtype)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageUnavailable(
                f"{self._where}: {error.strerror or error}; "
                "what repeats in a file is found there: free some space and run again"
            ) from error


_NONE: Final = np.empty(0, dtype=np.int64)
