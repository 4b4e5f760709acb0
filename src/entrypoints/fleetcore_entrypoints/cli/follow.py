"""`fleetcore follow`: a region kept up with its log, and its log with other regions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from attrs import evolve

from fleetcore_entrypoints.cli.options import (
    config_option,
    data_option,
    examples,
    existing_region,
    json_option,
    region_option,
)
from fleetcore_entrypoints.cli.output import note, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fleetcore.application.following import Followed
    from fleetcore.application.forgetting import Forgotten
    from fleetcore.application.replication import Pulled
    from fleetcore_entrypoints.wiring.live import LiveApp
    from fleetcore_entrypoints.wiring.regions import Regions

POLL_S: Final = 0.1
"""How often a step asks whether there is something new: a look at one row of SQLite."""

SLOW_S: Final = 1.0
_RETIRED_EVERY_MS: Final = 10_000
_TELL_S: Final = 1.0


@click.command(epilog=examples("fleetcore follow --once", "fleetcore follow --data eu --json"))
@click.option("--once", is_flag=True, help="Catch up with what is there now, and end.")
@config_option
@data_option
@region_option
@json_option
def follow(
    *, once: bool, config: Path | None, data: Path, region: str | None, as_json: bool
) -> None:
    """Bring what is new in the log into the views: registers, geo index, graph.

    With [regions] in the config it also copies what other regions took in, and answers them. It
    goes on until it is stopped. Each view remembers how far it is: nothing is left out.
    """
    from fleetcore_entrypoints.cli.looping import looping
    from fleetcore_entrypoints.cli.stopping import stopped_by_signals
    from fleetcore_entrypoints.options import config_at
    from fleetcore_entrypoints.wiring.regions import Regions

    settings = config_at(config)
    with existing_region(data, region) as app, Regions(app, settings) as regions:
        progress = Progress()
        steps = steps_of(app, regions, progress)
        slow_steps = slow_steps_of(app, progress)
        if once:
            while any(each.more for each in regions.pull()):
                pass
            for step in (*steps.values(), *slow_steps.values()):
                step()
            progress.tell(app, as_json=as_json)
            return
        with (
            stopped_by_signals() as stopped,
            regions.serving(),
            looping(steps, stopped, POLL_S),
            looping(slow_steps, stopped, SLOW_S),
        ):
            while not stopped.wait(_TELL_S):
                progress.tell(app, as_json=as_json)


def steps_of(
    app: LiveApp, regions: Regions, progress: Progress
) -> Mapping[str, Callable[[], object]]:
    """What is done again and again to keep a region up with itself and its peers, by name."""
    from fleetcore.application.following import follow, follow_registers

    steps: dict[str, Callable[[], object]] = {
        "registers": lambda: progress.followed(
            "registers", follow_registers(app.log, app.registers)
        ),
        "geo": lambda: progress.followed("geo", follow(app.log, app.geo)),
    }
    if regions.peers:
        steps["peers"] = lambda: progress.pulled(regions.pull())
    return steps


def slow_steps_of(app: LiveApp, progress: Progress) -> Mapping[str, Callable[[], object]]:
    """What costs less when more of it is done at once, by name.

    The graph; the log's tail, of which parts are made when it is long or old enough; and what is
    left to be erased of forgotten vehicles.
    """
    from fleetcore.application.following import follow
    from fleetcore.errors import FleetcoreError, StorageUnavailable
    from fleetcore_adapters.arrow.folding import TailWatch
    from fleetcore_entrypoints.wiring.forgetting import Forgetting

    housekeeping, watch, forgetting = app.local.housekeeping(), TailWatch(), Forgetting(app)

    def graph() -> None:
        progress.followed("graph", follow(app.log, app.graph))
        # Drivers fall silent, and riders come, also where no driver reports.
        oldest_ms = app.clock.now_ms() - round(app.graph.settings.max_age_s * 1000)
        app.graph.retire(oldest_ms - oldest_ms % _RETIRED_EVERY_MS)

    def forgotten() -> None:
        try:
            progress.erased(forgetting.step())
        except StorageUnavailable:
            raise
        except FleetcoreError as error:
            # A damaged file, say: the views go on all the same.
            note(f"a forgotten vehicle is not erased yet: {error}")

    return {
        "graph": graph,
        "tail": lambda: housekeeping.fold(watch),
        "forgotten": forgotten,
    }


class Progress:
    """How far each step is; what one thread counts another one tells."""

    def __init__(self) -> None:
        self._views: dict[str, Followed] = {}
        self._copied = 0
        self._errors: dict[str, str] = {}

    def followed(self, name: str, done: Followed) -> None:
        """Count what a view was given."""
        before = self._views.get(name)
        facts = done.facts + (before.facts if before else 0)
        self._views[name] = evolve(done, facts=facts)

    def erased(self, done: Forgotten | None) -> None:
        """Tell that what is left of vehicles that were forgotten elsewhere is gone."""
        if done is not None:
            left = "" if done.complete else "; some is left until files that are read are done"
            note(f"forgotten vehicles: {done.log.rows:,} rows erased here{left}")

    def pulled(self, done: Sequence[Pulled]) -> None:
        """Count what peers gave; that one begins or ceases to fail is told once."""
        for each in done:
            self._copied += each.stored
            if each.error is not None and each.peer not in self._errors:
                note(f"region {each.peer}: {each.error}")
            elif each.error is None and each.peer in self._errors:
                note(f"region {each.peer} answers again")
        self._errors = {each.peer: each.error for each in done if each.error is not None}

    def tell(self, app: LiveApp, *, as_json: bool) -> None:
        """Print what the views were given since the start, and how many appends they are behind."""
        reached = app.log.reached()
        views = dict(self._views)
        if as_json:
            told: dict[str, object] = {"region": app.region, "log": reached}
            for name, done in views.items():
                told[f"{name}_facts"] = done.facts
                told[f"{name}_behind"] = max(reached - done.cursor, 0)
            print_json({**told, "copied": self._copied, "unreachable": len(self._errors)})
        elif sys.stdout.isatty():
            behind = ", ".join(
                f"{name} {max(reached - done.cursor, 0):,}" for name, done in views.items()
            )
            print(f"behind the log: {behind}", end="\r", flush=True)
