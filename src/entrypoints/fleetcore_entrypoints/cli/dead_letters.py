"""`fleetcore dead-letters`: parts and messages that could not be taken in, and another try."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetcore_entrypoints.cli.options import (
    FiniteRange,
    data_option,
    examples,
    existing_app,
    existing_aws,
    json_option,
    resumed_app,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from fleetcore.domain.messages import DeadMessage
    from fleetcore.domain.parts import DeadLetter
    from fleetcore.ports.origins import Origin
    from fleetcore_entrypoints.wiring.app import App

_ids_argument = click.argument(
    "ids", nargs=-1, metavar="[ID]...", help="An ingestion or a part's key, or how it begins."
)


@click.group(
    invoke_without_command=True,
    epilog=examples(
        "fleetcore dead-letters list",
        "fleetcore dead-letters show 3fa9",
        "fleetcore dead-letters redrive --all --rate 5",
    ),
)
@click.pass_context
def dead_letters(context: click.Context) -> None:
    """Parts whose rows could not be stored: what was wrong, and another try.

    Their rows are counted as dead in the ledger until they are redriven. Messages from a broker
    that could not be read, or broke a rule, are among them, with their bytes.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


@dead_letters.command("list", epilog=examples("fleetcore dead-letters list --json"))
@data_option
@json_option
def list_(*, data: Path, as_json: bool) -> None:
    """List every dead letter, oldest first: parts, then messages."""
    from fleetcore.application.dead_letters import dead_letters as all_letters
    from fleetcore.domain.instants import time_text
    from fleetcore_entrypoints.cli.dead_messages import content_of, print_messages
    from fleetcore_entrypoints.cli.output import note, print_json, print_table, shown

    with existing_app(data) as app:
        letters = all_letters(app.fleet)
        origins = app.fleet.origins.read() if letters else {}
        messages = _messages(app)
    if as_json:
        for letter in letters:
            print_json(_content(letter, origins))
        for message in messages:
            print_json(content_of(message))
    elif letters:
        print_table(
            ["died (UTC)", "ingestion", "lane", "rows", "tries", "why", "path"],
            [
                [
                    time_text(letter.died_at_ms)[:16].replace("T", " "),
                    letter.message.ingestion,
                    letter.message.part.lane,
                    f"{_rows(letter):,}",
                    str(letter.tries),
                    letter.code,
                    shown(_path(letter, origins)),
                ]
                for letter in letters
            ],
            "lllrr",
        )
    if messages and not as_json:
        print_messages(messages)
    if not (letters or messages or as_json):
        note("there are no dead letters")


@dead_letters.command(epilog=examples("fleetcore dead-letters show 3fa9"))
@_ids_argument
@data_option
@json_option
def show(*, ids: tuple[str, ...], data: Path, as_json: bool) -> None:
    """Print dead letters in full: the part, what was wrong, and the rows that were refused.

    Without an ID all of them, and messages with what they held.
    """
    from fleetcore.application.dead_letters import dead_letters as all_letters
    from fleetcore.domain.instants import time_text
    from fleetcore_entrypoints.cli.dead_messages import content_of, print_whole
    from fleetcore_entrypoints.cli.output import note, print_json, shown

    with existing_app(data) as app:
        letters = all_letters(app.fleet)
        letters = _chosen(letters, ids) if ids else letters
        origins = app.fleet.origins.read()
        messages = () if ids else _messages(app)
    if not (letters or messages):
        note("there are no dead letters")
    for letter in letters:
        if as_json:
            print_json(_content(letter, origins))
            continue
        part = letter.message.part
        print(f"{part.key}  ({shown(_path(letter, origins)) or 'path unknown'})")
        print(f"  ingestion {letter.message.ingestion}, attempt {letter.message.attempt}")
        tries = "1 try" if letter.tries == 1 else f"{letter.tries} tries"
        print(f"  given up {time_text(letter.died_at_ms)} after {tries}")
        print(f"  {letter.code}: {shown(letter.reason)}")
        print(f"  {_rows(letter):,} of its {part.rows:,} rows are not stored")
        for row in letter.rows:
            print(f"    line {row.line:,}  {shown(row.reason)}")
            print(f"      {shown(row.payload)}")
    for message in messages:
        if as_json:
            print_json(content_of(message))
        else:
            print_whole(message)


