"""`fleetcore rebuild`: a view made anew from the log."""

from __future__ import annotations

from pathlib import Path

import click

from fleetcore_entrypoints.cli.options import (
    data_option,
    examples,
    existing_region,
    json_option,
    region_option,
)


@click.command(epilog=examples("fleetcore rebuild registers", "fleetcore rebuild geo --json"))
@click.argument("view", type=click.Choice(("registers", "geo", "graph")))
@data_option
@region_option
@json_option
def rebuild(*, view: str, data: Path, region: str | None, as_json: bool) -> None:
    """Make the registers, the geo index or the graph anew from the whole log.

    It may run beside everything else. The graph, which is made of the geo index, begins anew behind
    it by itself. The sums of the registers are counted anew and compared: exit status 1 if they are
    not those of the registers.
    """
    import time

    from fleetcore.application import following
    from fleetcore_entrypoints.cli.output import note, print_json
    from fleetcore_entrypoints.cli.progress import lasting

    wrong = 0
    with existing_region(data, region) as app, lasting(f"rebuilding {view}"):
        began_s = time.monotonic()
        if view == "registers":
            before = app.registers.digest()
            done = following.rebuild_registers(app.log, app.registers)
            seconds = time.monotonic() - began_s
            wrong = len(app.registers.recount())
            if before.registers and before != app.registers.digest():
                note("the registers are not what they were: they were behind, or damaged")
        else:
            done = following.rebuild(app.log, app.geo if view == "geo" else app.graph)
            seconds = time.monotonic() - began_s
    if as_json:
        print_json(
            {
                "view": view,
                "facts": done.facts,
                "cursor": done.cursor,
                "seconds": seconds,
                "wrong_sums": wrong,
            }
        )
    else:
        print(f"{view}: made of the winners of {done.facts:,} vehicles in {seconds:.1f} s")
    if wrong:
        note(f"the sums of {wrong:,} leaves were wrong and are put right; please report this")
        raise click.exceptions.Exit(1)
