"""Contenders in turn, round after round, so that a slow moment of the machine meets all alike."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import TypeAlias

from attrs import frozen

from bench.processes import Finished, run

Results: TypeAlias = dict[str, list[Finished]]


@frozen(slots=True)
class Contender:
    """A command by name; made anew for the folder of each round."""

    name: str
    command: Callable[[Path], Sequence[str]]


@frozen(kw_only=True, slots=True)
class Spread:
    """The median of some numbers, and what they lie between."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        """The spread of at least one number."""
        return cls(median=median(numbers), low=min(numbers), high=max(numbers))


def rounds(
    contenders: Sequence[Contender], runs: int, folder: Path
) -> Iterator[dict[str, Finished]]:
    """What each contender used, a counted round at a time, behind one round that only warms up.

    Every round has an empty folder; the next round removes it. Raises `ProcessFailed`.
    """
    for number in range(runs + 1):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        found = {each.name: run(each.command(folder)) for each in contenders}
        if number:
            yield found


def collected(found: Sequence[dict[str, Finished]]) -> Results:
    """Rounds, turned into runs by contender."""
    return {name: [each[name] for each in found] for name in found[0]}


def ratio(results: Results, name: str, other: str) -> Spread:
    """Seconds of one contender over those of another in the same round."""
    return Spread.of(
        [
            one.seconds / another.seconds
            for one, another in zip(results[name], results[other], strict=True)
        ]
    )
