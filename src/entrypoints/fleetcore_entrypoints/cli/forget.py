"""`fleetcore forget`: a vehicle erased from everything that is kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from fleetcore_entrypoints.cli.options import (
    config_option,
    data_option,
    examples,
    existing_folder,
    existing_region,
    json_option,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetcore.application.forgetting import Forgotten
    from fleetcore.application.privacy_settings import PrivacySettings
    from fleetcore_entrypoints.wiring.regions import Regions

_DAY_MS: Final = 24 * 3600 * 1000


@click.command(
    epilog=examples("fleetcore forget cab-17", "fleetcore forget --pending --data eu --json")
)
@click.argument("vehicle", required=False, metavar="[VEHICLE]")
@click.option(
    "--pending",
    is_flag=True,
    help="Erase what is left of vehicles forgotten elsewhere, or not to the end.",
)
@config_option
@data_option
@json_option
def forget(
    *, vehicle: str | None, pending: bool, config: Path | None, data: Path, as_json: bool
) -> None:
    """Erase a vehicle: the log, rejected rows, names of files, views, messages and snapshots.

    A tombstone stays, a hash of the id: rows of the vehicle are refused from now on, whoever
    brings them. Ledgers show rows it had as forgotten. Other regions learn of it here or by
    drift repair, and `fleetcore follow` erases it there. It may be interrupted and run again.
    Exit status 1 if something is left until files that are being read are done.
    """
    from fleetcore_entrypoints.cli.output import note
    from fleetcore_entrypoints.cli.progress import lasting
    from fleetcore_entrypoints.options import config_at, id_asked_for
    from fleetcore_entrypoints.wiring.forgetting import Forgetting
    from fleetcore_entrypoints.wiring.regions import Regions

    if (vehicle is None) != pending:
        raise click.UsageError("give the id of a vehicle, or --pending")
    settings = config_at(config)
    with existing_folder(data):
        pass
    with existing_region(data) as app, Regions(app, settings) as regions:
        forgetting = Forgetting(app)
        now_ms = app.clock.now_ms()
        with lasting("forgetting"):
            if vehicle is None:
                done = forgetting.erase_pending()
            else:
                asked = id_asked_for(vehicle)
                done = forgetting.forget(asked)
                _tell_peers(regions, asked, now_ms)
    if done is None:
        note("nothing is pending: every vehicle that was forgotten is erased")
        return
    _print(done, settings.privacy, now_ms, as_json=as_json)
    if vehicle is not None and not done.found:
        note(f"nothing of {vehicle!r} was held here; the id is refused from now on all the same")
    if not done.complete:
        raise click.exceptions.Exit(1)


def _tell_peers(regions: Regions, vehicle_id: str, now_ms: int) -> None:
    """Let other regions refuse it at once; one that does not answer is told by drift repair."""
    from fleetcore.application.forgetting import tombstone_of
    from fleetcore.errors import RegionUnreachable
    from fleetcore_entrypoints.cli.output import note

    for peer in regions.peers:
        try:
            peer.bury([tombstone_of(vehicle_id, now_ms)])
        except RegionUnreachable as error:
            note(f"region {peer.name} is not told yet, drift repair does it: {error}")


def _print(done: Forgotten, privacy: PrivacySettings, now_ms: int, *, as_json: bool) -> None:
    from attrs import asdict

    from fleetcore.domain.instants import time_text
    from fleetcore_entrypoints.cli.output import print_json, print_table

    days = privacy.backups_kept_days
    expires = None if days is None else time_text(now_ms + days * _DAY_MS)
    if as_json:
        print_json(
            {
                **asdict(done),
                "complete": done.complete,
                "backups_made_before": time_text(now_ms),
                "last_backup_expires": expires,
            }
        )
    else:
        print_table(["erased", "from"], _lines(done), "r")
        until = (
            "say how long they are kept, and the date is told: [privacy] backups_kept_days"
            if expires is None
            else f"the last of them expires by {expires[:10]}"
        )
        print(f"\nbackups made before {time_text(now_ms)} may hold it; {until}")
    _print_what_is_left(done)


def _print_what_is_left(done: Forgotten) -> None:
    from fleetcore_entrypoints.cli.output import note

    for ingestion in done.closed:
        note(
            f"ingestion {ingestion} was not read to its end and is given up: ingest its file again"
        )
    if done.waiting:
        note(f"files that are being read may yet leave rows of it: {', '.join(done.waiting)}")
    if done.unfinished:
        note(f"unfinished files that may hold rows of it: {done.unfinished}; gone in an hour")
    if not done.scrubbed:
        note("another process still reads a database as it was")
    if not done.complete:
        note("when they are done: fleetcore forget --pending (fleetcore follow does it by itself)")


def _lines(done: Forgotten) -> Sequence[tuple[str, str]]:
    counts = (
        (done.log.rows, f"the log: rows, in {done.log.files:,} files that are rewritten"),
        (done.parts, "parts beside the log: files removed"),
        (done.rejects, "rejected rows: texts"),
        (done.names, "names of ingested files"),
        (done.latest, "latest positions"),
        (done.registers, "registers"),
        (done.positions, "the geo index and the graph"),
        (done.drivers, "known drivers"),
        (done.dead_messages, "dead messages"),
        (done.dead_letters, "dead letters: rewritten"),
        (done.snapshot_rows, f"snapshots: drivers, in {done.snapshots:,} that are rewritten"),
    )
    return [(f"{count:,}", place) for count, place in counts]
