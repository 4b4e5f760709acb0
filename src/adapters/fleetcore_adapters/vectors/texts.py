"""Hashes of whole columns of texts: the same as `fleetcore.domain.fingerprint.text_bits`.

A column is the bytes of all texts, and where each begins and ends in them (`bounds`, one more
than texts). Texts are handled as words of eight bytes, padded with zero bytes; those of more than
`LONGEST_BYTES` are rare, and handled one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fleetcore.domain.digests import LEAVES
from fleetcore.domain.fingerprint import text_bits
from fleetcore_adapters.vectors.splitmix import mixed

Bounds: TypeAlias = NDArray[np.int32] | NDArray[np.int64]
Bytes: TypeAlias = NDArray[np.uint8]
Keys: TypeAlias = NDArray[np.uint64]
"""A column a text: its length in bytes, then its words; of a long one, only the length."""

WORD_BYTES: Final = 8
MOST_WORDS: Final = 8
LONGEST_BYTES: Final = MOST_WORDS * WORD_BYTES


def keys_of(bounds: Bounds, data: Bytes) -> Keys:
    """The key of each text."""
    lengths = np.diff(bounds)
    kept = lengths
    if (lengths > LONGEST_BYTES).any():
        kept = np.where(lengths > LONGEST_BYTES, 0, lengths)
        data = data[np.repeat(kept == lengths, lengths)]
    longest, shortest = int(kept.max(initial=0)), int(kept.min(initial=LONGEST_BYTES))
    width = max(-(-longest // WORD_BYTES), 1) * WORD_BYTES
    padded = np.zeros((len(kept), width), dtype=np.uint8)
    if longest == shortest:
        padded[:, :longest] = data.reshape(len(kept), longest)
    else:
        padded[np.arange(width) < kept[:, None]] = data
    return np.vstack([lengths.astype(np.uint64), padded.view("<u8").T])


def text_hashes(bounds: Bounds, data: Bytes) -> NDArray[np.uint64]:
    """The hash of each text."""
    keys = keys_of(bounds, data)
    lengths = keys[0].view(np.int64)
    state = mixed(keys[0])
    for place, words in enumerate(keys[1:]):
        state = np.where(lengths > WORD_BYTES * place, mixed(state ^ words), state)
    for row in np.flatnonzero(lengths > LONGEST_BYTES).tolist():
        state[row] = text_bits(data[bounds[row] : bounds[row + 1]].tobytes())
    return state


def leaves_by_hash(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The leaves of vehicles whose ids have these hashes: `fleetcore.domain.digests.leaf_of`."""
    return (hashes % np.uint64(LEAVES)).astype(np.int64)


def hashes_of(texts: Sequence[str]) -> NDArray[np.uint64]:
    """The hash of each of some texts."""
    encoded = [text.encode() for text in texts]
    bounds = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(each) for each in encoded], out=bounds[1:])
    return text_hashes(bounds, np.frombuffer(b"".join(encoded), dtype=np.uint8))