@dead_letters.command(
    epilog=examples(
        "fleetcore dead-letters redrive 3fa9", "fleetcore dead-letters redrive --all --rate 5"
    )
)
@_ids_argument
@click.option("--all", "everything", is_flag=True, help="Every dead letter.")
@click.option(
    "--rate",
    type=FiniteRange(min=0, min_open=True),
    default=10.0,
    metavar="N",
    help="At most so many parts a second.",
)
@click.option(
    "--by-sqs", is_flag=True, help="Have SQS move all letters of the idle lane by itself."
)
@data_option
@json_option
def redrive(
    *,
    ids: tuple[str, ...],
    everything: bool,
    rate: float,
    by_sqs: bool,
    data: Path,
    as_json: bool,
) -> None:
    """Send the parts of dead letters again; their rows are pending from then on.

    Mend what is wrong first: `fleetcore dead-letters show`. In a data folder the parts are
    stored at once. Exit status 1 if any is a dead letter again. With --by-sqs nothing is waited
    for, and the ledger counts rows as dead until they are stored.
    """
    if by_sqs:
        if ids or everything:
            raise click.UsageError("--by-sqs moves all letters of the idle lane; name none")
        _moved(data, rate)
        return
    from fleetcore.application.dead_letters import dead_letters as all_letters
    from fleetcore.application.dead_letters import redrive as redriven
    from fleetcore_entrypoints.cli.output import note, print_error, print_json

    if everything == bool(ids):
        raise click.UsageError("say which dead letters: ID..., or --all, not both")
    with resumed_app(data) as app:
        letters = all_letters(app.fleet)
        letters = letters if everything else _chosen(letters, ids)
        failed = dict(redriven(app.fleet, letters, _paced(1 / rate)))
        failed |= app.settle()
    for letter in letters:
        key = letter.message.part.key
        error = failed.get(key)
        if as_json:
            told = None if error is None else {"code": error.code, "message": str(error)}
            print_json({"part": key, "rows": _rows(letter), "error": told})
        if error is not None:
            print_error(error.code, str(error))
    sent = sum(letter.message.part.key not in failed for letter in letters)
    note(f"redriven: {sent:,} of {len(letters):,} parts")
    if failed:
        raise click.exceptions.Exit(1)


def _messages(app: App) -> tuple[DeadMessage, ...]:
    """The last dead messages of a fleet; a note tells of others."""
    from fleetcore_entrypoints.cli.dead_messages import note_more, place_of

    place = place_of(app)
    if place is None:
        return ()
    messages = place.read()
    note_more(place.count(), len(messages), place.dropped())
    return messages


def _moved(data: Path, rate: float) -> None:
    from fleetcore.application.dead_letters import dead_letters as all_letters
    from fleetcore.errors import InvalidInput
    from fleetcore_entrypoints.cli.output import note

    with existing_aws(data) as app:
        # What SQS gave up by itself is in no ledger yet, and nobody sees it once it is moved.
        all_letters(app.fleet)
        if not app.move_letters(max(1, round(rate))):
            raise InvalidInput("the service cannot move letters by itself; redrive them: --all")
    note("SQS moves the idle lane's letters; the ledger counts their rows when they are stored")


def _paced(seconds: float) -> Callable[[], None]:
    import time

    return lambda: time.sleep(seconds)


def _chosen(letters: Iterable[DeadLetter], ids: Sequence[str]) -> tuple[DeadLetter, ...]:
    """The letters whose ingestion or part begins so. Raises `InvalidInput` for an id of none."""
    from fleetcore.errors import InvalidInput

    found = tuple(letters)
    for each in ids:
        if not any(_is_of(letter, each) for letter in found):
            raise InvalidInput(
                f"no dead letter is of {each!r}; `fleetcore dead-letters list` lists them"
            )
    return tuple(letter for letter in found if any(_is_of(letter, each) for each in ids))


def _is_of(letter: DeadLetter, beginning: str) -> bool:
    message = letter.message
    return message.ingestion.startswith(beginning) or message.part.key.startswith(beginning)


def _rows(letter: DeadLetter) -> int:
    return len(letter.rows) or letter.message.part.rows


def _path(letter: DeadLetter, origins: Mapping[str, Origin]) -> str:
    origin = origins.get(letter.message.ingestion)
    return "" if origin is None else origin.name


def _content(letter: DeadLetter, origins: Mapping[str, Origin]) -> dict[str, object]:
    from fleetcore.domain.instants import time_text

    return {
        "part": letter.message.part.key,
        "path": _path(letter, origins) or None,
        "ingestion_id": letter.message.ingestion,
        "attempt": letter.message.attempt,
        "lane": letter.message.part.lane,
        "code": letter.code,
        "reason": letter.reason,
        "tries": letter.tries,
        "died_at": time_text(letter.died_at_ms),
        "dead_rows": _rows(letter),
        "rows": [
            {"number": row.number, "line": row.line, "reason": row.reason, "payload": row.payload}
            for row in letter.rows
        ],
    }
