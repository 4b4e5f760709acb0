"""Where a vehicle stopped: stay points of its track.

The algorithm is that of Li, Zheng, Xie, Chen, Liu and Ma, "Mining user similarity based on
location history", ACM GIS 2008: from an event on, all that lie within a radius of it belong
together, and are a stop if they span a time. Two things are added. Events that say they move are
taken off both ends of a stop, where others of it say that they rest; and a vehicle that is silent
and then reports from the same place has stood there, however long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from fleetcore.domain.fingerprint import Reported
from fleetcore.domain.tracks.limits import TrackLimits
from fleetcore.domain.tracks.motion import SECOND_MS, is_within, says_resting

Places: TypeAlias = tuple[int, int]
"""The places in a track of the first and the last event of something."""


def stays(track: Sequence[Reported], limits: TrackLimits) -> Iterator[Places]:
    """The stops in a clean track, in order; none shares an event with another."""
    shortest_ms = limits.min_stop_s * SECOND_MS
    first = 0
    while first < len(track):
        last = _last_near(track, first, limits.stop_radius_m)
        rests = _resting(track, first, last, limits.moving_speed_kmh)
        if track[rests[1]].observed_at - track[rests[0]].observed_at >= shortest_ms:
            yield rests
            first = rests[1] + 1
        else:
            # What only moves before the first rest begins no stop, and is not looked at again.
            first = max(first + 1, rests[0])


def _last_near(track: Sequence[Reported], first: int, radius_m: float) -> int:
    """The last event of those that follow `first` and lie within the radius of it."""
    anchor = track[first]
    after = first + 1
    while after < len(track) and is_within(anchor, track[after], radius_m):
        after += 1
    return after - 1


def _resting(track: Sequence[Reported], first: int, last: int, moving_speed_kmh: float) -> Places:
    """From the first to the last event that says it rests; the whole where none does."""
    resting = [
        place for place in range(first, last + 1) if says_resting(track[place], moving_speed_kmh)
    ]
    return (resting[0], resting[-1]) if resting else (first, last)
