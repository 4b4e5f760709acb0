"""Ports as weak as services: every call lets others go first, fails, or does half of its work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, TypeAlias, TypeVar, cast

from attrs import frozen

from fleetcore.errors import StorageUnavailable, Throttled, VersionConflict
from fleetcore.testing.simulation.world import World

P = TypeVar("P")


class _Method(Protocol):
    def __call__(self, *arguments: object, **named: object) -> object: ...


@frozen(slots=True)
class Call:
    """A call on its way to the adapter behind a weak port."""

    name: str
    method: _Method
    arguments: tuple[object, ...]
    named: Mapping[str, object]

    def carried_out(self) -> object:
        """What the adapter answers."""
        return self.method(*self.arguments, **self.named)

    def with_first(self, argument: object) -> object:
        """What it answers to the call with another first argument."""
        return self.method(argument, *self.arguments[1:], **self.named)


Habit: TypeAlias = Callable[[World, Call], object]
"""How a call gets on: it carries the call out, or not, or raises what the port's says it may."""


def sound(_world: World, call: Call) -> object:
    """Never fails by itself."""
    return call.carried_out()


def moody(world: World, call: Call) -> object:
    """Refuses, or does what it was asked and loses the answer."""
    if world.happens("throttle"):
        raise Throttled(f"{call.name}: too many requests")
    answer = call.carried_out()
    if world.happens("lost answer"):
        raise StorageUnavailable(f"{call.name}: no answer")
    return answer


def halving(world: World, call: Call) -> object:
    """As `moody`, and of a batch, its first argument, sometimes only the beginning is done."""
    batch = call.arguments[0]
    if isinstance(batch, Sequence) and batch and world.happens("half batch"):
        call.with_first(batch[: world.random.randrange(len(batch))])
        raise StorageUnavailable(f"{call.name}: it stopped half-way")
    return moody(world, call)


def conditional(world: World, call: Call) -> object:
    """As `moody`, and tells of version conflicts."""
    try:
        return moody(world, call)
    except VersionConflict:
        world.tell("version conflict")
        raise


HABITS: Final[Mapping[str, Habit]] = {
    "clock.now_ms": sound,
    "dead_letters.bury": halving,
    "dead_letters.remove": halving,
    "events.append": conditional,
    "lanes.hide": halving,
    "lanes.send": halving,
    "lanes.settle": halving,
}
"""The habits of methods, by port and name; all others are `moody`."""


def weak(world: World, region: str, name: str, port: P, habits: Mapping[str, Habit] = HABITS) -> P:
    """A port that behaves as a service of this region would.

    Whatever its methods are, each call of one is a turn of the world: where the habit of
    `<name>.<method>` says so, it fails as the port's docstring allows.
    """
    return cast("P", _Weak(world, region, name, port, habits))


class _Weak:
    """Stands in the place of a port and hands its calls on."""

    def __init__(
        self, world: World, region: str, name: str, port: object, habits: Mapping[str, Habit]
    ) -> None:
        self._world = world
        self._region = region
        self._name = name
        self._port = port
        self._habits = habits

    def __getattr__(self, attribute: str) -> object:
        method = getattr(self._port, attribute)
        if not callable(method):
            return cast("object", method)
        name = f"{self._name}.{attribute}"
        habit = self._habits.get(name, moody)
        where = f"{self._region}/{name}"

        def call(*arguments: object, **named: object) -> object:
            self._world.pause(where)
            return habit(self._world, Call(where, cast("_Method", method), arguments, named))

        # Found at once the next time.
        self.__dict__[attribute] = call
        return call
