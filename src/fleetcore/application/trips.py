"""The stops and trips of a vehicle, from its clean track."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fleetcore.application.fleet import Fleet
from fleetcore.application.known_trips import KnownTrips
from fleetcore.application.tracks import BEGINNING_MS, END_MS, JudgeOf, clean_track
from fleetcore.domain.tracks.scoring import Agreement, Span, agreement
from fleetcore.domain.tracks.trips import Journey, Trip, journey_of


def journey(
    fleet: Fleet,
    vehicle_id: str,
    start_ms: int = BEGINNING_MS,
    end_ms: int = END_MS,
    *,
    judge_of: JudgeOf,
) -> Journey:
    """What of a vehicle's stops, trips and silences lies, even partly, between two instants.

    They are of its whole clean track: none is cut, and each is the same in every span.
    """
    clean = clean_track(fleet, vehicle_id, judge_of=judge_of)
    segments = journey_of([stored.event for stored in clean.events], judge_of(vehicle_id).limits)
    return tuple(each for each in segments if each.end_ms >= start_ms and each.start_ms < end_ms)


def score(fleet: Fleet, known: KnownTrips, *, judge_of: JudgeOf) -> Iterator[tuple[str, Agreement]]:
    """How the trips found of each vehicle agree with those known, by vehicle id."""
    for vehicle_id in sorted(known):
        found = spans_of(journey(fleet, vehicle_id, judge_of=judge_of))
        yield vehicle_id, agreement(found, known[vehicle_id])


def spans_of(segments: Journey) -> Sequence[Span]:
    """When each trip was."""
    return [(each.start_ms, each.end_ms) for each in segments if isinstance(each, Trip)]
