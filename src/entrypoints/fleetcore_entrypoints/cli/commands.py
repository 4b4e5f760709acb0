"""Every command, in the order of the help."""

from __future__ import annotations

from typing import Final

import click

from fleetcore_entrypoints.cli.conformance import conformance
from fleetcore_entrypoints.cli.cost import cost
from fleetcore_entrypoints.cli.dead_letters import dead_letters
from fleetcore_entrypoints.cli.drift import drift
from fleetcore_entrypoints.cli.folder import compact, doctor, files
from fleetcore_entrypoints.cli.follow import follow
from fleetcore_entrypoints.cli.forget import forget
from fleetcore_entrypoints.cli.generate import generate
from fleetcore_entrypoints.cli.ingest import ingest
from fleetcore_entrypoints.cli.ledgers import ledger, rejects
from fleetcore_entrypoints.cli.link import link
from fleetcore_entrypoints.cli.listen import listen
from fleetcore_entrypoints.cli.near import near
from fleetcore_entrypoints.cli.options import examples
from fleetcore_entrypoints.cli.places import places
from fleetcore_entrypoints.cli.positions import latest, track
from fleetcore_entrypoints.cli.rebuild import rebuild
from fleetcore_entrypoints.cli.rehearse import rehearse
from fleetcore_entrypoints.cli.relay import relay
from fleetcore_entrypoints.cli.replay import replay
from fleetcore_entrypoints.cli.rules import rules
from fleetcore_entrypoints.cli.run import run
from fleetcore_entrypoints.cli.simulate import simulate
from fleetcore_entrypoints.cli.snapshot import snapshot
from fleetcore_entrypoints.cli.trips import trips

COMMANDS: Final = (
    ingest,
    ledger,
    rejects,
    replay,
    track,
    trips,
    latest,
    near,
    places,
    dead_letters,
    relay,
    listen,
    follow,
    rebuild,
    drift,
    link,
    snapshot,
    run,
    rehearse,
    files,
    compact,
    doctor,
    forget,
    rules,
    generate,
    cost,
    conformance,
    simulate,
)


class _InOrder(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.commands)


@click.group(
    cls=_InOrder,
    commands=COMMANDS,
    context_settings={"show_default": True},
    epilog=examples(
        "fleetcore generate fleet.csv --rows 100000 --dirt duplicate=0.01",
        "fleetcore ingest fleet.csv --vehicles fleet.vehicles.csv",
        "fleetcore latest",
    )
    + "\n\n\b\nExit status:\n"
    "  0    done\n"
    "  1    failed: of several files the others are ingested all the same\n"
    "  2    not understood: the command line, or a fleet.toml\n"
    "  130  interrupted",
)
@click.version_option(
    package_name="fleetcore", message="%(prog)s %(version)s", help="Print the version."
)
def application() -> None:
    """GPS files and live reports of fleets: judged, kept, and every reported row accounted for.

    Each command has --help with examples.
    """
