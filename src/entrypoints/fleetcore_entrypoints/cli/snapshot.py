"""`fleetcore snapshot`: checksummed copies of a region's registers, and the way back from one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetcore_entrypoints.cli.options import (
    FiniteRange,
    config_option,
    data_option,
    examples,
    existing_region,
    json_option,
    region_option,
)

if TYPE_CHECKING:
    from fleetcore.application.snapshots import Snapshot


@click.group(
    epilog=examples(
        "fleetcore snapshot take", "fleetcore snapshot verify", "fleetcore snapshot restore"
    )
)
def snapshot() -> None:
    """Copies of where every vehicle is: taken, listed, verified, restored from."""


@snapshot.command(epilog=examples("fleetcore snapshot take --json"))
@data_option
@region_option
@json_option
def take(*, data: Path, region: str | None, as_json: bool) -> None:
    """Write a snapshot of the registers: JSON, compressed, a driver a line."""
    from fleetcore.application import snapshots
    from fleetcore.application.following import follow_registers
    from fleetcore_entrypoints.cli.progress import lasting

    with existing_region(data, region) as app, lasting("taking a snapshot"):
        follow_registers(app.log, app.registers)
        taken, size_bytes = snapshots.take(
            app.registers, app.snapshots, app.clock, region=app.region
        )
    _print(taken, as_json=as_json, size_bytes=size_bytes)


@snapshot.command("list", epilog=examples("fleetcore snapshot list"))
@data_option
@region_option
@json_option
def list_(*, data: Path, region: str | None, as_json: bool) -> None:
    """Print the names of the snapshots, the newest last."""
    from fleetcore_entrypoints.cli.output import note, print_json

    with existing_region(data, region) as app:
        names = app.snapshots.names()
    for name in names:
        if as_json:
            print_json({"name": name})
        else:
            print(name)
    if not names:
        note("there are no snapshots; fleetcore snapshot take makes one")


@snapshot.command(
    epilog=examples(
        "fleetcore snapshot verify", "fleetcore snapshot verify 2024-05-06T07-08-09.000Z.json.gz"
    )
)
@click.argument("name", required=False, metavar="[NAME]")
@data_option
@region_option
@json_option
def verify(*, name: str | None, data: Path, region: str | None, as_json: bool) -> None:
    """Read a snapshot, or all of them, and compare bytes, count and checksum with what they were.

    Exit status 1 if one is not whole, or there is none.
    """
    from fleetcore.application import snapshots
    from fleetcore.errors import CorruptObject, ObjectMissing
    from fleetcore_entrypoints.cli.output import print_error, print_json
    from fleetcore_entrypoints.cli.progress import lasting

    damaged = 0
    with existing_region(data, region) as app, lasting("reading snapshots"):
        names = app.snapshots.names() if name is None else (name,)
        if not names:
            raise ObjectMissing("there are no snapshots; fleetcore snapshot take makes one")
        for each in names:
            try:
                _print(snapshots.verify(app.snapshots, each), as_json=as_json)
            except CorruptObject as error:
                damaged += 1
                if as_json:
                    print_json({"name": each, "error": str(error)})
                print_error(error.code, str(error))
            except ObjectMissing:
                # Who takes snapshots thins them out meanwhile.
                if name is not None or each in app.snapshots.names():
                    raise
    if damaged:
        raise click.exceptions.Exit(1)


@snapshot.command(
    epilog=examples(
        "fleetcore snapshot restore", "fleetcore snapshot restore 2024-05-06T07-08-09.000Z.json.gz"
    )
)
@click.argument("name", required=False, metavar="[NAME]")
@data_option
@region_option
@json_option
def restore(*, name: str | None, data: Path, region: str | None, as_json: bool) -> None:
    """Put the registers back: from a snapshot, and from the log behind its cursor.

    Without a NAME it is the newest one that is whole; those that are not are named. Where there
    is none the registers are made from the log alone.
    """
    import time

    from fleetcore.application import snapshots
    from fleetcore_entrypoints.cli.output import note, print_json
    from fleetcore_entrypoints.cli.progress import lasting

    with existing_region(data, region) as app, lasting("restoring"):
        began_s = time.monotonic()
        restored = snapshots.restore(app.registers, app.log, app.snapshots, name=name)
        seconds = time.monotonic() - began_s
        registers = app.registers.digest().registers - len(app.registers.tombstones())
    for refused, why in restored.refused:
        note(f"passed over {refused}: {why.removeprefix(f'{refused}: ')}")
    came = restored.snapshot.name if restored.snapshot else None
    if as_json:
        print_json(
            {
                "snapshot": came,
                "registers": registers,
                "passed_over": [each for each, _ in restored.refused],
                "seconds": seconds,
            }
        )
    else:
        source = f"{came} and the log behind it" if came else "the log alone"
        print(f"{registers:,} registers are back from {source}, in {seconds:.1f} s")


@snapshot.command(epilog=examples("fleetcore snapshot watch --every 60 --json"))
@click.option("--every", type=FiniteRange(min=0, min_open=True), metavar="SECONDS")
@config_option
@data_option
@region_option
@json_option
def watch(
    *, every: float | None, config: Path | None, data: Path, region: str | None, as_json: bool
) -> None:
    """Take a snapshot every minute, and thin the old ones out, until it is stopped.

    The regions of a config take turns. Where nobody else keeps the registers up, it does; under
    `fleetcore run`, `follow` does.
    """
    from attrs import evolve

    from fleetcore.application import snapshots
    from fleetcore.application.following import follow_registers
    from fleetcore.domain.snapshots import next_after_s
    from fleetcore.errors import FleetcoreError
    from fleetcore_entrypoints.cli.output import note
    from fleetcore_entrypoints.cli.stopping import stopped_by_signals
    from fleetcore_entrypoints.cli.supervised import give_way, is_supervised
    from fleetcore_entrypoints.options import config_at

    fleet = config_at(config)
    settings = fleet.snapshots
    if every is not None:
        settings = evolve(settings, every_s=every)
    with existing_region(data, region) as app, stopped_by_signals() as stopped:
        # A snapshot may take its time; what vehicles report may not.
        give_way(at_once=True)
        names = list(fleet.regions) if app.region in fleet.regions else [app.region]
        cursor = 0
        while True:
            begun_ms = app.clock.now_ms()
            try:
                # Under a supervisor `follow` does it; who gives way must not hold its lock.
                if not is_supervised() and cursor == app.registers.cursor():
                    follow_registers(app.log, app.registers)
                cursor = app.registers.cursor()
                taken, size_bytes = snapshots.take(
                    app.registers, app.snapshots, app.clock, region=app.region
                )
                snapshots.thin_out(app.snapshots, app.clock.now_ms(), settings)
            except FleetcoreError as error:
                note(f"no snapshot now: {error}")
            else:
                _print(taken, as_json=as_json, size_bytes=size_bytes)
            wait_s = next_after_s(begun_ms, settings.every_s, names.index(app.region), len(names))
            if stopped.wait(max(wait_s - (app.clock.now_ms() - begun_ms) / 1000, 0)):
                return


def _print(taken: Snapshot, *, as_json: bool, size_bytes: int | None = None) -> None:
    from attrs import asdict

    from fleetcore_entrypoints.cli.output import print_json, shown

    if as_json:
        more = {} if size_bytes is None else {"bytes": size_bytes}
        print_json({**asdict(taken), **more})
        return
    size = "" if size_bytes is None else f", {size_bytes / 1e6:,.1f} MB"
    print(f"{taken.name}: {taken.drivers:,} drivers of {shown(taken.region)}{size}")
