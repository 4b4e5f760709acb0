"""What a simulated story is made of: how it is set up, and what must hold in it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Protocol

from attrs import frozen

from fleetcore.testing.simulation.world import World


@frozen(slots=True)
class Invariant:
    """Something that always holds: `wrong` says what is wrong, None where nothing is."""

    name: str
    wrong: Callable[[], str | None]


@frozen(kw_only=True, slots=True)
class Act:
    """A stretch of calm behind the faults: what is mended first, and when all is settled."""

    name: str
    begin: Callable[[], None]
    is_settled: Callable[[], bool]
    rounds: int = 8


@frozen(kw_only=True, slots=True)
class Play:
    """One seed's story, set up.

    `always` is checked on the way and at the end, `ending` at the end alone. The faults stop when
    so many port calls were made, between the two numbers of `raging`; `acts` follow, one after the
    other.
    """

    always: tuple[Invariant, ...]
    acts: tuple[Act, ...]
    ending: tuple[Invariant, ...]
    raging: tuple[int, int] = (220, 420)


class Scenario(Protocol):
    """A story that is played once a seed, never twice the same."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What to call it on the command line."""
        raise NotImplementedError

    @abstractmethod
    def begin(self, world: World) -> Play:
        """Set up regions and what they hold, and employ the world's workers."""
        raise NotImplementedError
