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
    from fleetcore_entrypoints.cli.ledger_text import print_counts
    from fleetcore_entrypoints.cli.output import print_error, print_json

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
                print_error(error.code, f"ingestion {each}: {error}")
    paths = {each: origins[each].name if each in origins else "" for each in states}
    if as_json:
        for each, state in states.items():
            print_json(_content(each, paths[each], state))
    elif ingestion is None:
        print_counts(states, paths, chosen)
    else:
        for each, state in states.items():
            _print_one(each, paths[each], state, data)
    if len(states) < len(chosen):
        raise click.exceptions.Exit(1)


def _print_one(ingestion: str, path: str, state: Ingestion, data: Path) -> None:
    from fleetcore_entrypoints.cli.ledger_text import ledger_lines, rejects_command
    from fleetcore_entrypoints.cli.output import shown

    print(f"{shown(path) or '(path unknown)'}: {state.status}")
    print(f"  ingestion {ingestion}{_origin(state)}")
    if state.failure is not None:
        print(f"  {shown(state.failure.message)}")
    print()
    for line in ledger_lines(state.ledger):
        print(line)
    if state.ledger.rows.rejected + state.ledger.rows.malformed:
        print(f"\n  to see the rejects: {shown(rejects_command(ingestion, data))}")


def _origin(state: Ingestion) -> str:
    from fleetcore.domain.instants import time_text

    received = state.received
    if received is None:
        return ""
    parent = "" if received.parent is None else f", a replay of {received.parent}"
    return f", received {time_text(received.now_ms)}{parent}"


def _content(ingestion: str, path: str, state: Ingestion) -> dict[str, object]:
    from fleetcore.domain.instants import time_text
    from fleetcore_entrypoints.cli.ledger_text import ledger_json

    failure, received = state.failure, state.received
    return {
        "path": path or None,
        "ingestion_id": ingestion,
        "status": state.status,
        "error": None if failure is None else {"code": failure.code, "message": failure.message},
        **ledger_json(state.ledger),
        "malformed_by": dict(state.ledger.rows.malformed_by),
        "parts": len(state.parts),
        "bytes": received.size_bytes if received else 0,
        "received": time_text(received.now_ms) if received else None,
        "replay_of": received.parent if received else None,
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
