"""`fleetcore follow`: a region kept up with its log, and its log with other regions."""

from __future__ import annotations

import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from attrs import evolve

from fleetcore_entrypoints.cli.options import (
    config_option,
    data_option,
    examples,
    json_option,
    opened_region,
    region_option,
)
from fleetcore_entrypoints.cli.output import note, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fleetcore.application.following import Followed
    from fleetcore.application.forgetting import Forgotten
    from fleetcore.application.replication import Pulled
    from fleetcore.ports.region import Region
    from fleetcore_entrypoints.wiring.live import LiveApp
    from fleetcore_entrypoints.wiring.regions import Regions

POLL_S: Final = 0.1
"""How often a step asks whether there is something new: a look at one row of SQLite."""

GEO_S: Final = 0.3
"""The same of the geo index: a change costs by the pages it touches, which more of them share."""

SLOW_S: Final = 1.0
_VIEWS: Final = ("registers", "geo", "graph")
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
    with opened_region(data, region, settings) as app, Regions(app, settings) as regions:
        progress = Progress()
        turn = threading.Lock()
        steps = taking_turns(steps_of(app, regions, progress), turn)
        geo_step = taking_turns(geo_step_of(app, progress), turn)
        slow_steps = taking_turns(slow_steps_of(app, progress), turn)
        if once:
            regions.together(
                [partial(caught_up, peer, regions, progress) for peer in regions.peers]
            )
            for step in (*steps.values(), *geo_step.values(), *slow_steps.values()):
                step()
            progress.tell(app, as_json=as_json)
            return
        with (
            stopped_by_signals() as stopped,
            regions.serving(),
            looping(steps, stopped, POLL_S),
            looping(geo_step, stopped, GEO_S),
            looping(slow_steps, stopped, SLOW_S),
        ):
            while not stopped.wait(_TELL_S):
                progress.tell(app, as_json=as_json)


def taking_turns(
    steps: Mapping[str, Callable[[], object]], turn: threading.Lock
) -> Mapping[str, Callable[[], object]]:
    """The same steps, but of those that bring views up one works at a time.

    SQLite lets go of the interpreter while it works, and a thread that computes keeps it for 5 ms
    each time: side by side the same work takes several times as long.
    """

    def in_turn(step: Callable[[], object]) -> object:
        with turn:
            return step()

    return {
        name: partial(in_turn, step) if name in _VIEWS else step for name, step in steps.items()
    }


def steps_of(
    app: LiveApp, regions: Regions, progress: Progress
) -> Mapping[str, Callable[[], object]]:
    """What is done again and again to keep a region up with itself and its peers, by name."""
    from fleetcore.application.following import follow_registers

    steps: dict[str, Callable[[], object]] = {
        "registers": lambda: progress.followed(
            "registers", follow_registers(app.log, app.registers)
        ),
    }
    for peer in regions.peers:
        # A step a peer: one that is silent holds up no other.
        steps[f"region {peer.name}"] = partial(copied, peer, regions, progress)
    return steps


def geo_step_of(app: LiveApp, progress: Progress) -> Mapping[str, Callable[[], object]]:
    """What keeps the geo index up, by name."""
    return {"geo": partial(_geo_followed, app, progress)}


def _geo_followed(app: LiveApp, progress: Progress) -> None:
    from fleetcore.application.following import follow

    progress.followed("geo", follow(app.log, app.geo))


def copied(peer: Region, regions: Regions, progress: Progress) -> Pulled:
    """Copy what a peer took in since the last round, and count it; raises as `pull` does."""
    from fleetcore.errors import CorruptObject, RegionUnreachable

    try:
        done = regions.pull_from(peer)
    except (RegionUnreachable, CorruptObject) as error:
        progress.silent(peer.name, str(error))
        raise  # it is told, and left alone for a while
    progress.pulled(done)
    return done


def caught_up(peer: Region, regions: Regions, progress: Progress) -> None:
    """Copy a peer's log as far as it answers, and count it."""
    from fleetcore.errors import CorruptObject, RegionUnreachable

    try:
        while copied(peer, regions, progress).more:
            pass
    except (RegionUnreachable, CorruptObject) as error:
        note(f"region {peer.name}: {error}")


def slow_steps_of(app: LiveApp, progress: Progress) -> Mapping[str, Callable[[], object]]:
    """What costs less when more of it is done at once, by name.

    The graph, and what is left to be erased of forgotten vehicles.
    """
    from fleetcore.application.following import After, follow
    from fleetcore.errors import FleetcoreError, StorageUnavailable
    from fleetcore_entrypoints.wiring.forgetting import Forgetting

    forgetting = Forgetting(app)

    # The graph puts facts that its index lacks into it, which costs as much as all the rest.
    behind_geo = After(app.graph, partial(_geo_followed, app, progress))

    def graph() -> None:
        progress.followed("graph", follow(app.log, behind_geo))
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

    return {"graph": graph, "forgotten": forgotten}


class Progress:
    """How far each step is; what one thread counts another one tells."""

    def __init__(self) -> None:
        self._views: dict[str, Followed] = {}
        self._copied: dict[str, int] = {}
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

    def pulled(self, done: Pulled) -> None:
        """Count what a peer gave; that this region is cut off, or a peer is back, is told once."""
        self._copied[done.peer] = self._copied.get(done.peer, 0) + done.stored
        if done.error is not None:
            if done.peer not in self._errors:
                note(f"region {done.peer}: {done.error}")
            self.silent(done.peer, done.error)
        elif self._errors.pop(done.peer, None) is not None:
            note(f"region {done.peer} answers again")

    def silent(self, peer: str, error: str) -> None:
        """Nothing can be copied from a peer now."""
        self._errors[peer] = error

    def tell(self, app: LiveApp, *, as_json: bool) -> None:
        """Print what the views were given since the start, and how many appends they are behind."""
        reached = app.log.reached()
        views = dict(self._views)
        if as_json:
            told: dict[str, object] = {"region": app.region, "log": reached}
            for name, done in views.items():
                told[f"{name}_facts"] = done.facts
                told[f"{name}_behind"] = max(reached - done.cursor, 0)
            print_json(
                {**told, "copied": sum(self._copied.values()), "unreachable": len(self._errors)}
            )
        elif sys.stdout.isatty():
            behind = ", ".join(
                f"{name} {max(reached - done.cursor, 0):,}" for name, done in views.items()
            )
            print(f"behind the log: {behind}", end="\r", flush=True)
