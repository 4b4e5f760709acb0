"""Objects that cannot be read as they were stored, until somebody mends them."""

from __future__ import annotations

from fleetcore.errors import ObjectMissing
from fleetcore.testing.simulation.weak_ports import Call, Habit, moody
from fleetcore.testing.simulation.world import World


class Damage:
    """Remembers which objects are damaged, and whether they are gone or hold something else."""

    def __init__(self) -> None:
        self._gone: dict[object, bool] = {}

    def mend(self) -> None:
        """Let every object be as it was stored."""
        self._gone.clear()

    @property
    def get(self) -> Habit:
        """The habit of reading an object."""

        def habit(world: World, call: Call) -> object:
            key = call.arguments[0]
            if key not in self._gone and world.happens("damaged object"):
                self._gone[key] = world.random.random() < 0.5
            if key not in self._gone:
                return moody(world, call)
            if self._gone[key]:
                raise ObjectMissing(f"no object {key!r}")
            return b"damaged"

        return habit
