"""`fleetcore drift`: where regions disagree, and what ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
    from fleetcore_entrypoints.wiring.regions import Regions


@click.group(
    epilog=examples(
        "fleetcore drift check --config fleet.toml",
        "fleetcore drift repair --config fleet.toml",
        "fleetcore drift watch --every 10 --config fleet.toml",
    )
)
def drift() -> None:
    """Compare what regions hold of every vehicle: look twice, say exactly who is behind, mend it.

    The regions and their addresses are in the config: [regions.<name>] address = "HOST:PORT".
    Each must be served, by fleetcore follow or fleetcore run. Of several machines each needs the
    same FLEETCORE_LINK_SECRET.
    """


@contextmanager
def _regions(data: Path, config: Path | None, region: str | None) -> Iterator[Regions]:
    from fleetcore_entrypoints.options import config_at
    from fleetcore_entrypoints.wiring.regions import Regions

    configured = config_at(config)
    with existing_region(data, region, configured) as app, Regions(app, configured) as regions:
        yield regions


@drift.command(
    epilog=examples(
        "fleetcore drift check --config fleet.toml",
        "fleetcore drift check --config fleet.toml --deep --json",
    )
)
@click.option("--deep", is_flag=True, help="Go through all registers one by one, too.")
@config_option
@data_option
@region_option
@json_option
def check(
    *, deep: bool, config: Path | None, data: Path, region: str | None, as_json: bool
) -> None:
    """Look twice, print who is behind on which vehicle, and change nothing.

    Exit status 1 if a region has drifted, misses a tombstone, or holds a corrupt register; or if
    nothing was compared, because no other region answered.
    """
    import time

    from fleetcore.application.drift_check import check as checked
    from fleetcore_entrypoints.cli import drift_text
    from fleetcore_entrypoints.cli.progress import lasting

    with _regions(data, config, region) as regions, lasting("looking twice"):
        found = checked(
            regions.all(),
            regions.clock,
            lambda: time.sleep(regions.settings.settle_s),
            settings=regions.settings,
            together=regions.together,
            deep=deep,
        )
        exchanged = regions.exchanged()
    show = drift_text.print_lines if as_json else drift_text.print_tables
    show(found, exchanged)
    if found.first.is_alone:
        drift_text.note_alone()
    if found.is_drift or (found.first.is_alone and not deep):
        raise click.exceptions.Exit(1)


@drift.command(epilog=examples("fleetcore drift repair --config fleet.toml"))
@config_option
@data_option
@region_option
@json_option
def repair(*, config: Path | None, data: Path, region: str | None, as_json: bool) -> None:
    """Conduct one run: look twice, repair what has drifted, verify it.

    Exit status 1 if anything is left, if another run is at work, or if nothing was compared,
    because no other region answered.
    """
    import time

    from fleetcore.application.conducting import Watch, tick
    from fleetcore_entrypoints.cli.drift_text import TextTelemeter, note_alone, print_tick
    from fleetcore_entrypoints.cli.progress import lasting

    with _regions(data, config, region) as regions, lasting("looking and mending"):
        conductor = regions.conductor(TextTelemeter())
        done = tick(conductor, Watch())
        if done.watch.noted is not None:
            time.sleep(regions.settings.settle_s)
            done = tick(conductor, done.watch)
    print_tick(done, as_json=as_json)
    if done.outcomes[0] == "alone":
        note_alone()
    if done.outcomes[0] in ("alone", "escalated", "standing back"):
        raise click.exceptions.Exit(1)


@drift.command(epilog=examples("fleetcore drift watch --every 10 --config fleet.toml"))
@click.option("--every", type=FiniteRange(min=0, min_open=True), metavar="SECONDS", help="Else 10.")
@config_option
@data_option
@region_option
@json_option
def watch(
    *, every: float | None, config: Path | None, data: Path, region: str | None, as_json: bool
) -> None:
    """Conduct runs, a tick every ten seconds, until it is stopped.

    It may run in every region: the first region of the config that answers conducts, the others
    stand by.
    """
    from fleetcore.application.conducting import Watch, tick
    from fleetcore.errors import FleetcoreError
    from fleetcore_entrypoints.cli.drift_text import TextTelemeter, print_standing_by, print_tick
    from fleetcore_entrypoints.cli.output import note
    from fleetcore_entrypoints.cli.stopping import stopped_by_signals

    with _regions(data, config, region) as regions, stopped_by_signals() as stopped:
        conductor = regions.conductor(TextTelemeter())
        pause_s = regions.settings.every_s if every is None else every
        kept = Watch()
        while True:
            try:
                conducting = regions.conducted_by()
                if conducting == regions.own.name:
                    done = tick(conductor, kept)
                    kept = done.watch
                    print_tick(done, as_json=as_json)
                else:
                    kept = Watch(run=kept.run)
                    print_standing_by(conducting, as_json=as_json)
            except FleetcoreError as error:
                note(f"no look now: {error}")
            if stopped.wait(pause_s):
                return
