"""A vehicle's track as stops, trips and silences, which follow each other without a hole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from attrs import frozen

from fleetcore.domain.fingerprint import Reported
from fleetcore.domain.tracks.limits import TrackLimits
from fleetcore.domain.tracks.motion import SECOND_MS, distance_m, speed_between_kmh
from fleetcore.domain.tracks.stops import Places, stays


@frozen(kw_only=True, slots=True)
class Period:
    """Some time of a vehicle, from event to event: epoch ms, and degrees where each lies."""

    start_ms: int
    end_ms: int
    start_latitude: float
    start_longitude: float
    end_latitude: float
    end_longitude: float

    @property
    def duration_s(self) -> float:
        """Seconds from the first to the last event."""
        return (self.end_ms - self.start_ms) / SECOND_MS


@frozen(kw_only=True, slots=True)
class Stop(Period):
    """Time in one place: the mean of its events, in degrees."""

    latitude: float
    longitude: float
    events: int


@frozen(kw_only=True, slots=True)
class Trip(Period):
    """A drive from where the vehicle stood last to where it stands again.

    `distance_m` is along the track. `max_speed_kmh` is the greatest speed reported, or, where
    none is, that of the fastest hop.
    """

    distance_m: float
    max_speed_kmh: float
    events: int

    @property
    def mean_speed_kmh(self) -> float:
        """The distance over the time."""
        return speed_between_kmh(self.distance_m, self.end_ms - self.start_ms)


@frozen(kw_only=True, slots=True)
class Silence(Period):
    """Time without a report, between two places; `distance_m` is the straight way."""

    distance_m: float


Segment: TypeAlias = Stop | Trip | Silence
Journey: TypeAlias = tuple[Segment, ...]


def journey_of(track: Sequence[Reported], limits: TrackLimits) -> Journey:
    """The segments of a clean track in event order: each begins with the event that ends another.

    The first begins with the first event and the last ends with the last one. Empty for a track
    of fewer than two events, unless it is a stop.
    """
    segments: list[Segment] = []
    end = 0
    for stop in stays(track, limits):
        segments += _between(track, (end, stop[0]), limits)
        segments.append(_stop(track, stop))
        end = stop[1]
    segments += _between(track, (end, len(track) - 1), limits)
    return tuple(segments)


def _between(
    track: Sequence[Reported], places: Places, limits: TrackLimits
) -> Iterator[Trip | Silence]:
    """The trips between two stops, and the silences that part them."""
    longest_ms = limits.max_gap_s * SECOND_MS
    first, last = places
    for before, after in pairwise(range(first, last + 1)):
        if track[after].observed_at - track[before].observed_at > longest_ms:
            yield from _trip(track, (first, before))
            yield _silence(track, (before, after))
            first = after
    yield from _trip(track, (first, last))


def _trip(track: Sequence[Reported], places: Places) -> Iterator[Trip]:
    first, last = places
    if first >= last:
        return
    events = track[first : last + 1]
    hops = [
        (distance_m(before, after), after.observed_at - before.observed_at)
        for before, after in pairwise(events)
    ]
    reported = [event.speed_kmh for event in events if event.speed_kmh is not None]
    yield Trip(
        start_ms=events[0].observed_at,
        end_ms=events[-1].observed_at,
        start_latitude=events[0].latitude,
        start_longitude=events[0].longitude,
        end_latitude=events[-1].latitude,
        end_longitude=events[-1].longitude,
        distance_m=sum(metres for metres, _ in hops),
        max_speed_kmh=max(reported or (speed_between_kmh(*hop) for hop in hops)),
        events=len(events),
    )


def _stop(track: Sequence[Reported], places: Places) -> Stop:
    events = track[places[0] : places[1] + 1]
    first, last = events[0], events[-1]
    north = sum(event.latitude - first.latitude for event in events) / len(events)
    east = sum(_turned(event.longitude - first.longitude) for event in events) / len(events)
    return Stop(
        start_ms=first.observed_at,
        end_ms=last.observed_at,
        start_latitude=first.latitude,
        start_longitude=first.longitude,
        end_latitude=last.latitude,
        end_longitude=last.longitude,
        latitude=first.latitude + north,
        longitude=_turned(first.longitude + east),
        events=len(events),
    )


def _turned(degrees: float) -> float:
    """An angle as one from -180 up to 180: the antimeridian parts no stop."""
    return (degrees + 180.0) % 360.0 - 180.0


def _silence(track: Sequence[Reported], places: Places) -> Silence:
    before, after = track[places[0]], track[places[1]]
    return Silence(
        start_ms=before.observed_at,
        end_ms=after.observed_at,
        start_latitude=before.latitude,
        start_longitude=before.longitude,
        end_latitude=after.latitude,
        end_longitude=after.longitude,
        distance_m=distance_m(before, after),
    )
