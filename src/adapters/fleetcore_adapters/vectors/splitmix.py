"""The splitmix64 finaliser on whole columns: the same as `fleetcore.domain.fingerprint.mix`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleetcore.domain.fingerprint import GAMMA


def mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser on every word."""
    out = words ^ (words >> np.uint64(30))
    out *= np.uint64(0xBF58_476D_1CE4_E5B9)
    out ^= out >> np.uint64(27)
    out *= np.uint64(0x94D0_49BB_1331_11EB)
    out ^= out >> np.uint64(31)
    return out


def register_words(fingerprints: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """What registers with these facts add to their sums: `fleetcore.domain.digests.word_of`."""
    return mixed(fingerprints + np.uint64(GAMMA))
