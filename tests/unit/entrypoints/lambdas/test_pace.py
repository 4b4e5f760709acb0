"""How much of a file one run takes in."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ingestion_events import ChunkProcessed
from fleetcore.domain.ledger import RowCounts
from fleetcore_entrypoints.lambdas.pace import SPARE, TO_END_S, Pace


def state(*, last: bool = False) -> Ingestion:
    """An ingestion behind a chunk of three rows."""
    counts = RowCounts(read=3, accepted=2, rejected=1)
    chunk = ChunkProcessed(number=0, end=9, counts=counts, parts=(), rejects=None, last=last)
    return evolve(Ingestion(), chunks=(chunk,))


def pace_with(*left_s: float) -> Pace:
    """A pace that finds so much time left, look by look."""
    looks: Iterator[float] = iter(left_s)
    return Pace(lambda: next(looks))


def test_there_is_time_for_as_long_a_chunk_again() -> None:
    """What is left has to hold the longest chunk, a spare part of it, and the end."""
    needed_s = 4 * SPARE + TO_END_S
    enough, short = pace_with(20, 16, needed_s), pace_with(20, 16, needed_s - 0.01)
    for each in (enough, short):
        each.committed(state())

    assert (False, True) == (enough.is_enough(), short.is_enough())
    assert (False, True) == (enough.is_over, short.is_over)


def test_the_longest_chunk_counts_not_the_last() -> None:
    """A short chunk promises nothing."""
    pace = pace_with(20, 15, 14.5, 5 * SPARE + TO_END_S - 0.01)
    pace.committed(state())
    pace.committed(state())

    assert pace.is_enough()


def test_nothing_follows_the_last_chunk() -> None:
    """However little time is left, the file is read."""
    pace = pace_with(20, 1, 0)
    pace.committed(state(last=True))

    assert not pace.is_enough()
    assert not pace.is_over


def test_it_counts_what_the_run_committed() -> None:
    """Chunks and their rows."""
    pace = pace_with(9, 8, 7)
    pace.committed(state())
    pace.committed(state())

    assert (2, RowCounts(read=6, accepted=4, rejected=2)) == (pace.chunks, pace.counts)
