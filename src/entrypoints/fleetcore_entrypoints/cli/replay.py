"""`fleetcore replay`: the refused rows of an ingestion once more."""

from __future__ import annotations

from typing import Annotated

import typer

from fleetcore_entrypoints.cli.options import (
    DEFAULT_DATA,
    Config,
    Data,
    Json,
    Mappings,
    Timezone,
    Unit,
    Vehicles,
    examples,
    pairs,
)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=examples(
            "fleetcore replay 3fa9 --config fleet.toml", "fleetcore replay 3fa9 --map latitude=3"
        )
    )(replay)


def replay(
    ingestion: Annotated[
        str, typer.Argument(metavar="ID", help="An ingestion, or how its id begins.")
    ],
    *,
    data: Data = DEFAULT_DATA,
    config: Config = None,
    mapping: Mappings = None,
    timezone: Timezone = None,
    speed_unit: Unit = None,
    vehicles: Vehicles = None,
    again: Annotated[bool, typer.Option("--again", help="Also if replayed so before.")] = False,
    as_json: Json = False,
) -> None:
    """Ingest the rows that an ingestion refused again, by other rules or another mapping.

    Give --config and --vehicles as for the file, or as they should have been.
    """
    from fleetcore_entrypoints.cli.ingesting import replayed
    from fleetcore_entrypoints.options import request_of

    request = request_of(
        mapping=pairs(mapping or [], "--map", "FIELD=COLUMN"),
        timezone=timezone,
        speed_unit=speed_unit,
        vehicles=vehicles,
        config=config,
        again=again,
    )
    if not replayed(data, ingestion, request, as_json=as_json):
        raise typer.Exit(1)
