"""What the log says of a vehicle: its track, and where it is now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final, TypeAlias

from attrs import frozen

from fleetcore.application.fleet import Fleet
from fleetcore.domain.parts import StoredEvent
from fleetcore.domain.rules.rule import Verdict
from fleetcore.domain.tracks.cleaning import TrackJudge, track_judge, winners
from fleetcore.domain.tracks.limits import TrackSettings
from fleetcore.ports.vehicle_directory import VehicleDirectory

BEGINNING_MS: Final = -(2**63)
END_MS: Final = 2**63 - 1

JudgeOf: TypeAlias = Callable[[str], TrackJudge]
"""The judge of the track of a vehicle, by its id."""

_EVENT: Final = attrgetter("event")


@frozen(kw_only=True, slots=True)
class CleanTrack:
    """What is left of one or more tracks: one event an instant, and none that a rule rejects.

    `rejected` counts by rule what was left out, `warned` by rule what was not.
    """

    events: tuple[StoredEvent, ...]
    rejected: Mapping[str, int]
    warned: Mapping[str, int]


def judges(settings: TrackSettings, directory: VehicleDirectory | None = None) -> JudgeOf:
    """The judges of a fleet's settings; vehicles have no class but what a directory says."""

    def judge_of(vehicle_id: str) -> TrackJudge:
        found = {} if directory is None else directory.find([vehicle_id])
        vehicle = found.get(vehicle_id)
        return track_judge(settings, None if vehicle is None else vehicle.vehicle_class)

    return judge_of


def track(
    fleet: Fleet, vehicle_id: str, start_ms: int = BEGINNING_MS, end_ms: int = END_MS
) -> tuple[StoredEvent, ...]:
    """A vehicle's events in event order, `start_ms <= observed_at < end_ms`.

    Every payload of an identity is in it.
    """
    return fleet.log.read_vehicle(vehicle_id, start_ms, end_ms)


def clean_track(
    fleet: Fleet,
    vehicle_id: str,
    start_ms: int = BEGINNING_MS,
    end_ms: int = END_MS,
    *,
    judge_of: JudgeOf,
) -> CleanTrack:
    """As `track`, the winner of each identity, without those that track rules reject.

    All of the vehicle's track is read and judged, so that an event has the same verdict in every
    span it is asked for in.
    """
    judged = _judged(fleet.log.read_vehicle(vehicle_id, BEGINNING_MS, END_MS), judge_of)
    return _clean(each for each in judged if start_ms <= each[0].event.observed_at < end_ms)


def city_tracks(
    fleet: Fleet, city: str, start_ms: int = BEGINNING_MS, end_ms: int = END_MS
) -> tuple[StoredEvent, ...]:
    """What all vehicles reported of a city, by vehicle and then in event order; see `track`."""
    return tuple(sorted(fleet.log.read_city(city, start_ms, end_ms), key=_event_order))


def clean_city_tracks(
    fleet: Fleet,
    city: str,
    start_ms: int = BEGINNING_MS,
    end_ms: int = END_MS,
    *,
    judge_of: JudgeOf,
) -> CleanTrack:
    """As `city_tracks`, cleaned; judged among what is read, which ends at the span and the city."""
    return _clean(_judged(city_tracks(fleet, city, start_ms, end_ms), judge_of))


def _event_order(stored: StoredEvent) -> tuple[str, int, int]:
    return (*stored.event.identity, stored.event.fingerprint)


def _judged(
    ordered: Iterable[StoredEvent], judge_of: JudgeOf
) -> Iterator[tuple[StoredEvent, Verdict]]:
    """The winners of tracks that follow each other, each with its verdict."""
    for vehicle_id, events in groupby(ordered, key=lambda stored: stored.event.vehicle_id):
        chosen = winners(events, _EVENT)
        verdicts = judge_of(vehicle_id)([stored.event for stored in chosen])
        yield from zip(chosen, verdicts, strict=True)


def _clean(judged: Iterable[tuple[StoredEvent, Verdict]]) -> CleanTrack:
    events: list[StoredEvent] = []
    rejected: Counter[str] = Counter()
    warned: Counter[str] = Counter()
    for stored, verdict in judged:
        rejected.update(verdict.broken)
        warned.update(verdict.warnings)
        if verdict.accepted:
            events.append(stored)
    return CleanTrack(events=tuple(events), rejected=rejected, warned=warned)


def latest(fleet: Fleet, vehicle_ids: Sequence[str] | None = None) -> tuple[StoredEvent, ...]:
    """Where each vehicle is now (None: all known), by vehicle id; the view catches up first."""
    catch_up(fleet)
    return fleet.latest.read(vehicle_ids)


def catch_up(fleet: Fleet) -> None:
    """Let the view of latest positions follow the log to its end."""
    cursor = fleet.latest.cursor()
    found, reached = fleet.log.winners_since(cursor)
    if reached > cursor:
        fleet.latest.apply(found, reached)
