"""`fleetcore conformance`: whether an adapter made elsewhere keeps its port's contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from fleetcore_entrypoints.cli.options import examples, json_option

if TYPE_CHECKING:
    from fleetcore.testing.conformance import Factory


@click.command(
    epilog=examples(
        "fleetcore conformance examples.jsonl_event_store:open_store",
        "fleetcore conformance mycompany.stores:open_log --port location_log --json",
    )
)
@click.argument("factory", metavar="MODULE:FACTORY")
@click.option("--port", metavar="NAME", help="The port, where the adapter does not tell by itself.")
@click.option(
    "--lacks",
    multiple=True,
    metavar="CAPABILITY",
    help="A capability it is known to lack; what needs it is not asked. May be repeated.",
)
@json_option
def conformance(*, factory: str, port: str | None, lacks: tuple[str, ...], as_json: bool) -> None:
    """Run the contract suite of a port on an adapter, and report every rule it keeps or breaks.

    FACTORY is called with an empty folder and returns a function that opens the adapter; each
    call opens another handle on the same state, as another process would. Exit status 1 if a
    rule is broken. Needs the extra `testing`.
    """
    import tempfile
    from pathlib import Path

    from attrs import asdict

    from fleetcore.errors import InvalidConfiguration
    from fleetcore_entrypoints.cli.factories import factory_named
    from fleetcore_entrypoints.cli.output import print_json, print_table
    from fleetcore_entrypoints.cli.progress import lasting

    try:
        from fleetcore.testing import conformance as suites
    except ModuleNotFoundError as error:
        raise InvalidConfiguration(
            f"{error.name} is not installed; pip install 'fleetcore[local,testing]'"
        ) from None

    make = cast("Factory", factory_named(factory, "it is given a folder, and opens"))
    with tempfile.TemporaryDirectory(prefix="conformance-") as name, lasting("running the suite"):
        folder = Path(name)
        if port is None:
            opened = make(folder / "look")
            if not callable(opened):
                raise InvalidConfiguration(
                    f"{factory!r} returns a {type(opened).__name__}, not a function that opens"
                )
            port = suites.port_of(opened())
        found = suites.conformance(port, make, folder, lacks=lacks)
    if as_json:
        for each in found.behaviours:
            print_json({"port": found.port, **asdict(each)})
    else:
        print_table(
            ("outcome", "rule", "why"),
            [(each.outcome, each.rule, each.why) for each in found.behaviours],
        )
        kept = sum(each.outcome == "passed" for each in found.behaviours)
        asked = sum(each.outcome != "declared off" for each in found.behaviours)
        off = len(found.behaviours) - asked
        print(
            f"{factory} keeps {kept:,} of {asked:,} rules of the port {found.port}"
            + (f"; {off:,} declared off" if off else "")
        )
    if not found.conforms:
        raise click.exceptions.Exit(1)
