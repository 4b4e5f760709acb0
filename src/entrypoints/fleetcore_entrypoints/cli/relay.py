"""`fleetcore relay`: what is committed and not stored is sent again."""

from __future__ import annotations

from pathlib import Path

import click

from fleetcore_entrypoints.cli.options import data_option, examples, existing_app, json_option


@click.command(epilog=examples("fleetcore relay --data aws:"))
@data_option
@json_option
def relay(*, data: Path, as_json: bool) -> None:
    """Send every part that is committed and not stored again.

    Every command on a data folder does so by itself. On AWS it is for what a queue no longer
    holds: a worker died before it sent, and its upload was removed before another one could.
    """
    from fleetcore.application.storing import relay as sent_again
    from fleetcore_entrypoints.cli.output import note, print_error, print_json

    with existing_app(data) as app:
        states = sent_again(app.fleet)
        failed = app.settle()
    pending = {each: state.unsettled for each, state in states.items() if state.unsettled}
    for ingestion, messages in pending.items():
        if as_json:
            rows = sum(message.part.rows for message in messages)
            print_json({"ingestion_id": ingestion, "parts": len(messages), "rows": rows})
    for error in failed.values():
        print_error(error.code, str(error))
    note(f"sent again: {sum(map(len, pending.values())):,} parts of {len(pending):,} ingestions")
    if failed:
        raise click.exceptions.Exit(1)
