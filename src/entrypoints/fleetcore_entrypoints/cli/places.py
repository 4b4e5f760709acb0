"""`fleetcore places`: cities, zones, riders, drivers and trip requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetcore.errors import InvalidInput
from fleetcore_entrypoints.cli.options import (
    data_option,
    examples,
    existing_region,
    json_option,
    opened_region,
)

if TYPE_CHECKING:
    from fleetcore.application.place_lists import ListedKind
    from fleetcore.domain.places import Place, PlaceKind

_file = click.argument("file", type=Path, metavar="FILE")


@click.group(
    invoke_without_command=True,
    epilog=examples(
        "fleetcore places import cities.geojson",
        "fleetcore places list city",
        "fleetcore places riders riders.csv",
    ),
)
@click.pass_context
def places(context: click.Context) -> None:
    """Cities, zones, riders, drivers and trip requests, which the proximity graph connects."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@places.command("import", epilog=examples("fleetcore places import cities.geojson"))
@_file
@data_option
@json_option
def import_(*, file: Path, data: Path, as_json: bool) -> None:
    """Take in the cities and zones of a GeoJSON file; one with a known name is drawn anew.

    Each feature is a Polygon or MultiPolygon with a property `kind`: a `city` has `name` and
    `timezone` (such as Europe/Berlin), a `zone` has `id` and `name`. A file with a fault changes
    nothing.
    """
    from fleetcore.application.geojson import areas_in
    from fleetcore_entrypoints.cli.output import note

    areas = areas_in(_content(file), str(file))
    changed = _put(data, areas, "areas", as_json=as_json)
    if changed:
        note(
            "vehicles without a city get theirs with their next report; all at once: "
            "fleetcore rebuild geo"
        )


@places.command("riders", epilog=examples("fleetcore places riders riders.csv"))
@_file
@data_option
@json_option
def riders(*, file: Path, data: Path, as_json: bool) -> None:
    """Take in where riders are: rider_id, latitude, longitude, and maybe name, observed_at.

    CSV with a header, a JSON array, or JSON lines. Of a rider the latest position counts; one
    without a time is of now.
    """
    _take_in("rider", file, data, as_json=as_json)


@places.command("drivers", epilog=examples("fleetcore places drivers drivers.jsonl"))
@_file
@data_option
@json_option
def drivers(*, file: Path, data: Path, as_json: bool) -> None:
    """Take in who drives: vehicle_id, and maybe name, rating; in the forms `riders` takes."""
    _take_in("driver", file, data, as_json=as_json)


@places.command("trips", epilog=examples("fleetcore places trips requests.csv"))
@_file
@data_option
@json_option
def trips(*, file: Path, data: Path, as_json: bool) -> None:
    """Take in who asked for a trip: trip_id, rider_id, and maybe requested_at; as `riders`."""
    _take_in("trip", file, data, as_json=as_json)


@places.command("list", epilog=examples("fleetcore places list city", "fleetcore places list"))
@click.argument(
    "kind",
    type=click.Choice(("city", "zone", "rider", "driver", "trip")),
    required=False,
    metavar="[city|zone|rider|driver|trip]",
)
@data_option
@json_option
def list_(*, kind: PlaceKind | None, data: Path, as_json: bool) -> None:
    """List what is known of one kind, or of all, by id."""
    from fleetcore.domain.places import PLACE_KINDS, id_of
    from fleetcore_entrypoints.cli.output import note, print_json, print_table

    with existing_region(data) as app:
        found = [
            (each, place)
            for each in (PLACE_KINDS if kind is None else (kind,))
            for place in app.places.read(each)
        ]
    if as_json:
        for each, place in found:
            print_json({"kind": each, "id": id_of(place), **_said(place)})
    elif found:
        print_table(
            ["kind", "id", "what is known"],
            [
                [
                    each,
                    id_of(place),
                    ", ".join(f"{key} {said}" for key, said in _said(place).items()),
                ]
                for each, place in found
            ],
        )
    else:
        note(f"no {kind or 'place'} is known; see fleetcore places --help")


@places.command("remove", epilog=examples("fleetcore places remove rider r-42"))
@click.argument("kind", type=click.Choice(("rider",)), metavar="rider")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@data_option
@json_option
def remove(*, kind: str, ids: tuple[str, ...], data: Path, as_json: bool) -> None:
    """Forget riders: where they were, their names, and their requests."""
    from fleetcore_entrypoints.cli.output import print_json

    with existing_region(data) as app:
        removed = app.graph.remove_riders(ids)
    if as_json:
        print_json({"removed": removed})
    else:
        print(f"{removed:,} of {len(set(ids)):,} {kind}s removed")


def _take_in(kind: ListedKind, file: Path, data: Path, *, as_json: bool) -> None:
    from fleetcore.application.place_lists import listed_in
    from fleetcore_adapters.local.clock import SystemClock

    listed = listed_in(kind, _content(file), str(file), SystemClock().now_ms())
    _put(data, listed, f"{kind}s", as_json=as_json)


def _put(data: Path, places: Sequence[Place], what: str, *, as_json: bool) -> int:
    """Keep places, tell how many were new, and give that back."""
    from fleetcore_entrypoints.cli.output import print_json

    with opened_region(data) as app:
        changed = app.places.put(places)
    if as_json:
        print_json({"read": len(places), "changed": changed})
    else:
        print(f"{len(places):,} {what} read, {changed:,} of them new or changed")
    return changed


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file}: {error.strerror or error}") from error


def _said(place: Place) -> Mapping[str, object]:
    """What is known of a place beside its id, as far as it is."""
    from fleetcore.domain.instants import time_text
    from fleetcore.domain.places import City, Driver, Rider, TripRequest, Zone

    match place:
        case City():
            said: dict[str, object] = {"timezone": place.timezone, "polygons": len(place.area)}
        case Zone():
            said = {"name": place.name, "polygons": len(place.area)}
        case Rider():
            said = {
                "name": place.name,
                "latitude": place.latitude,
                "longitude": place.longitude,
                "observed_at": time_text(place.observed_at),
            }
        case Driver():
            said = {"name": place.name, "rating": place.rating}
        case TripRequest():
            said = {"rider": place.rider_id, "requested_at": time_text(place.requested_at)}
    return {key: value for key, value in said.items() if value is not None}
