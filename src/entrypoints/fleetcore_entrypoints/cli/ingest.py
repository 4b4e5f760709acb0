"""`fleetcore ingest`: files in, a ledger of each out."""

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
            "fleetcore ingest trips.csv",
            "fleetcore ingest fleet/ 'more/*.csv.gz' --vehicles vehicles.csv --json",
            "fleetcore ingest odd.csv --map latitude=y --map longitude=x --timezone Europe/Berlin",
            "fleetcore ingest new_*.txt --columns latitude,longitude,occupied,observed_at \\",
            r"    --delimiter space --vehicle-from-filename 'new_(.*)\.txt'",
            "zcat fleet.csv.gz | fleetcore ingest -",
        )
    )(ingest)


def ingest(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Files, folders, globs, or - for stdin.")
    ],
    *,
    data: Data = DEFAULT_DATA,
    config: Config = None,
    mapping: Mappings = None,
    columns: Annotated[
        str | None, typer.Option(metavar="A,B,C", help="Columns of a file without a header.")
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(metavar="CHAR", help="Between cells: a character, tab or space.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the text, such as utf-8 or cp1252.")
    ] = None,
    timezone: Timezone = None,
    speed_unit: Unit = None,
    vehicle_from_filename: Annotated[
        str | None,
        typer.Option(metavar="REGEX", help="Finds the vehicle id in a file's name: its group."),
    ] = None,
    vehicles: Vehicles = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also files that were ingested before.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take in CSV files of GPS points (plain, gzip or zstd), every row accounted for.

    Exit status 1 if any file failed; the others are ingested all the same.
    """
    from fleetcore_entrypoints.cli.ingesting import ingested_all
    from fleetcore_entrypoints.options import request_of

    request = request_of(
        mapping=pairs(mapping or [], "--map", "FIELD=COLUMN"),
        columns=[name.strip() for name in columns.split(",")] if columns else (),
        delimiter=delimiter,
        encoding=encoding,
        timezone=timezone,
        speed_unit=speed_unit,
        vehicle_from_filename=vehicle_from_filename,
        vehicles=vehicles,
        config=config,
        again=again,
    )
    if not ingested_all(data, paths, request, as_json=as_json):
        raise typer.Exit(1)
