"""`fleetcore ledger` and `rejects`: what became of files, and of the rows that were refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetcore_entrypoints.cli.options import (
    data_option,
    examples,
    existing_app,
    ingestion_argument,
    json_option,
)

if TYPE_CHECKING:
    from fleetcore.domain.ingestion import Ingestion


@click.command(epilog=examples("fleetcore ledger", "fleetcore ledger 3fa9 --json"))
@click.argument(
    "ingestion", required=False, metavar="[ID]", help="An ingestion, or how its id begins."
)
@data_option
@json_option
def ledger(*, ingestion: str | None, data: Path, as_json: bool) -> None:
    """List every ingestion, or print one in full: what became of each of its rows."""
    from fleetcore.application.streams import IngestionStream, ingestion_named, ingestions
    from fleetcore.errors import UndecodableEvent
    from fleetcore_entrypoints.cli.ledger_text import ledger_lines, print_counts
    from fleetcore_entrypoints.cli.output import print_error, print_json, shown

    states: dict[str, Ingestion] = {}

    with existing_app(data) as app:
        origins = app.fleet.origins.read()
        chosen = (
            list(ingestions(app.fleet.events))
            if ingestion is None
            else [ingestion_named(app.fleet.events, ingestion)]
        )
        for each in chosen:
            try:
                states[each] = IngestionStream(app.fleet.events, each).state
            except UndecodableEvent as error:
                print_error(f"ingestion {each}: {error}")
    paths = {each: origins[each].name if each in origins else "" for each in states}
    if as_json:
        for each, state in states.items():
            print_json(_content(each, paths[each], state))
    elif ingestion is None:
        print_counts(states, paths)
    else:
        for each, state in states.items():
            print(f"{shown(paths[each]) or '(path unknown)'}: {state.status}")
            print(f"  ingestion {each}")
            if state.failure is not None:
                print(f"  {shown(state.failure.message)}")
            print()
            for line in ledger_lines(state.ledger):
                print(line)
    if len(states) < len(chosen):
        raise click.exceptions.Exit(1)


def _content(ingestion: str, path: str, state: Ingestion) -> dict[str, object]:
    from fleetcore_entrypoints.cli.ledger_text import ledger_json

    failure = state.failure
    return {
        "path": path or None,
        "ingestion_id": ingestion,
        "status": state.status,
        "error": None if failure is None else {"code": failure.code, "message": failure.message},
        **ledger_json(state.ledger),
        "parts": len(state.parts),
        "bytes": state.received.size_bytes if state.received else 0,
    }


@click.command(epilog=examples("fleetcore rejects 3fa9 --limit 20"))
@ingestion_argument
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most so many rows.")
@data_option
@json_option
def rejects(*, ingestion: str, limit: int | None, data: Path, as_json: bool) -> None:
    """Print the rows an ingestion refused: line, kind, reasons and text, in the file's order."""
    from itertools import islice

    from fleetcore.application.rejects import decoded
    from fleetcore.application.streams import IngestionStream, ingestion_named
    from fleetcore_entrypoints.cli.output import print_json, shown

    with existing_app(data) as app:
        named = ingestion_named(app.fleet.events, ingestion)
        chunks = IngestionStream(app.fleet.events, named).state.chunks
        rows = (
            row
            for chunk in chunks
            if chunk.rejects is not None
            for row in decoded(app.fleet.objects.get(chunk.rejects), chunk.rejects)
        )
        for row in islice(rows, limit):
            if as_json:
                print_json(
                    {"line": row.line, "kind": row.kind, "reasons": row.reasons, "text": row.text}
                )
            else:
                print(f"line {row.line:,}  {row.kind}  {', '.join(row.reasons)}")
                print(f"    {shown(row.text)}")
