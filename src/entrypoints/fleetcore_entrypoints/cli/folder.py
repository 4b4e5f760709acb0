"""`fleetcore files`, `compact` and `doctor`: what a data folder holds, and how it is kept sound."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from fleetcore_entrypoints.cli.options import (
    FiniteRange,
    data_option,
    examples,
    existing_folder,
    json_option,
    resumed_folder,
)

if TYPE_CHECKING:
    import threading

_FOLD_EVERY_S: Final = 1.0
"""How often it is asked whether the tail is to be folded."""


@click.command(
    epilog=examples(
        "fleetcore files",
        'duckdb -c "SELECT count(*) FROM read_parquet([$(fleetcore files |'
        ' sed "s/.*/\'&\'/" | paste -sd,)])"',
    )
)
@data_option
@json_option
def files(*, data: Path, as_json: bool) -> None:
    """Print the Parquet files that hold the log; other files in the folder are no part of it."""
    from fleetcore.domain.instants import time_text
    from fleetcore_entrypoints.cli.output import print_json, shown

    with resumed_folder(data) as app:
        app.fold()
        listed = [entry.file for entry in app.catalogue.files().entries]
    for file in listed:
        if file.kind == "tail":
            continue  # It came in this very moment.
        path = data.joinpath(file.key)
        if not as_json:
            print(shown(str(path)))
            continue
        print_json(
            {
                "path": str(path),
                "kind": file.kind,
                "rows": file.rows,
                "bytes": file.size_bytes,
                "min_observed_at": time_text(file.extent.min_observed_at),
                "max_observed_at": time_text(file.extent.max_observed_at),
                "min_vehicle_id": file.extent.min_vehicle_id,
                "max_vehicle_id": file.extent.max_vehicle_id,
            }
        )


@click.command(
    epilog=examples(
        "fleetcore compact --data /srv/fleet", "fleetcore compact --every 3600 --data /srv/fleet"
    )
)
@click.option(
    "--every",
    type=FiniteRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Wait so long, compact, and so on until it is stopped; fold the tail meanwhile.",
)
@data_option
@json_option
def compact(*, every: float | None, data: Path, as_json: bool) -> None:
    """Rewrite the log's many files as few, a day each; what they say stays as it is.

    May run beside ingestions and readers, and be interrupted. With --every it also makes parts of
    the log's tail, in which live locations lie, as soon as it is long or old enough.
    """
    if every is None:
        _compact(data, as_json=as_json)
    else:
        _keep_compact(data, every, as_json=as_json)


def _keep_compact(data: Path, every_s: float, *, as_json: bool) -> None:
    from fleetcore_adapters.arrow.folding import TailWatch
    from fleetcore_entrypoints.cli.looping import looping
    from fleetcore_entrypoints.cli.stopping import stopped_by_signals
    from fleetcore_entrypoints.cli.supervised import give_way

    # Log and views are to be kept up first; a part of the tail may come later.
    give_way()
    with existing_folder(data) as app, stopped_by_signals() as stopped:
        fold = partial(app.housekeeping().fold, TailWatch())
        with looping({"tail": fold}, stopped, _FOLD_EVERY_S):
            _compact_every(every_s, data, stopped, as_json=as_json)


def _compact_every(every_s: float, data: Path, stopped: threading.Event, *, as_json: bool) -> None:
    from fleetcore.errors import FleetcoreError
    from fleetcore_entrypoints.cli.output import note

    while not stopped.wait(every_s):
        try:
            _compact(data, as_json=as_json)
        except FleetcoreError as error:
            note(f"not compacted now: {error}")


def _compact(data: Path, *, as_json: bool) -> None:
    from attrs import asdict

    from fleetcore_entrypoints.cli.output import print_json
    from fleetcore_entrypoints.cli.progress import lasting

    # Opened for it: what an interrupted ingestion left is stored, or removed, first.
    with resumed_folder(data) as app, lasting("compacting") as tell:
        done = app.compact(tell)
    if as_json:
        print_json(asdict(done))
    elif done.files_before:
        print(f"{done.files_before:,} files are now {done.files_after:,}, of {done.rows:,} rows")
    else:
        print("nothing to compact")


@click.command(epilog=examples("fleetcore doctor", "fleetcore doctor --json"))
@data_option
@json_option
def doctor(*, data: Path, as_json: bool) -> None:
    """Compare all that is stored with what the ledgers and the catalogue say of it.

    Exit status 1 if there is a fault; a note tells of what is unfinished and no damage. With
    --json each is an object; no output says that nothing is wrong.
    """
    from attrs import asdict

    from fleetcore_entrypoints.cli.output import print_json, shown
    from fleetcore_entrypoints.cli.progress import lasting

    with existing_folder(data) as app, lasting("examining") as tell:
        found = app.diagnose(tell)
    for finding in found:
        if as_json:
            print_json(asdict(finding))
        else:
            print(f"{finding.level}: {finding.code}: {shown(finding.message)}")
    if not found and not as_json:
        print("nothing is wrong")
    if any(finding.level == "fault" for finding in found):
        raise click.exceptions.Exit(1)
