"""`fleetcore trips`: where a vehicle drove and stopped, and how well that is found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from fleetcore_entrypoints.cli.options import (
    config_option,
    data_option,
    examples,
    instant,
    json_option,
    resumed_app,
    vehicles_option,
)

if TYPE_CHECKING:
    from fleetcore.application.fleet import Fleet
    from fleetcore.application.known_trips import KnownTrips
    from fleetcore.application.tracks import JudgeOf
    from fleetcore.domain.tracks.scoring import Agreement
    from fleetcore.domain.tracks.trips import Segment

_COLUMNS: Final = ("kind", "start", "end", "minutes", "from", "to", "km", "mean km/h", "max km/h")


@click.command(
    epilog=examples(
        "fleetcore trips BER-C00001 --from 2024-05-06T06:00 --to 2024-05-06T12:00",
        "fleetcore trips BER-C00001 --stops --json",
        "fleetcore trips --score fleet.trips.csv",
    )
)
@click.argument("vehicle", required=False, metavar="[VEHICLE]", help="The vehicle's id.")
@click.option("--from", "start", metavar="TIME", help="Those that end before are left out.")
@click.option("--to", "end", metavar="TIME", help="Those that start here or later are left out.")
@click.option("--stops", is_flag=True, help="Also the stops and silences between the trips.")
@click.option(
    "--score",
    "truth",
    type=Path,
    metavar="FILE",
    help="Instead, how the trips of all vehicles in a file of known trips were found.",
)
@config_option
@vehicles_option
@data_option
@json_option
def trips(
    *,
    vehicle: str | None,
    start: str | None,
    end: str | None,
    stops: bool,
    truth: Path | None,
    config: Path | None,
    vehicles: str | None,
    data: Path,
    as_json: bool,
) -> None:
    """Print a vehicle's trips: what lies between its stops, along its clean track.

    A stop stays within stop_radius_m for min_stop_s; a silence of more than max_gap_s ends a trip.
    --config sets these, and --vehicles says which vehicle is of which class. A file for --score
    has the columns vehicle_id, started_at and ended_at; `fleetcore generate --trips` writes one.
    """
    from fleetcore.application.tracks import BEGINNING_MS, END_MS
    from fleetcore.application.trips import journey
    from fleetcore.domain.tracks.trips import Trip
    from fleetcore_entrypoints.cli.output import note
    from fleetcore_entrypoints.options import id_asked_for, judges_at

    if (vehicle is None) == (truth is None):
        raise click.UsageError("say a VEHICLE, or --score FILE, not both")
    if truth is not None and (start or end or stops):
        raise click.UsageError("--score is of all trips; --from, --to and --stops are of a VEHICLE")
    judge_of = judges_at(config, vehicles)
    if truth is not None:
        known = _known(truth)
        with resumed_app(data) as app:
            _print_scores(app.fleet, known, judge_of, as_json=as_json)
        return
    vehicle_id = id_asked_for(vehicle or "")
    start_ms = BEGINNING_MS if start is None else instant(start, "--from")
    end_ms = END_MS if end is None else instant(end, "--to")
    with resumed_app(data) as app:
        found = journey(app.fleet, vehicle_id, start_ms, end_ms, judge_of=judge_of)
    shown = [each for each in found if stops or isinstance(each, Trip)]
    _print_segments(vehicle_id, shown, as_json=as_json)
    if not shown:
        note(f"no trips of {vehicle!r} here; fleetcore track says what is known of it")


def _print_segments(vehicle_id: str, segments: Sequence[Segment], *, as_json: bool) -> None:
    from fleetcore_entrypoints.cli.output import print_json, print_table

    if as_json:
        for each in segments:
            print_json({"vehicle_id": vehicle_id, **_content(each)})
    elif segments:
        print_table(_COLUMNS, map(_cells, segments), "lllrllrrr")


def _content(segment: Segment) -> dict[str, object]:
    from attrs import asdict

    from fleetcore.domain.instants import time_text
    from fleetcore.domain.tracks.trips import Trip

    content = asdict(segment)
    mean = {"mean_speed_kmh": segment.mean_speed_kmh} if isinstance(segment, Trip) else {}
    return {
        "kind": type(segment).__name__.lower(),
        "start": time_text(content.pop("start_ms")),
        "end": time_text(content.pop("end_ms")),
        "duration_s": segment.duration_s,
        **content,
        **mean,
    }


def _cells(segment: Segment) -> list[str]:
    from fleetcore.domain.instants import time_text
    from fleetcore.domain.tracks.trips import Silence, Trip

    return [
        type(segment).__name__.lower(),
        time_text(segment.start_ms),
        time_text(segment.end_ms),
        f"{segment.duration_s / 60:,.1f}",
        f"{segment.start_latitude:.5f},{segment.start_longitude:.5f}",
        f"{segment.end_latitude:.5f},{segment.end_longitude:.5f}",
        f"{segment.distance_m / 1000:,.2f}" if isinstance(segment, Trip | Silence) else "",
        f"{segment.mean_speed_kmh:,.1f}" if isinstance(segment, Trip) else "",
        f"{segment.max_speed_kmh:,.1f}" if isinstance(segment, Trip) else "",
    ]


def _known(path: Path) -> KnownTrips:
    from fleetcore.application.known_trips import known_trips
    from fleetcore.errors import InvalidInput

    try:
        return known_trips(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: the file is not UTF-8: {error}") from None


def _print_scores(fleet: Fleet, known: KnownTrips, judge_of: JudgeOf, *, as_json: bool) -> None:
    from fleetcore.application.trips import score
    from fleetcore.domain.tracks.scoring import Agreement
    from fleetcore_entrypoints.cli.output import print_json
    from fleetcore_entrypoints.cli.progress import lasting

    total = Agreement()
    with lasting("finding trips"):
        for vehicle_id, each in score(fleet, known, judge_of=judge_of):
            total += each
            if as_json:
                print_json({"vehicle_id": vehicle_id, **_score(each)})
    if not as_json:
        for name, value in _score(total).items():
            print(f"{name:<18}  {value}")


def _score(each: Agreement) -> dict[str, object]:
    return {
        "found": each.found,
        "known": each.known,
        "recognised": each.recognised,
        "precision": round(each.precision, 4),
        "recall": round(each.recall, 4),
        "f1": round(each.f1, 4),
        "boundary_error_s": each.boundary_error_s,
    }
