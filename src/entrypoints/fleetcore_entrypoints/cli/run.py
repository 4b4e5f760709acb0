"""`fleetcore run`: everything a region needs, in one command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from fleetcore_entrypoints.cli.options import (
    check_region,
    config_option,
    data_option,
    examples,
    json_option,
    refuse_aws,
    region_option,
)

if TYPE_CHECKING:
    from rich.table import Table

    from fleetcore_entrypoints.cli.supervisor import ChildStatus

COMPACT_EVERY_S: Final = 3600
"""The tail makes a part a minute; so often they become one a day."""

RUN_LOCK_NAME: Final = "run~lock"
_EVERY_S: Final = 1.0
_SAID_EVERY: Final = 60
_FIRST_SAID: Final = 5
_UNITS: Final = {"_per_s": "/s", "_ms": " ms", "_s": " s", "_m": " m"}
"""What a name ends in, and what that is behind a number."""


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog=examples(
        "fleetcore run mqtt://localhost/fleet/+/location",
        "fleetcore run mqtts://broker.example/fleet/# --ca ca.pem --config fleet.toml --json",
        "fleetcore run --data eu --config fleet.toml --region eu",
    ),
)
@click.argument("url", required=False, metavar="[mqtt://HOST/TOPIC]")
@click.argument("listening", nargs=-1, type=click.UNPROCESSED, metavar="[LISTEN-OPTION]...")
@config_option
@region_option
@data_option
@json_option
def run(
    *,
    url: str | None,
    listening: Sequence[str],
    config: Path | None,
    region: str | None,
    data: Path,
    as_json: bool,
) -> None:
    """Listen, follow the log, look for drift, take snapshots: until it is stopped.

    Each is a process of its own, begun again when it ends, and a command of its own: `listen`
    (only with a URL; its options may follow), `follow`, `drift watch`, `snapshot watch`, and
    `compact --every 3600`, which folds the log's tail too. A folder has one such run. Ctrl-C or
    SIGTERM ends all of them after what is in hand is stored.
    """
    from fleetcore.application.regions_config import HOME, checked_name
    from fleetcore_adapters.local.database import Database
    from fleetcore_adapters.local.folder_lock import FolderLock
    from fleetcore_adapters.local.links import region_called
    from fleetcore_entrypoints.cli.output import note
    from fleetcore_entrypoints.cli.stopping import stopped_by_signals
    from fleetcore_entrypoints.cli.supervisor import Supervisor
    from fleetcore_entrypoints.options import config_at

    # Each process does both: what is wrong is said here, once, and all find a folder.
    check_region(region, config_at(config))
    refuse_aws(data)
    with closing(Database(data)) as database:
        region_called(database, region and checked_name(region), HOME)
    commands = commands_of(url, listening, data=data, config=config, region=region)
    alone = FolderLock(data / RUN_LOCK_NAME).held_alone(
        f"another fleetcore run is at work in {data}: a folder is one region; end that one first"
    )
    with (
        alone,
        stopped_by_signals() as stopped,
        Supervisor(commands, note) as supervisor,
        _view(as_json=as_json) as show,
    ):
        while not stopped.wait(_EVERY_S):
            show(supervisor.tend())


def commands_of(
    url: str | None,
    listening: Sequence[str],
    *,
    data: Path,
    config: Path | None,
    region: str | None,
) -> Mapping[str, Sequence[str]]:
    """The command line of each process of a region."""
    told = ["--data", str(data)]
    told += [] if config is None else ["--config", str(config)]
    named = [] if region is None else ["--region", region]
    commands: dict[str, list[str]] = {}
    if url is not None:
        commands["listen"] = ["listen", url, *listening, *told, "--json"]
    commands["follow"] = ["follow", *told, *named, "--json"]
    commands["drift"] = ["drift", "watch", *told, *named, "--json"]
    commands["snapshot"] = ["snapshot", "watch", *told, *named, "--json"]
    commands["compact"] = [
        "compact",
        "--every",
        str(COMPACT_EVERY_S),
        "--data",
        str(data),
        "--json",
    ]
    return commands


@contextmanager
def _view(*, as_json: bool) -> Iterator[Callable[[Sequence[ChildStatus]], None]]:
    """What shows how the processes are: lines for machines, a table on a terminal, or nothing."""
    from fleetcore_entrypoints.cli.output import print_json

    if as_json:
        yield lambda statuses: print_json({each.name: _told(each) for each in statuses})
    elif sys.stdout.isatty():
        from rich.live import Live

        with Live(auto_refresh=False) as live:
            yield lambda statuses: live.update(_table(statuses), refresh=True)
    else:
        yield _said_each(_SAID_EVERY)


def _said_each(rounds: int) -> Callable[[Sequence[ChildStatus]], None]:
    """What says, to a log file say, how the processes are: once in so many rounds."""
    numbers = count()

    def say(statuses: Sequence[ChildStatus]) -> None:
        if next(numbers) % rounds == _FIRST_SAID:
            for each in statuses:
                print(f"{each.name}: {_line(each.told) or 'nothing to say yet'}", flush=True)

    return say


def _told(status: ChildStatus) -> Mapping[str, object]:
    return {"pid": status.pid, "restarts": status.restarts, **status.told}


def _table(statuses: Sequence[ChildStatus]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("process", "state", "says", box=None, pad_edge=False)
    for each in statuses:
        state = "runs" if each.pid else "waits"
        state += f", begun again {each.restarts:,} times" if each.restarts else ""
        table.add_row(each.name, state, Text(_line(each.told)))
    return table


def _line(told: Mapping[str, object]) -> str:
    """A JSON object's numbers and texts in one line."""
    return ", ".join(
        _phrase(name, value)
        for name, value in told.items()
        if value is not None and not isinstance(value, dict | list)
    )


def _phrase(name: str, value: object) -> str:
    """What a name says of a value, with its unit behind it."""
    from fleetcore.domain.instants import time_text

    text, unit, ending = str(value), "", ""
    if name.endswith("_at_ms") and isinstance(value, int):
        text, ending = time_text(value), "_ms"
    elif isinstance(value, int | float):
        text = f"{value:,}"
        ending = next(filter(name.endswith, _UNITS), "")
        unit = _UNITS.get(ending, "")
    return f"{name.removesuffix(ending).replace('_', ' ')} {text}{unit}"
