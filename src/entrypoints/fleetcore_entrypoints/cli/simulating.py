"""Seeds played in this process, or in several."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from threading import Thread
from typing import TYPE_CHECKING, Final, cast

from fleetcore.errors import InvalidConfiguration
from fleetcore.testing.simulation.running import Outcome, simulated
from fleetcore.testing.simulation.scenario import Scenario
from fleetcore_entrypoints.cli.factories import factory_named
from fleetcore_entrypoints.wiring.simulated import scenarios

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

_SEEDS_A_TASK: Final = 10


def outcomes(
    name: str, seeds: range, jobs: int, tell: Callable[[float], None]
) -> Iterator[Outcome]:
    """What becomes of each seed, in order; `tell` is told which share is done.

    Raises `InvalidConfiguration` where no scenario has this name.
    """
    scenario_named(name)
    some = [seeds[start : start + _SEEDS_A_TASK] for start in range(0, len(seeds), _SEEDS_A_TASK)]
    if jobs == 1:
        yield from _told(map(partial(_played, name), some), len(some), tell)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_end_with_parent) as pool:
        yield from _told(pool.map(partial(_played, name), some), len(some), tell)


@cache
def scenario_named(name: str) -> Scenario:
    """A scenario of fleetcore, or what a MODULE:FACTORY returns. See `outcomes`."""
    if ":" not in name:
        known = scenarios()
        if name not in known:
            raise InvalidConfiguration(
                f"no scenario {name!r}: there is {', '.join(known)}, or MODULE:FACTORY of your own"
            )
        return known[name]
    factory = cast("Callable[[], Scenario]", factory_named(name, "it is to return a scenario"))
    return factory()


def _end_with_parent() -> None:
    """Else a process would wait for ever for seeds from one that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_ended_with, args=(parent,), daemon=True).start()


def _ended_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _played(name: str, seeds: range) -> list[Outcome]:
    return list(simulated(scenario_named(name), seeds))


def _told(
    tasks: Iterator[list[Outcome]], count: int, tell: Callable[[float], None]
) -> Iterator[Outcome]:
    for number, done in enumerate(tasks, 1):
        tell(number / count)
        yield from done
