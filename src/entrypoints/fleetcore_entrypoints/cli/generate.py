"""`fleetcore generate`: a fleet's file with the ledger it must end with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from fleetcore.errors import InvalidConfiguration
from fleetcore_entrypoints.cli.options import examples, instant, json_option, pairs

if TYPE_CHECKING:
    from fleetcore.application.generation.times import TimeStyle


@click.command(
    epilog=examples(
        "fleetcore generate fleet.csv",
        "fleetcore generate fleet.csv --rows 1000000 --dirt duplicate=0.01 --dirt ragged=0.001",
        "fleetcore generate fleet.csv.gz --fault crlf --json",
    )
)
@click.argument(
    "out",
    type=Path,
    metavar="OUT.csv",
    help="Also .csv.gz or .csv.zst. Beside it: OUT.vehicles.csv (metadata), OUT.truth.json.",
)
@click.option("--vehicles", metavar="N", default=500, help="So many vehicles.")
@click.option("--rows", metavar="N", default=100_000, help="So many rows.")
@click.option("--seed", metavar="N", default=1, help="Equal seeds give equal files.")
@click.option(
    "--start",
    metavar="TIME",
    default="2024-05-06T06:00:00Z",
    help="The first report, ISO 8601 (else UTC).",
)
@click.option("--interval-s", metavar="S", default=10, help="Seconds between a vehicle's reports.")
@click.option(
    "--dirt",
    multiple=True,
    metavar="KIND=SHARE",
    help="A share of rows, 0 to 1, with this dirt.",
)
@click.option("--fault", multiple=True, metavar="KIND", help="A fault of the whole file.")
@click.option(
    "--trips", is_flag=True, help="Also OUT.trips.csv: the true trips, for `fleetcore trips`."
)
@click.option("--time-format", metavar="FORMAT", default="iso", help="Of times: iso or epoch-ms.")
@json_option
def generate(
    *,
    out: Path,
    vehicles: int,
    rows: int,
    seed: int,
    start: str,
    interval_s: int,
    dirt: tuple[str, ...],
    fault: tuple[str, ...],
    trips: bool,
    time_format: str,
    as_json: bool,
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
        dirt=_shares(dirt),
        faults=frozenset(fault),
        time_format=cast("TimeStyle", time_format),
    )
    if spec.end > datetime.now(UTC):
        raise InvalidConfiguration(
            f"the last report would be at {spec.end.isoformat()}, in the future, where the rules "
            "reject it; say an earlier --start, a shorter --interval-s or more --vehicles"
        )
    print_generated(write_fleet(spec, out, with_trips=trips), as_json=as_json)


def _shares(texts: Sequence[str]) -> dict[str, float]:
    shares = {}
    for kind, text in pairs(texts, "--dirt", "KIND=SHARE").items():
        try:
            shares[kind] = float(text)
        except ValueError:
            raise InvalidConfiguration(
                f"--dirt {kind}={text}: the share is no number from 0 to 1"
            ) from None
    return shares
