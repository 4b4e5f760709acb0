"""The index finds exactly the pairs that a look at every pair finds."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.ports.catalogue import Extent
from fleetcore_adapters.arrow.identity_index import IdentityIndex

Identity: TypeAlias = tuple[str, int]

CLOSE = st.tuples(st.sampled_from(("", "a", "b", "é", "車")), st.integers(-2, 2))
FAR = st.tuples(st.sampled_from(("a", "b", "c")), st.sampled_from((-(2**62), -1, 0, 5, 2**62)))


def ids_of(rows: list[Identity]) -> pa.DictionaryArray:
    """The vehicle ids of rows."""
    return pa.array([row[0] for row in rows], type=pa.string()).dictionary_encode()


def times_of(rows: list[Identity]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The instants of rows."""
    return np.array([row[1] for row in rows], dtype=np.int64)


@given(
    rows=st.lists(CLOSE, min_size=1, max_size=12) | st.lists(FAR, min_size=1, max_size=12),
    others=st.lists(CLOSE | FAR, min_size=1, max_size=12),
    cut=st.integers(1, 11),
)
def test_finds_every_pair(rows: list[Identity], others: list[Identity], cut: int) -> None:
    """With repeated identities, in any order, over any span of time."""
    pieces = [ids_of(piece) for piece in (rows[:cut], rows[cut:]) if piece]
    mine, theirs = IdentityIndex(pieces, times_of(rows)).pairs(ids_of(others), times_of(others))

    expected = {
        (at, other)
        for at, row in enumerate(rows)
        for other, identity in enumerate(others)
        if row == identity
    }
    found = list(zip(mine.tolist(), theirs.tolist(), strict=True))
    assert expected == set(found)
    assert len(expected) == len(found)


@given(
    rows=st.lists(CLOSE, min_size=1, max_size=6) | st.lists(FAR, min_size=1, max_size=6),
    ends=st.tuples(CLOSE | FAR, CLOSE | FAR),
)
def test_tells_whether_a_row_lies_in_an_extent(
    rows: list[Identity], ends: tuple[Identity, Identity]
) -> None:
    """The vehicle and the instant of one row; not those of two."""
    first_id, last_id = sorted(vehicle_id for vehicle_id, _ in ends)
    first, last = sorted(time for _, time in ends)
    extent = Extent(
        min_vehicle_id=first_id,
        max_vehicle_id=last_id,
        min_observed_at=first,
        max_observed_at=last,
    )
    expected = any(first_id <= each[0] <= last_id and first <= each[1] <= last for each in rows)

    assert expected == IdentityIndex([ids_of(rows)], times_of(rows)).meet(extent)
