"""How agreement between found and known trips is counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.tracks.scoring import Agreement, Span, agreement


@st.composite
def _spans(draw: st.DrawFn) -> list[Span]:
    edges = sorted(draw(st.sets(st.integers(0, 500), max_size=20)))
    return list(zip(edges[::2], edges[1::2], strict=False))


def test_what_was_found_is_compared_by_time() -> None:
    """Precision is of the found time, recall of the known; boundaries are in seconds."""
    score = agreement([(0, 10_000), (50_000, 60_000)], [(2_000, 12_000), (80_000, 90_000)])

    assert (2, 2, 1) == (score.found, score.known, score.recognised)
    assert (0.4, 0.4) == (score.precision, score.recall)
    assert score.f1 == pytest.approx(0.4)
    assert score.boundary_error_s == 2.0


def test_a_long_trip_found_recognises_no_short_one() -> None:
    """One trip must be most of the other: half of what both span together."""
    assert 0 == agreement([(0, 100)], [(0, 50), (50, 100)]).recognised
    assert 1 == agreement([(0, 100)], [(0, 51), (51, 100)]).recognised


def test_nothing_found_and_nothing_known() -> None:
    """What is empty is never wrong, and what is missed is."""
    assert (1.0, 1.0, 1.0, None) == (
        (nothing := agreement([], [])).precision,
        nothing.recall,
        nothing.f1,
        nothing.boundary_error_s,
    )
    assert (1.0, 0.0, 0.0) == (
        (missed := agreement([], [(0, 10)])).precision,
        missed.recall,
        missed.f1,
    )
    assert (0.0, 1.0) == ((wrong := agreement([(0, 10)], [])).precision, wrong.recall)


@given(_spans(), _spans())
def test_shared_time_is_counted_once(found: list[Span], known: list[Span]) -> None:
    """As if every instant was asked whether it is in both."""

    def instants(spans: list[Span]) -> set[int]:
        return {at for start, end in spans for at in range(start, end)}

    score = agreement(found, known)

    assert len(instants(found) & instants(known)) == score.shared_ms
    assert (len(instants(found)), len(instants(known))) == (score.found_ms, score.known_ms)
    assert 0 <= score.recognised <= min(len(found), len(known))


@given(_spans())
def test_trips_agree_with_themselves(spans: list[Span]) -> None:
    """All is found, and every boundary is where it is."""
    score = agreement(spans, spans)

    assert (1.0, 1.0, len(spans)) == (score.precision, score.recall, score.recognised)
    assert set(score.boundary_errors_ms) <= {0}


def test_agreements_add_up() -> None:
    """Those of several vehicles are one."""
    one, other = agreement([(0, 10)], [(0, 20)]), agreement([(5, 10)], [(0, 10)])
    both = one + other

    assert one == one + Agreement()
    assert (2, 2, 15, 30, 15) == (
        both.found,
        both.known,
        both.found_ms,
        both.known_ms,
        both.shared_ms,
    )
    assert 4 == len(both.boundary_errors_ms)
