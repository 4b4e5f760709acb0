"""`fleetcore replay`: the refused rows of an ingestion once more."""

from __future__ import annotations

from pathlib import Path

import click

from fleetcore_entrypoints.cli.options import (
    config_option,
    data_option,
    examples,
    ingestion_argument,
    json_option,
    mapping_option,
    pairs,
    speed_unit_option,
    timezone_option,
    vehicles_option,
)


@click.command(
    epilog=examples(
        "fleetcore replay 3fa9 --config fleet.toml", "fleetcore replay 3fa9 --map latitude=3"
    )
)
@ingestion_argument
@data_option
@config_option
@mapping_option
@timezone_option
@speed_unit_option
@vehicles_option
@click.option("--again", is_flag=True, help="Also if replayed so before.")
@json_option
def replay(
    *,
    ingestion: str,
    data: Path,
    config: Path | None,
    mapping: tuple[str, ...],
    timezone: str | None,
    speed_unit: str | None,
    vehicles: str | None,
    again: bool,
    as_json: bool,
) -> None:
    """Ingest the rows that an ingestion refused again, by other rules or another mapping.

    Give --config and --vehicles as for the file, or as they should have been.
    """
    from fleetcore_entrypoints.cli.ingesting import replayed
    from fleetcore_entrypoints.options import request_of

    request = request_of(
        mapping=pairs(mapping, "--map", "FIELD=COLUMN"),
        timezone=timezone,
        speed_unit=speed_unit,
        vehicles=vehicles,
        config=config,
        again=again,
    )
    if not replayed(data, ingestion, request, as_json=as_json):
        raise click.exceptions.Exit(1)
