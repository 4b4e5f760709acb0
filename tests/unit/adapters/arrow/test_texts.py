"""Texts are numbered as a dict numbers them."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from fleetcore_adapters.arrow.texts import EMPTY_INDEX, UNKNOWN, are_plain_ids

BYTES = (
    st.binary(max_size=20)
    | st.sampled_from((b"", b"\0", b"a", b"a\0", b"x" * 64, b"x" * 65, b"y" * 64, b"y" * 1000))
    | st.binary(min_size=60, max_size=70)
)


@given(st.lists(st.lists(BYTES, max_size=30, unique=True), max_size=5), st.lists(BYTES))
def test_numbers_are_those_of_a_dict(batches: list[list[bytes]], asked: list[bytes]) -> None:
    """Each new text gets the next number; a text that was never added is unknown."""
    index, expected = EMPTY_INDEX, dict[bytes, int]()
    for batch in batches:
        fresh = [text for text in batch if text not in expected]
        index = index.extended(pa.array(fresh, type=pa.binary()))
        for text in fresh:
            expected[text] = len(expected)

    rows = [*asked, *expected, *asked]
    column = pa.array([b"front", *rows, b"back"], type=pa.binary()).slice(1, len(rows))

    assert [expected.get(text, UNKNOWN) for text in rows] == index.find(column).tolist()


def test_many_texts_share_slots() -> None:
    """Texts beyond one table's size, whose hashes collide many times."""
    texts = [f"vehicle {number}".encode() for number in range(20_000)]
    index = EMPTY_INDEX
    for start in range(0, len(texts), 4_000):
        index = index.extended(pa.array(texts[start : start + 4_000], type=pa.binary()))

    found = index.find(pa.array([*reversed(texts), b"vehicle -1"], type=pa.binary()))

    assert [*reversed(range(len(texts))), UNKNOWN] == found.tolist()


@given(st.lists(st.text(max_size=6)))
def test_plain_ids_are_printable_ascii_without_blanks(texts: list[str]) -> None:
    """Of one byte to five."""
    expected = [
        text.isascii() and text.isprintable() and " " not in text and 1 <= len(text) <= 5
        for text in texts
    ]
    column = pa.array(["x y", *texts, "z"], type=pa.string()).slice(1, len(texts))
    assert expected == are_plain_ids(column, 5).tolist()
