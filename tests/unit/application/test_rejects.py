"""Rejects as objects: what was read comes back."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.application import rejects
from fleetcore.domain.chunks import RejectedRow, reject_text
from fleetcore.errors import CorruptObject

ROWS = st.lists(
    st.builds(
        RejectedRow,
        line=st.integers(1, 10**9),
        kind=st.sampled_from(("malformed", "rejected")),
        reasons=st.lists(st.sampled_from(("latitude-range", "zero-island"))).map(tuple),
        text=st.binary(max_size=40).map(reject_text),
    ),
    max_size=5,
)


@given(rows=ROWS)
def test_rows_come_back_whatever_their_bytes(rows: list[RejectedRow]) -> None:
    """Line ends, quotes and bytes that are no UTF-8 survive."""
    assert rows == list(rejects.decoded(rejects.encoded(rows), "key"))


def test_texts_that_name_somebody_go() -> None:
    """Line, kind and reasons stay, so that counts still agree."""
    rows = [
        RejectedRow(line=each, kind="rejected", reasons=("zero-island",), text=f"cab-{each},48")
        for each in (1, 2)
    ]
    left = rejects.without(rows, lambda text: text.startswith("cab-1"))

    assert (evolve(rows[0], text=""), rows[1]) == left


@given(rows=ROWS)
def test_equal_rows_are_equal_objects(rows: list[RejectedRow]) -> None:
    """The content, and so the key, depends on nothing else."""
    one, other = rejects.encoded(rows), rejects.encoded(list(rows))

    assert one == other
    assert rejects.key_of("0f-1", 3, one) == rejects.key_of("0f-1", 3, other)
    assert rejects.is_key_of(rejects.key_of("0f-1", 3, one), other)
    assert not rejects.is_key_of(rejects.key_of("0f-1", 3, one), other + b"\0")


CONTENT = rejects.encoded([RejectedRow(line=1, kind="rejected", reasons=("x",), text="a,b")])


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", CONTENT[:-9], CONTENT[:20] + b"\xff" + CONTENT[21:]],
    ids=["empty", "plain", "truncated", "changed"],
)
def test_a_damaged_object_is_told_by_its_key(content: bytes) -> None:
    """Truncated or changed content is an error that names the object."""
    with pytest.raises(CorruptObject, match="rejects/0f-1/00000"):
        list(rejects.decoded(content, "rejects/0f-1/00000-aa.jsonl.gz"))
