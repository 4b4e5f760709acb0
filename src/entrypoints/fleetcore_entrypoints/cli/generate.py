"""`fleetcore generate`: a fleet's file with the ledger it must end with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from fleetcore.errors import InvalidConfiguration
from fleetcore_entrypoints.cli.options import Json, examples, instant, pairs

if TYPE_CHECKING:
    from fleetcore.application.generation.times import TimeStyle


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=examples(
            "fleetcore generate fleet.csv",
            "fleetcore generate fleet.csv --rows 1000000 --dirt duplicate=0.01 --dirt ragged=0.001",
            "fleetcore generate fleet.csv.gz --fault gzip --fault crlf --json",
        )
    )(generate)


def generate(
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT.csv", help="Beside it: OUT.vehicles.csv (metadata), OUT.truth.json."
        ),
    ],
    *,
    vehicles: Annotated[int, typer.Option(metavar="N", help="So many vehicles.")] = 500,
    rows: Annotated[int, typer.Option(metavar="N", help="So many rows.")] = 100_000,
    seed: Annotated[int, typer.Option(metavar="N", help="Equal seeds give equal files.")] = 1,
    start: Annotated[
        str, typer.Option(metavar="TIME", help="The first report, ISO 8601 (else UTC).")
    ] = "2024-05-06T06:00:00Z",
    interval_s: Annotated[
        int, typer.Option(metavar="S", help="Seconds between a vehicle's reports.")
    ] = 10,
    dirt: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND=SHARE", help="A share of rows, 0 to 1, with this dirt."),
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="A fault of the whole file.")
    ] = None,
    time_format: Annotated[
        str, typer.Option(metavar="FORMAT", help="Of times: iso or epoch-ms.")
    ] = "iso",
    as_json: Json = False,
) -> None:
    """Write the file of a believable fleet, and the truth its ingestion must end with.

    An unknown kind of dirt or fault is answered with the list of all kinds.
    """
    from fleetcore.application.generation.spec import FleetSpec
    from fleetcore_entrypoints.cli.generating import print_generated, write_fleet

    spec = FleetSpec(
        vehicles=vehicles,
        rows=rows,
        seed=seed,
        start=datetime.fromtimestamp(instant(start, "--start") / 1000, UTC),
        interval_s=interval_s,
        dirt=_shares(dirt or []),
        faults=frozenset(fault or []),
        time_format=cast("TimeStyle", time_format),
    )
    if spec.end > datetime.now(UTC):
        raise InvalidConfiguration(
            f"the last report would be at {spec.end.isoformat()}, in the future, where the rules "
            "reject it; say an earlier --start, a shorter --interval-s or more --vehicles"
        )
    print_generated(write_fleet(spec, out), as_json=as_json)


def _shares(texts: list[str]) -> dict[str, float]:
    shares = {}
    for kind, text in pairs(texts, "--dirt", "KIND=SHARE").items():
        try:
            shares[kind] = float(text)
        except ValueError:
            raise InvalidConfiguration(
                f"--dirt {kind}={text}: the share is no number from 0 to 1"
            ) from None
    return shares
