"""`fleetcore track` and `latest`: where a vehicle was, and where each is now."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import typer

from fleetcore_entrypoints.cli.options import (
    DEFAULT_DATA,
    Data,
    Json,
    examples,
    existing_app,
    instant,
)

Format: TypeAlias = Literal["table", "json", "csv", "geojson"]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog=examples(
            "fleetcore track BER-C00001 --from 2024-05-06T06:00 --to 2024-05-06T07:00",
            "fleetcore track BER-C00001 --clean --format geojson > track.geojson",
        )
    )(track)
    app.command(epilog=examples("fleetcore latest", "fleetcore latest BER-C00001 --json"))(latest)


def track(
    vehicle: Annotated[str, typer.Argument(metavar="VEHICLE", help="The vehicle's id.")],
    *,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="The first instant, ISO 8601 (else UTC)."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="The instant before which it ends.")
    ] = None,
    clean: Annotated[
        bool, typer.Option("--clean", help="Of several reports of an instant only the winner.")
    ] = False,
    form: Annotated[
        Format, typer.Option("--format", help="How to print it; json is one object a line.")
    ] = "table",
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Print what a vehicle reported, in the order it happened."""
    from fleetcore.application import tracks
    from fleetcore_entrypoints.cli import event_formats
    from fleetcore_entrypoints.cli.output import note
    from fleetcore_entrypoints.options import id_asked_for

    start_ms = tracks.BEGINNING_MS if start is None else instant(start, "--from")
    end_ms = tracks.END_MS if end is None else instant(end, "--to")
    with existing_app(data) as app:
        events = tracks.track(app.fleet, id_asked_for(vehicle), start_ms, end_ms, clean=clean)
    event_formats.FORMATS["json" if as_json else form](events)
    if not events:
        note(f"no events of {vehicle!r} in this span")


def latest(
    vehicles: Annotated[
        list[str] | None, typer.Argument(metavar="VEHICLE", help="Only these vehicles.")
    ] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Print where each vehicle is now: the winner of all it reported."""
    from fleetcore.application import tracks
    from fleetcore_entrypoints.cli import event_formats
    from fleetcore_entrypoints.cli.output import note
    from fleetcore_entrypoints.options import id_asked_for

    asked = [id_asked_for(vehicle) for vehicle in vehicles or ()]
    with existing_app(data) as app:
        events = tracks.latest(app.fleet, asked or None)
    event_formats.FORMATS["json" if as_json else "table"](events)
    for missing in sorted(set(asked).difference(each.event.vehicle_id for each in events)):
        note(f"nothing is known of {missing!r}")
