"""Columns of texts, handled as words of eight bytes: hashed, compared and numbered all at once.

A column is binary or string, without nulls. `TextIndex` is a hash table with linear probing
(Knuth, "The Art of Computer Programming", volume 3, 6.4) that looks up all rows in step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
from attrs import frozen
from numpy.typing import NDArray

from fleetcore.domain.fingerprint import salt
from fleetcore_adapters.arrow.columns import Codes, Ints, Mask, Words
from fleetcore_adapters.vectors import texts
from fleetcore_adapters.vectors.splitmix import mixed

UNKNOWN: Final = -1

_FACTORS: Final = mixed(np.arange(1, texts.MOST_WORDS + 2, dtype=np.uint64))
_MIN_SLOTS: Final = 1 << 10


def text_buffers(column: pa.Array) -> tuple[NDArray[np.int32], pa.Buffer]:
    """Where the texts of a column begin and end, and the bytes they lie in up to the last."""
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int32)[column.offset :][: len(column) + 1]
    return bounds, pa.py_buffer(b"") if data is None else data.slice(0, int(bounds[-1]))


def are_plain_ids(column: pa.Array, longest: int) -> Mask:
    """Which texts are printable ASCII without blanks, at least one byte and at most `longest`."""
    bounds, data = _bytes_of(column)
    lengths = np.diff(bounds)
    strange = np.zeros(len(data) + 1, dtype=np.int32)
    np.cumsum(data - np.uint8(ord("!")) > ord("~") - ord("!"), out=strange[1:])
    plain: Mask = np.diff(strange[bounds]) == 0
    return plain & (lengths > 0) & (lengths <= longest)


def text_words(field: str, column: pa.Array) -> Words:
    """What each text of a column adds to its row's fingerprint."""
    return mixed(text_hashes(column) + np.uint64(salt(field)))


def text_hashes(column: pa.Array) -> Words:
    """The hash of each text: see `fleetcore.domain.fingerprint.text_bits`."""
    return texts.text_hashes(*_bytes_of(column))


@frozen(kw_only=True, slots=True, eq=False)
class TextIndex:
    """Numbers different texts from 0 on.

    `keys` are those of the numbers, `slots` the numbers of the short texts by hash (as many as a
    power of two), `long` the numbers of the long ones.
    """

    slots: Codes
    keys: texts.Keys
    long: Mapping[bytes, int]

    def find(self, column: pa.Array) -> Codes:
        """The number of each text; `UNKNOWN` where it has none."""
        if not self.keys.shape[1]:
            return np.full(len(column), UNKNOWN, dtype=np.int32)
        keys = _keys(column)
        last = len(self.slots) - 1
        places = _hashes(keys) & last
        found: Codes = self.slots[places]
        open_ = np.flatnonzero((found != UNKNOWN) & ~self._equal(found, keys))
        while len(open_):
            places[open_] = (places[open_] + 1) & last
            found[open_] = self.slots[places[open_]]
            other = ~self._equal(found[open_], keys[:, open_])
            open_ = open_[other & (found[open_] != UNKNOWN)]
        for row in np.flatnonzero(keys[0] > texts.LONGEST_BYTES).tolist():
            text = column[row].as_buffer().to_pybytes()
            found[row] = self.long.get(text, UNKNOWN)
        return found

    def _equal(self, numbers: Codes, keys: texts.Keys) -> Mask:
        """Which numbers have these keys; what is said of `UNKNOWN` means nothing."""
        same: Mask = np.ones(len(numbers), dtype=np.bool_)
        for place in range(max(len(self.keys), len(keys))):
            mine = self.keys[place][numbers] if place < len(self.keys) else 0
            same &= mine == (keys[place] if place < len(keys) else 0)
        return same

    def extended(self, more: pa.Array) -> TextIndex:
        """With more texts, numbered in their order; the index must not have them yet."""
        fresh = _keys(more)
        first = self.keys.shape[1]
        keys = np.zeros((max(len(self.keys), len(fresh)), first + len(more)), dtype=np.uint64)
        keys[: len(self.keys), :first] = self.keys
        keys[: len(fresh), first:] = fresh
        slots = self.slots
        added = np.arange(first, keys.shape[1])
        if 4 * keys.shape[1] > len(slots):
            slots = np.full(1 << (8 * keys.shape[1]).bit_length(), UNKNOWN, dtype=np.int32)
            added = np.arange(keys.shape[1])
        long = np.flatnonzero(fresh[0] > texts.LONGEST_BYTES).tolist()
        return TextIndex(
            slots=_filled(slots.copy(), keys, added[keys[0][added] <= texts.LONGEST_BYTES]),
            keys=keys,
            long={
                **self.long,
                **{more[row].as_buffer().to_pybytes(): first + row for row in long},
            },
        )


def _filled(slots: Codes, keys: texts.Keys, numbers: Ints) -> Codes:
    """Put numbers into the first free slots from their hashes on."""
    last = len(slots) - 1
    places = _hashes(keys[:, numbers]) & last
    while len(numbers):
        free = slots[places] == UNKNOWN
        slots[places[free]] = numbers[free]
        rest = slots[places] != numbers
        numbers, places = numbers[rest], (places[rest] + 1) & last
    return slots


EMPTY_INDEX: Final = TextIndex(
    slots=np.full(_MIN_SLOTS, UNKNOWN, dtype=np.int32),
    keys=np.empty((1, 0), dtype=np.uint64),
    long={},
)


def _hashes(keys: texts.Keys) -> Ints:
    """The same for a key and for that key with more zero words behind."""
    total = keys[0] * _FACTORS[0]
    for words, factor in zip(keys[1:], _FACTORS[1:], strict=False):
        total += words * factor
    return (mixed(total) >> np.uint64(1)).astype(np.int64)


def _keys(column: pa.Array) -> texts.Keys:
    return texts.keys_of(*_bytes_of(column))


def _bytes_of(column: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Where the texts lie in the bytes from the first one to the last, and these."""
    bounds, data = text_buffers(column)
    return bounds - bounds[0], np.frombuffer(data, dtype=np.uint8)[bounds[0] :]
