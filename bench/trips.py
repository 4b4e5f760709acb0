"""`python -m bench.trips FILE...`: trips found in cabspotting's files beside the fares they tell.

Each line of such a file is `latitude longitude occupied unixtime`; a fare is from the first report
that is occupied to the first after it that is not. The column plays no part in finding trips.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path
from time import process_time

from attrs import evolve, frozen

from fleetcore.domain.location import LocationEvent
from fleetcore.domain.tracks.cleaning import track_judge, track_of
from fleetcore.domain.tracks.limits import TrackLimits, TrackSettings
from fleetcore.domain.tracks.scoring import Agreement, Span, agreement
from fleetcore.domain.tracks.trips import Journey, Stop, Trip, journey_of

GRID_RADII_M = (30.0, 50.0, 100.0, 150.0)
GRID_STOPS_S = (60.0, 120.0, 300.0)
LONG_TRACK_EVENTS = 1_000_000


@frozen(kw_only=True, slots=True)
class Cab:
    """A cab's events, and its fares as the file tells them."""

    name: str
    events: Sequence[LocationEvent]
    fares: Sequence[Span]


@frozen(kw_only=True, slots=True)
class Found:
    """What was found in a cab's events: the track rules' rejects, the journey and its score."""

    rejected: int
    journey: Journey
    score: Agreement


def cab_in(path: Path) -> Cab:
    """The cab of a file."""
    cells = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    rows = sorted((int(at_s) * 1000, taken == "1", lat, lon) for lat, lon, taken, at_s in cells)
    fares: list[Span] = []
    since: int | None = None
    for at_ms, taken, _, _ in rows:
        if taken:
            since = at_ms if since is None else since
        elif since is not None:
            fares.append((since, at_ms))
            since = None
    events = [
        LocationEvent(
            vehicle_id=path.stem, observed_at=at_ms, latitude=float(lat), longitude=float(lon)
        )
        for at_ms, _, lat, lon in rows
    ]
    return Cab(name=path.stem, events=events, fares=fares)


def find(cab: Cab, limits: TrackLimits) -> Found:
    """The stops and trips of a cab, beside its fares."""
    track = track_of(cab.events)
    verdicts = track_judge(TrackSettings(limits=limits))(track)
    clean = [event for event, verdict in zip(track, verdicts, strict=True) if verdict.accepted]
    journey = journey_of(clean, limits)
    trips = [(each.start_ms, each.end_ms) for each in journey if isinstance(each, Trip)]
    return Found(
        rejected=len(track) - len(clean), journey=journey, score=agreement(trips, cab.fares)
    )


def main(names: Sequence[str]) -> int:
    """Print the tables; 1 if an order of the reports changes what is found."""
    cabs = [cab_in(Path(name)) for name in names]
    print(f"limits tried on {cabs[0].name}:")
    for radius_m in GRID_RADII_M:
        for stop_s in GRID_STOPS_S:
            limits = TrackLimits(stop_radius_m=radius_m, min_stop_s=stop_s)
            print(f"  {radius_m:4.0f} m {stop_s:4.0f} s  {_line(find(cabs[0], limits))}")
    print("the defaults:")
    same = True
    for cab in cabs:
        found = find(cab, TrackLimits())
        shuffled = list(cab.events)
        random.Random(cab.name).shuffle(shuffled)
        same = same and found == find(evolve(cab, events=shuffled), TrackLimits())
        print(f"  {cab.name}  {_line(found)}")
    print(f"shuffled, everything is {'the same' if same else 'DIFFERENT'}")
    _print_speed(cabs[0])
    return 0 if same else 1


def _line(found: Found) -> str:
    score = found.score
    stops = sum(isinstance(each, Stop) for each in found.journey)
    error_s = score.boundary_error_s
    return (
        f"rejected {found.rejected:3}  stops {stops:4}  trips {score.found:4}  "
        f"fares {score.known:4}  found as one trip {score.recognised:4}  "
        f"precision {score.precision:.3f}  recall {score.recall:.3f}  F1 {score.f1:.3f}  "
        f"boundary {'-' if error_s is None else round(error_s)} s"
    )


def _print_speed(cab: Cab) -> None:
    """How long a track of so many events takes: the cab's own, again and again later."""
    span_ms = cab.events[-1].observed_at - cab.events[0].observed_at + 60_000
    times = -(-LONG_TRACK_EVENTS // len(cab.events))
    long = [
        evolve(event, observed_at=event.observed_at + again * span_ms)
        for again in range(times)
        for event in cab.events
    ][:LONG_TRACK_EVENTS]
    started = process_time()
    find(evolve(cab, events=long), TrackLimits())
    print(f"{len(long):,} events cleaned and parted in {process_time() - started:.1f} s")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
