"""`fleetcore ingest`: files in, a ledger of each out."""

from __future__ import annotations

from pathlib import Path

import click

from fleetcore_entrypoints.cli.options import (
    config_option,
    data_option,
    examples,
    json_option,
    mapping_option,
    named,
    pairs,
    speed_unit_option,
    timezone_option,
    vehicles_option,
)


@click.command(
    epilog=examples(
        "fleetcore ingest trips.csv",
        "fleetcore ingest fleet/ 'more/*.csv.gz' --vehicles vehicles.csv --json",
        "fleetcore ingest odd.csv --map latitude=y --map longitude=x --timezone Europe/Berlin",
        "fleetcore ingest new_*.txt --columns latitude,longitude,occupied,observed_at \\",
        r"    --delimiter space --vehicle-from-filename 'new_(.*)\.txt'",
        "zcat fleet.csv.gz | fleetcore ingest -",
    )
)
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=named,
    metavar="PATH...",
    help="Files, folders, globs, or - for stdin.",
)
@data_option
@config_option
@mapping_option
@click.option("--columns", metavar="A,B,C", help="Columns of a file without a header.")
@click.option("--delimiter", metavar="CHAR", help="Between cells: a character, tab or space.")
@click.option("--encoding", metavar="NAME", help="Of the text, such as utf-8 or cp1252.")
@timezone_option
@speed_unit_option
@click.option(
    "--vehicle-from-filename",
    metavar="REGEX",
    help="Finds the vehicle id in a file's name: its group.",
)
@vehicles_option
@click.option("--again", is_flag=True, help="Also files that were ingested before.")
@json_option
def ingest(
    *,
    paths: tuple[str, ...],
    data: Path,
    config: Path | None,
    mapping: tuple[str, ...],
    columns: str | None,
    delimiter: str | None,
    encoding: str | None,
    timezone: str | None,
    speed_unit: str | None,
    vehicle_from_filename: str | None,
    vehicles: str | None,
    again: bool,
    as_json: bool,
) -> None:
    """Take in CSV files of GPS points (plain, gzip or zstd), every row accounted for.

    Exit status 1 if any file failed; the others are ingested all the same.
    """
    from fleetcore_entrypoints.cli.ingesting import ingested_all
    from fleetcore_entrypoints.options import request_of

    request = request_of(
        mapping=pairs(mapping, "--map", "FIELD=COLUMN"),
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
        raise click.exceptions.Exit(1)
