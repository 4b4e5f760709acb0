"""`fleetcore track` and `latest`: where a vehicle was, and where each is now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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
    from fleetcore.application.tracks import CleanTrack


@click.command(
    epilog=examples(
        "fleetcore track BER-C00001 --from 2024-05-06T06:00 --to 2024-05-06T07:00",
        "fleetcore track BER-C00001 --clean --format geojson > track.geojson",
        "fleetcore track --city Berlin --from 2024-05-06 --to 2024-05-07 --json",
    )
)
@click.argument("vehicle", required=False, metavar="[VEHICLE]", help="The vehicle's id.")
@click.option(
    "--city", metavar="NAME", help="All vehicles instead whose files name this city, spelt so."
)
@click.option("--from", "start", metavar="TIME", help="The first instant, ISO 8601 (else UTC).")
@click.option("--to", "end", metavar="TIME", help="The instant before which it ends.")
@click.option(
    "--clean",
    is_flag=True,
    help="Of several reports of an instant only the winner, and none that a track rule rejects.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "json", "csv", "geojson")),
    show_default="table",
    help="How to print it; json is one object a line.",
)
@config_option
@vehicles_option
@data_option
@json_option
def track(
    *,
    vehicle: str | None,
    city: str | None,
    start: str | None,
    end: str | None,
    clean: bool,
    form: str | None,
    config: Path | None,
    vehicles: str | None,
    data: Path,
    as_json: bool,
) -> None:
    """Print what a vehicle, or all in a city, reported, in the order it happened.

    With --clean a line on stderr counts what track rules reject; --config sets their limits, and
    --vehicles says which vehicle is of which class.
    """
    from fleetcore.application import tracks
    from fleetcore.domain.instants import time_text
    from fleetcore_entrypoints.cli import event_formats
    from fleetcore_entrypoints.cli.output import note
    from fleetcore_entrypoints.options import id_asked_for, judges_at

    if as_json and form not in (None, "json"):
        raise click.UsageError(f"--json and --format {form} contradict each other; say one")
    if (vehicle is None) == (city is None):
        raise click.UsageError("say which track: a VEHICLE, or --city NAME, not both")
    if (config or vehicles) and not clean:
        raise click.UsageError("--config and --vehicles say how to clean; add --clean")
    judge_of = judges_at(config, vehicles)
    start_ms = tracks.BEGINNING_MS if start is None else instant(start, "--from")
    end_ms = tracks.END_MS if end is None else instant(end, "--to")
    raw, cleaned = (
        (tracks.city_tracks, tracks.clean_city_tracks)
        if vehicle is None
        else (tracks.track, tracks.clean_track)
    )
    asked = (city or "") if vehicle is None else id_asked_for(vehicle)
    with resumed_app(data) as app:
        if clean:
            left = cleaned(app.fleet, asked, start_ms, end_ms, judge_of=judge_of)
            events = left.events
            _tell(left)
        else:
            events = raw(app.fleet, asked, start_ms, end_ms)
        known = events or (tracks.latest(app.fleet, [asked]) if vehicle is not None else ())
    event_formats.FORMATS["json" if as_json else form or "table"](events)
    if events:
        return
    if vehicle is None:
        note(f"no events of the city {city!r} here; files name it in a column `city`")
    elif not known:
        note(f"nothing is known of {vehicle!r}")
    else:
        last = time_text(known[0].event.observed_at)
        note(f"no events of {vehicle!r} in this span; its last is of {last}")


def _tell(left: CleanTrack) -> None:
    """Say what track rules rejected, and what they only warn of."""
    from fleetcore_entrypoints.cli.output import note

    for counts, what in ((left.rejected, "left out"), (left.warned, "doubtful, but not left out")):
        if counts:
            by_rule = ", ".join(f"{count:,} {code}" for code, count in sorted(counts.items()))
            note(f"{what}: {by_rule}; fleetcore rules says what each asks for")


@click.command(epilog=examples("fleetcore latest", "fleetcore latest BER-C00001 --json"))
@click.argument("vehicles", nargs=-1, metavar="[VEHICLE]...", help="Only these vehicles.")
@data_option
@json_option
def latest(*, vehicles: tuple[str, ...], data: Path, as_json: bool) -> None:
    """Print where each vehicle is now: the winner of all it reported."""
    from fleetcore.application import tracks
    from fleetcore_entrypoints.cli import event_formats
    from fleetcore_entrypoints.cli.output import note
    from fleetcore_entrypoints.options import id_asked_for

    asked = [id_asked_for(vehicle) for vehicle in vehicles]
    with resumed_app(data) as app:
        events = tracks.latest(app.fleet, asked or None)
    event_formats.FORMATS["json" if as_json else "table"](events)
    if not events and not asked:
        note("nothing is stored yet")
    for missing in sorted(set(asked).difference(each.event.vehicle_id for each in events)):
        note(f"nothing is known of {missing!r}")
