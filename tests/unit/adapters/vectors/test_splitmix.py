"""The finaliser on columns, beside the scalar one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.digests import word_of
from fleetcore.domain.fingerprint import mix
from fleetcore_adapters.vectors.splitmix import mixed, register_words


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1))
def test_columns_are_mixed_as_single_words_are(words: list[int]) -> None:
    """Every unsigned 64-bit word alike, and the words given stay as they were."""
    given_words = np.array(words, dtype=np.uint64)

    assert [mix(word) for word in words] == mixed(given_words).tolist()
    assert [word_of(word) for word in words] == register_words(given_words).tolist()
    assert words == given_words.tolist()
