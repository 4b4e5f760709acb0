"""`fleetcore link`: cut a region off from the others, and heal it."""

from __future__ import annotations

from pathlib import Path

import click

from fleetcore_entrypoints.cli.options import (
    config_option,
    data_option,
    examples,
    existing_folder,
    existing_region,
    json_option,
    region_option,
)


@click.group(
    epilog=examples("fleetcore link show", "fleetcore link cut --data eu", "fleetcore link heal")
)
def link() -> None:
    """What connects the region in this folder with the others.

    A region that is cut off goes on taking events in; it neither answers others nor copies from
    them, and that is remembered until it is healed. Processes at work notice it at once.
    """


@link.command(epilog=examples("fleetcore link cut --data eu"))
@data_option
@region_option
def cut(*, data: Path, region: str | None) -> None:
    """Cut the region off."""
    with existing_region(data, region) as app:
        app.links.cut(True)
        print(f"{app.region} is cut off; fleetcore link heal ends it")


@link.command(epilog=examples("fleetcore link heal --data eu"))
@data_option
@region_option
def heal(*, data: Path, region: str | None) -> None:
    """Let the region answer and copy again; what it missed comes by itself."""
    with existing_region(data, region) as app:
        app.links.cut(False)
        print(f"{app.region} is connected")


@link.command(epilog=examples("fleetcore link name eu --data eu"))
@click.argument("name")
@data_option
def name(*, name: str, data: Path) -> None:
    """Give the region in this folder another name, where the first one was a mistake.

    Its peers know it by its name: end its processes first, and give no two regions one name.
    """
    from fleetcore.application.regions_config import checked_name
    from fleetcore_adapters.local.links import name_region

    with existing_folder(data) as app:
        name_region(app.database, checked_name(name))
    print(f"the region in {data} is {name} now")


@link.command(epilog=examples("fleetcore link show --config fleet.toml"))
@config_option
@data_option
@region_option
@json_option
def show(*, config: Path | None, data: Path, region: str | None, as_json: bool) -> None:
    """Print whether the region is cut off, and which of the others answer."""
    from fleetcore.errors import RegionUnreachable
    from fleetcore_entrypoints.cli.output import print_json, print_table
    from fleetcore_entrypoints.options import config_at
    from fleetcore_entrypoints.wiring.regions import Regions

    configured = config_at(config)
    rows: list[tuple[str, str, str, int]] = []
    with existing_region(data, region, configured) as app, Regions(app, configured) as regions:
        is_cut = app.links.are_cut()
        rows.append((app.region, configured.regions.get(app.region, ""), "this region", 0))
        for peer in regions.peers:
            try:
                peer.leaves(())
                state = "answers"
            except RegionUnreachable:
                state = "does not answer"
            address = configured.regions[peer.name]
            rows.append((peer.name, address, state, app.links.cursor(peer.name)))
    if is_cut:
        rows[0] = (*rows[0][:2], "this region, cut off", 0)
    if as_json:
        for name, address, state, cursor in rows:
            print_json({"region": name, "address": address, "state": state, "cursor": cursor})
    else:
        print_table(
            ("region", "address", "state", "copied up to"),
            [(*row[:3], f"{row[3]:,}") for row in rows],
            "lllr",
        )
