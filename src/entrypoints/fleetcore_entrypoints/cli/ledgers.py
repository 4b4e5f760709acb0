"""`fleetcore ledger` and `rejects`: what became of files, and of the rows that were refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fleetcore_entrypoints.cli.options import DEFAULT_DATA, Data, Json, examples, existing_app

if TYPE_CHECKING:
    from fleetcore.domain.ingestion import Ingestion

Id = Annotated[str, typer.Argument(metavar="ID", help="An ingestion, or how its id begins.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog=examples("fleetcore ledger", "fleetcore ledger 3fa9 --json"))(ledger)
    app.command(epilog=examples("fleetcore rejects 3fa9 --limit 20"))(rejects)


def ledger(
    ingestion: Annotated[
        str | None, typer.Argument(metavar="ID", help="An ingestion, or how its id begins.")
    ] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
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
        raise typer.Exit(1)


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


def rejects(
    ingestion: Id,
    *,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="At most so many rows.")
    ] = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
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
