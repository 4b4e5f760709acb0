"""Files are found by the identities they hold."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fleetcore_adapters.arrow.columns import Words
from fleetcore_adapters.arrow.identity_runs import IdentityRuns

HASHES = st.lists(st.sampled_from((0, 1, 2, 3, 5, 2**63, 2**64 - 1)), max_size=6)


def _words(hashes: list[int]) -> Words:
    return np.array(hashes, dtype=np.uint64)


@given(st.lists(HASHES, max_size=12), HASHES)
def test_the_files_are_those_of_a_dict(files: list[list[int]], asked: list[int]) -> None:
    """Whatever is in them, and in whatever order they come."""
    runs = IdentityRuns()
    for number, hashes in enumerate(files):
        runs.add(f"file {number}", _words(hashes))

    expected = {f"file {n}" for n, hashes in enumerate(files) if set(hashes) & set(asked)}
    assert expected == runs.meeting(_words(asked))
    assert all(f"file {number}" in runs for number in range(len(files)))


def test_beyond_the_bound_nothing_is_remembered() -> None:
    """A file that is not remembered is not said to be."""
    runs = IdentityRuns(most_rows=3)

    assert (True, False) == (runs.add("a", _words([1, 2])), runs.add("b", _words([1, 2])))
    assert ("a" in runs, "b" in runs) == (True, False)
    assert {"a"} == runs.meeting(_words([1]))
