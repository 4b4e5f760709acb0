"""The adapters of each port, and a fixture a port that opens each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final, Generic, TypeVar

import pytest
from attrs import frozen

from fleetcore_adapters.local.clock import SystemClock
from fleetcore_adapters.local.database import Database
from fleetcore_adapters.local.event_store import LocalEventStore
from fleetcore_adapters.local.lanes import LocalLanes
from fleetcore_adapters.local.latest_positions import LocalLatestPositions
from fleetcore_adapters.local.object_store import LocalObjectStore
from fleetcore_adapters.local.origins import LocalOrigins
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_adapters.memory.event_store import MemoryEventStore
from fleetcore_adapters.memory.lanes import MemoryLanes
from fleetcore_adapters.memory.latest_positions import MemoryLatestPositions
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.origins import MemoryOrigins

T_co = TypeVar("T_co", covariant=True)


@frozen(slots=True)
class Harness(Generic[T_co]):
    """An adapter of a port.

    `name` is the adapter's package. `start` is given a folder of the test's own and a stack
    for what must be closed, and returns what opens a handle on the one state: called again, it
    opens another handle, as another process would.
    """

    name: str
    start: Callable[[Path, ExitStack], Callable[[], T_co]]


def in_memory(make: Callable[[], T_co]) -> Harness[T_co]:
    """A memory adapter: its state is the object, so every handle is the same one."""

    def start(_folder: Path, _stack: ExitStack) -> Callable[[], T_co]:
        adapter = make()
        return lambda: adapter

    return Harness("memory", start)


def on_database(make: Callable[[Database], T_co]) -> Harness[T_co]:
    """A local adapter on the folder's SQLite file: a handle is a connection of its own."""

    def start(folder: Path, stack: ExitStack) -> Callable[[], T_co]:
        return lambda: make(stack.enter_context(closing(Database(folder))))

    return Harness("local", start)


def in_folder(make: Callable[[Path], T_co]) -> Harness[T_co]:
    """A local adapter on the folder's files."""
    return Harness("local", lambda folder, _stack: lambda: make(folder))


NOW_MS: Final = 1_700_000_000_000

HARNESSES: Final[Mapping[str, tuple[Harness[object], ...]]] = {
    "clock": (in_memory(lambda: MemoryClock(NOW_MS)), in_folder(lambda _: SystemClock())),
    "event_store": (in_memory(MemoryEventStore), on_database(LocalEventStore)),
    "lanes": (in_memory(MemoryLanes), on_database(LocalLanes)),
    "latest_positions": (in_memory(MemoryLatestPositions), on_database(LocalLatestPositions)),
    "object_store": (in_memory(MemoryObjectStore), in_folder(LocalObjectStore)),
    "origins": (in_memory(MemoryOrigins), on_database(LocalOrigins)),
}
"""By the name of the port's module."""


@pytest.fixture(name="harnesses", scope="session")
def _harnesses() -> Mapping[str, tuple[Harness[object], ...]]:
    """The table of adapters."""
    return HARNESSES


def _opening(port: str) -> Callable[..., Iterator[Callable[[], object]]]:
    """The fixture that a port's contract suite asks for, once an adapter."""

    @pytest.fixture(
        name=f"open_{port}",
        params=[pytest.param(harness, id=harness.name) for harness in HARNESSES[port]],
    )
    def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], object]]:
        harness: Harness[object] = request.param
        with ExitStack() as stack:
            yield harness.start(tmp_path / "data", stack)

    return opening


_open_clock = _opening("clock")
_open_event_store = _opening("event_store")
_open_lanes = _opening("lanes")
_open_latest_positions = _opening("latest_positions")
_open_object_store = _opening("object_store")
_open_origins = _opening("origins")
