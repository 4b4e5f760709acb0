"""Hashes of columns of texts, beside those of single ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.fingerprint import text_bits
from fleetcore_adapters.vectors.texts import LONGEST_BYTES, hashes_of

TEXTS = (
    st.text(max_size=20)
    | st.sampled_from(("", "\0", "a", "a\0", "é" * 40))
    | st.integers(LONGEST_BYTES - 9, LONGEST_BYTES + 9).map("x".__mul__)
)


@given(st.lists(TEXTS) | st.lists(st.text("ab", min_size=9, max_size=9)))
def test_columns_are_hashed_as_single_texts_are(texts: list[str]) -> None:
    """Short, long, empty, or all of one length."""
    assert [text_bits(text.encode()) for text in texts] == hashes_of(texts).tolist()
