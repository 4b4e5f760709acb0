"""Every command, in the order of the help."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from fleetcore_entrypoints.cli import folder, generate, ingest, ledgers, positions, replay, rules
from fleetcore_entrypoints.cli.options import examples

GROUPS: Final = (ingest, ledgers, replay, positions, folder, rules, generate)


def application() -> typer.Typer:
    """The command line; what a command works with is imported when it runs."""
    app = typer.Typer(
        name="fleetcore",
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback(
        epilog=examples(
            "fleetcore generate fleet.csv --rows 100000 --dirt duplicate=0.01",
            "fleetcore ingest fleet.csv --vehicles fleet.vehicles.csv",
            "fleetcore latest",
        )
    )(_fleetcore)
    for group in GROUPS:
        group.add_to(app)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"fleetcore {version('fleetcore')}")
        raise typer.Exit


def _fleetcore(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """GPS files of fleets taken in, judged and kept: every reported row accounted for.

    Each command has --help with examples.
    """
