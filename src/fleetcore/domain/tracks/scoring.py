"""How well trips that were found agree with those that are known."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain
from typing import Final, TypeAlias

from attrs import frozen

from fleetcore.domain.tracks.motion import SECOND_MS

Span: TypeAlias = tuple[int, int]
"""The start and the end of a trip, epoch ms."""

SAME_TRIP: Final = 0.5
"""Two trips are the same where what they share is so much of what they span together."""


@frozen(kw_only=True, slots=True)
class Agreement:
    """Found trips beside known ones: times in ms, and the counts of trips.

    `recognised` of the `known` trips were found as one trip; `boundary_errors_ms` are from each
    start and end of a known trip to the nearest start or end of a found one. Agreements add up.
    """

    found: int = 0
    known: int = 0
    recognised: int = 0
    found_ms: int = 0
    known_ms: int = 0
    shared_ms: int = 0
    boundary_errors_ms: tuple[int, ...] = ()

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(
            found=self.found + other.found,
            known=self.known + other.known,
            recognised=self.recognised + other.recognised,
            found_ms=self.found_ms + other.found_ms,
            known_ms=self.known_ms + other.known_ms,
            shared_ms=self.shared_ms + other.shared_ms,
            boundary_errors_ms=self.boundary_errors_ms + other.boundary_errors_ms,
        )

    @property
    def precision(self) -> float:
        """The share of the found time in which there was a trip; 1 where none was found."""
        return self.shared_ms / self.found_ms if self.found_ms else 1.0

    @property
    def recall(self) -> float:
        """The share of the known time that was found; 1 where none is known."""
        return self.shared_ms / self.known_ms if self.known_ms else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def boundary_error_s(self) -> float | None:
        """The median error of a boundary in seconds; None where none can be told."""
        errors = sorted(self.boundary_errors_ms)
        return errors[(len(errors) - 1) // 2] / SECOND_MS if errors else None


def agreement(found: Sequence[Span], known: Sequence[Span]) -> Agreement:
    """How trips of one vehicle agree; each list is in order and none of it overlaps another."""
    shared_ms = recognised = at = 0
    for start, end in known:
        while at < len(found) and found[at][1] <= start:
            at += 1
        beside = at
        while beside < len(found) and found[beside][0] < end:
            from_ms, to_ms = found[beside]
            common = min(end, to_ms) - max(start, from_ms)
            shared_ms += common
            recognised += common > SAME_TRIP * (max(end, to_ms) - min(start, from_ms))
            beside += 1
    edges = sorted(chain.from_iterable(found))
    errors = [_nearest_ms(edges, edge) for edge in chain.from_iterable(known)] if edges else []
    return Agreement(
        found=len(found),
        known=len(known),
        recognised=recognised,
        found_ms=sum(end - start for start, end in found),
        known_ms=sum(end - start for start, end in known),
        shared_ms=shared_ms,
        boundary_errors_ms=tuple(errors),
    )


def _nearest_ms(edges: Sequence[int], edge: int) -> int:
    at = bisect_left(edges, edge)
    return min(abs(each - edge) for each in edges[max(0, at - 1) : at + 1])
