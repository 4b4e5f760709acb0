"""The track rules built in: conditions on an event and its neighbours in event time.

A neighbour is the nearest event of the vehicle that stands: one an instant (the winner), and none
that another rule rejected. Each rule is a function of a track in event order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from attrs import frozen

from fleetcore.domain.fingerprint import Reported
from fleetcore.domain.rules.settings import Severity
from fleetcore.domain.tracks.limits import TrackLimits
from fleetcore.domain.tracks.motion import SECOND_MS, covered_m, is_within, says_moving

Broken: TypeAlias = Callable[[Sequence[Reported], TrackLimits], Iterator[int]]
"""Finds, in a track, the places of the events that break a rule."""


@frozen(kw_only=True, slots=True)
class TrackRule:
    """A declared condition that every event of a track should meet.

    `limits` names the limits it is judged by. A broken `reject` rule takes the event out of the
    clean track; a broken `warn` rule is only counted.
    """

    code: str
    severity: Severity
    description: str
    limits: tuple[str, ...]
    broken: Broken


def _implied_speed(track: Sequence[Reported], limits: TrackLimits) -> Iterator[int]:
    """Those out of reach both of the last that stood before them and of the next.

    An end of the track has one neighbour: it speaks against it only if it is in reach of its own
    other neighbour. Of two events that contradict each other nothing says which is wrong.
    """
    if limits.max_implied_speed_kmh is None or len(track) < 3:
        return
    reaches = _reaching(limits.max_implied_speed_kmh, limits.position_error_m)
    first, last = 0, len(track) - 1
    if not reaches(track[0], track[1]) and reaches(track[1], track[2]):
        yield 0
        first = 1
    held, borne_out = track[first], False
    for place in range(first + 1, last + 1):
        event = track[place]
        if reaches(held, event):
            held, borne_out = event, True
        elif borne_out if place == last else not reaches(event, track[place + 1]):
            yield place
        else:
            held, borne_out = event, False


def _reaching(limit_kmh: float, error_m: float) -> Callable[[Reported, Reported], bool]:
    """Whether a vehicle within the limit could be where an event says, and then where the next."""

    def reaches(before: Reported, after: Reported) -> bool:
        inaccuracy_m = (before.accuracy_m or 0.0) + (after.accuracy_m or 0.0)
        way_m = covered_m(limit_kmh, after.observed_at - before.observed_at)
        return is_within(before, after, way_m + error_m + inaccuracy_m)

    return reaches


def _stuck(track: Sequence[Reported], limits: TrackLimits) -> Iterator[int]:
    """Those with the very coordinates of the events before, though all these report speed.

    The first at a place may be a good fix; it is the repeats that say nothing of where it is.
    """
    since: Reported | None = None
    slowest_kmh = 0.0
    for place, event in enumerate(track):
        speed_kmh = event.speed_kmh
        if speed_kmh is None or speed_kmh < limits.moving_speed_kmh:
            since = None
        elif (
            since is None or since.latitude != event.latitude or since.longitude != event.longitude
        ):
            since, slowest_kmh = event, speed_kmh
        else:
            slowest_kmh = min(slowest_kmh, speed_kmh)
            way_m = covered_m(slowest_kmh, event.observed_at - since.observed_at)
            if way_m > limits.position_error_m:
                yield place


def _too_frequent(track: Sequence[Reported], limits: TrackLimits) -> Iterator[int]:
    """Those less than the interval behind the last that was far enough behind its own."""
    if limits.min_interval_s is None:
        return
    interval_ms = limits.min_interval_s * SECOND_MS
    held_ms: int | None = None
    for place, event in enumerate(track):
        if held_ms is not None and event.observed_at - held_ms < interval_ms:
            yield place
        else:
            held_ms = event.observed_at


def _static(track: Sequence[Reported], limits: TrackLimits) -> Iterator[int]:
    """Those that report motion, as all did for so long, and are where they were then."""
    if limits.max_static_s is None:
        return
    longest_ms = limits.max_static_s * SECOND_MS
    since: Reported | None = None
    for place, event in enumerate(track):
        if not says_moving(event, limits.moving_speed_kmh):
            since = None
        elif since is None or not is_within(since, event, limits.position_error_m):
            since = event
        elif event.observed_at - since.observed_at > longest_ms:
            yield place


TRACK_RULES: Final[tuple[TrackRule, ...]] = (
    TrackRule(
        code="implied-speed",
        severity="reject",
        description=(
            "the position can be reached from a neighbour at max_implied_speed_kmh, "
            "give or take position_error_m and the accuracies reported"
        ),
        limits=("max_implied_speed_kmh", "position_error_m"),
        broken=_implied_speed,
    ),
    TrackRule(
        code="stuck",
        severity="reject",
        description=(
            "coordinates change while the speed says moving, "
            "once it would have covered position_error_m"
        ),
        limits=("moving_speed_kmh", "position_error_m"),
        broken=_stuck,
    ),
    TrackRule(
        code="too-frequent",
        severity="reject",
        description="the event is at least min_interval_s after the one before",
        limits=("min_interval_s",),
        broken=_too_frequent,
    ),
    TrackRule(
        code="static",
        severity="warn",
        description=(
            "a vehicle that reports moving for max_static_s leaves a circle of position_error_m"
        ),
        limits=("max_static_s", "moving_speed_kmh", "position_error_m"),
        broken=_static,
    ),
)
"""In the order in which they are judged."""
