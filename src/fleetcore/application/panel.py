"""Several regions asked at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, Protocol, TypeVar

from fleetcore.errors import CorruptObject, StorageUnavailable
from fleetcore.ports.region import Region

Q = TypeVar("Q")
T = TypeVar("T")


class Together(Protocol):
    """Carries tasks out, at once if it can; their results in the order of the tasks."""

    def __call__(self, tasks: Sequence[Callable[[], T]]) -> Sequence[T]:
        """What the tasks return; the first error of one is raised when all are done."""
        ...


def in_turn(tasks: Sequence[Callable[[], T]]) -> Sequence[T]:
    """One task after the other."""
    return [task() for task in tasks]


class Panel:
    """Regions that are asked together.

    One that does not answer is in `unreachable`, with the reason, and is not asked again: it is
    never taken for empty.
    """

    def __init__(self, regions: Sequence[Region], together: Together = in_turn) -> None:
        self._regions: Final = {region.name: region for region in regions}
        self._together = together
        self.unreachable: dict[str, str] = {}

    @property
    def reachable(self) -> tuple[str, ...]:
        """The regions that answered all they were asked, by name."""
        return tuple(sorted(self._regions.keys() - self.unreachable.keys()))

    def ask_all(self, how: Callable[[Region], T]) -> dict[str, T]:
        """What every reachable region answers."""
        return self.ask(dict.fromkeys(self.reachable), lambda region, _: how(region))

    def ask(self, questions: Mapping[str, Q], how: Callable[[Region, Q], T]) -> dict[str, T]:
        """What the reachable ones among these regions answer, each to its question."""
        names = [each for each in self.reachable if each in questions]
        answers = self._together([partial(self._one, each, questions[each], how) for each in names])
        return {name: answer[0] for name, answer in zip(names, answers, strict=True) if answer}

    def _one(self, name: str, question: Q, how: Callable[[Region, Q], T]) -> tuple[T] | None:
        try:
            return (how(self._regions[name], question),)
        except (StorageUnavailable, CorruptObject) as error:
            self.unreachable[name] = str(error)
            return None
