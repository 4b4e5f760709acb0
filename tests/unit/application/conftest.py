"""A fleet in memory, files for it, and a way to let its process die."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final, cast

import pytest
from attrs import evolve, fields, frozen
from tests.fleets import memory_fleet

from fleetcore.application.fleet import Fleet
from fleetcore.application.ingesting import Ingested, Request, ingest
from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ingestion_events import Sizes
from fleetcore.domain.parts import LaneMessage, StoredEvent
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_adapters.memory.lanes import MemoryLanes
from fleetcore_adapters.memory.source import BytesSource

NOW_MS: Final = 1_750_000_000_000
START_MS: Final = 1_700_000_000_000
HEADER: Final = "vehicle_id,observed_at,latitude,longitude,speed_kmh\n"
SMALL: Final = Sizes(block_bytes=256, blocks_per_chunk=2)


class Crash(Exception):
    """The process is dead."""


class _Mortal:
    """A port whose process dies before one of its calls; all its later calls fail too."""

    def __init__(self, port: object, let_through: Callable[[], None]) -> None:
        self._port = port
        self._let_through = let_through

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*arguments: Any) -> Any:
            self._let_through()
            return method(*arguments)

        return call


@frozen(kw_only=True)
class World:
    """What a process leaves behind: the stores, and how files are cut and told."""

    fleet: Fleet
    request: Request = Request(sizes=SMALL)

    def mortal(self, calls: int, error: Exception | None = None) -> Fleet:
        """The fleet of a process that dies after so many calls of its ports.

        With an `error`, the next call raises it and the process lives on.
        """
        left = calls

        def let_through() -> None:
            nonlocal left
            left -= 1
            if left == -1 and error is not None:
                raise error
            if left < 0 and error is None:
                raise Crash

        ports = {
            each.name: _Mortal(getattr(self.fleet, each.name), let_through)
            for each in fields(Fleet)
            if each.name not in ("clock", "engine")
        }
        return evolve(self.fleet, **cast("Any", ports))

    def dies(self, calls: int, work: Callable[[Fleet], object]) -> bool:
        """Do work in a process that dies after so many calls; whether it did before its end."""
        try:
            work(self.mortal(calls))
        except Crash:
            return True
        return False

    def ingest(self, text: str, **changes: Any) -> Ingested:
        """Take a file with this text in; `name` is its name."""
        name = changes.pop("name", "file.csv")
        source = BytesSource(name, text.encode("utf-8", "surrogateescape"))
        return ingest(self.fleet, source, evolve(self.request, **changes))

    def state(self, ingestion: str | None) -> Ingestion:
        """The state of an ingestion."""
        assert ingestion is not None
        return IngestionStream(self.fleet.events, ingestion).state

    def states(self) -> dict[str, Ingestion]:
        """The state of every ingestion."""
        return {each: self.state(each) for each in ingestions(self.fleet.events)}

    def waiting(self) -> tuple[LaneMessage, ...]:
        """Every message on the lanes, without handing any out."""
        return cast("MemoryLanes", self.fleet.lanes).waiting()

    def log(self) -> Counter[StoredEvent]:
        """Every event of the log with its provenance; none may be there twice."""
        return Counter(self.fleet.log.scan())

    def facts(self) -> Counter[object]:
        """Every event of the log, wherever it came from."""
        return Counter(stored.event for stored in self.fleet.log.scan())


def make_world() -> World:
    """An empty fleet."""
    return World(fleet=memory_fleet(MemoryClock(NOW_MS)))


def make_rows(start: int, stop: int, *, dirty: bool = True) -> str:
    """Rows with a header: three vehicles, and of every kind of dirt a few."""
    lines = []
    for number in range(start, stop):
        vehicle = f"cab-{number % 3}"
        at = START_MS + number * 1000
        latitude = 95 if dirty and number % 11 == 5 else 40 + number % 7 / 10
        longitude = "east" if dirty and number % 13 == 7 else -3.5
        lines.append(f"{vehicle},{at},{latitude},{longitude},{number % 2 * 30}\n")
        if dirty and number % 5 == 0 and number >= start + 20:
            # Rows of an earlier chunk again: some as they were, some with another payload.
            earlier = lines[len(lines) // 2]
            lines.append(earlier if number % 2 else earlier.replace("-3.5", "3.5"))
    return HEADER + "".join(lines)


@pytest.fixture(name="world")
def _world() -> World:
    return make_world()


@pytest.fixture(name="new_world")
def _new_world() -> Callable[[], World]:
    """Makes further fleets."""
    return make_world


@pytest.fixture(name="rows")
def _rows() -> Callable[..., str]:
    """Makes the text of files."""
    return make_rows
