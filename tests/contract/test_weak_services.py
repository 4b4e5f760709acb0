"""The use cases on services that fail half-way: whatever the order, all comes out in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import Final

import pytest
from tests.contract.weak_services import (
    WeakEvents,
    WeakLanes,
    WeakLetters,
    WeakLog,
    WeakObjects,
    Weather,
)

from fleetcore.application.dead_letters import dead_letters, redrive
from fleetcore.application.fleet import Fleet
from fleetcore.application.ingesting import Request, ingest
from fleetcore.application.storing import store
from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.application.tracks import BEGINNING_MS, END_MS
from fleetcore.domain.ingestion_events import Sizes
from fleetcore.domain.ledger import Ledger
from fleetcore.domain.location import LocationEvent
from fleetcore.errors import FleetcoreError, StorageUnavailable
from fleetcore.ports.lanes import Delivery
from fleetcore_adapters.memory.batch_engine import PlainEngine
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_adapters.memory.latest_positions import MemoryLatestPositions
from fleetcore_adapters.memory.origins import MemoryOrigins
from fleetcore_adapters.memory.source import BytesSource

NOW_MS: Final = 1_750_000_000_000
START_MS: Final = 1_700_000_000_000
SMALL: Final = Sizes(block_bytes=512, blocks_per_chunk=2)
SEEDS: Final = range(25)
FILES: Final = ((0, 60), (30, 90))
STORM_STEPS: Final = 60
STEPS_AT_MOST: Final = 10_000
LONGEST_PAUSE_MS: Final = 400_000

Store = Callable[[Fleet, Sequence[Delivery]], Mapping[str, FleetcoreError]]


def rows(start: int, stop: int) -> bytes:
    """Rows of three vehicles, some of which break a rule or cannot be read."""
    lines = ["vehicle_id,observed_at,latitude,longitude,speed_kmh,city\n"]
    for number in range(start, stop):
        latitude = 95 if number % 11 == 5 else 40.25
        longitude = "east" if number % 13 == 7 else -3.5
        at = START_MS + number * 1000
        speed = number % 2 * 30
        lines.append(f"cab-{number % 3},{at},{latitude},{longitude},{speed},Berlin\n")
    return "".join(lines).encode()


class Run:
    """Workers on weak services: uploads are taken in, and parts stored, in an order by chance."""

    def __init__(self, seed: int, storing: Store = store) -> None:
        self._chance = Random(seed)
        self._store = storing
        self._uploads = set(range(len(FILES)))
        self._clock = MemoryClock(NOW_MS)
        self.weather = Weather(seed)
        self.lanes = WeakLanes(self._clock, self.weather)
        objects = WeakObjects(self.weather)
        self.fleet = Fleet(
            clock=self._clock,
            events=WeakEvents(self.weather),
            lanes=self.lanes,
            dead_letters=WeakLetters(self.weather),
            objects=objects,
            origins=MemoryOrigins(),
            log=WeakLog(objects, self.weather),
            latest=MemoryLatestPositions(),
            engine=PlainEngine(),
        )

    def to_the_end(self) -> None:
        """A storm, then calm until nothing waits."""
        for _ in range(STORM_STEPS):
            self._step()
        self.weather.is_calm = True
        redrive(self.fleet, dead_letters(self.fleet))
        for _ in range(STEPS_AT_MOST):
            if not self._uploads and not self.lanes.waiting():
                return
            self._step()
        pytest.fail("it does not end")

    def _step(self) -> None:
        if self._uploads:
            self._take_in(self._chance.choice(sorted(self._uploads)))
        with suppress(StorageUnavailable):
            deliveries = self.lanes.receive(self._chance.randint(1, 10))
            failed = self._store(self.fleet, deliveries)
            self.lanes.settle([each for each in deliveries if each.receipt not in failed])
        self._clock.advance(self._chance.randint(0, LONGEST_PAUSE_MS))

    def _take_in(self, upload: int) -> None:
        """Its notification is given up once all that is committed is on the lanes."""
        source = BytesSource(f"{upload}.csv", rows(*FILES[upload]))
        if ingest(self.fleet, source, Request(sizes=SMALL), stores=False).error is None:
            self._uploads.remove(upload)

    def ledgers(self) -> list[Ledger]:
        """Every ledger; one that does not balance raises."""
        events = self.fleet.events
        return [IngestionStream(events, each).state.ledger for each in ingestions(events)]

    def log(self) -> Counter[LocationEvent]:
        """What the log holds."""
        return Counter(stored.event for stored in self.fleet.log.scan())


@pytest.fixture(name="calm", scope="module")
def _calm() -> Run:
    """A run in which nothing fails."""
    run = Run(0)
    run.weather.is_calm = True
    run.to_the_end()
    return run


@pytest.mark.parametrize("seed", SEEDS)
def test_all_comes_out_in_the_end(calm: Run, seed: int) -> None:
    """Ledgers balance, nothing is pending or dead, and the log is that of a calm day."""
    run = Run(seed)
    run.to_the_end()
    brought = [each.store.stored + each.store.conflicting for each in run.ledgers()]

    assert calm.log() == run.log()
    assert {each.rows.read for each in calm.ledgers()} == {each.rows.read for each in run.ledgers()}
    assert {(0, 0)} == {(each.pending, each.dead_lettered) for each in run.ledgers()}
    assert run.log().total() == sum(brought)
    assert () == run.fleet.dead_letters.read()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stale_index_shows_nothing_that_is_not_there(seed: int) -> None:
    """What a city's index tells in a storm is some of what it tells when it has caught up."""
    run = Run(seed)
    run.to_the_end()
    whole = {*run.fleet.log.read_city("Berlin", BEGINNING_MS, END_MS)}
    run.weather.is_calm = False

    assert {*run.fleet.log.read_city("Berlin", BEGINNING_MS, END_MS)} <= whole


def careless(fleet: Fleet, deliveries: Sequence[Delivery]) -> Mapping[str, FleetcoreError]:
    """Settles what failed."""
    store(fleet, deliveries)
    return {}


def blind(fleet: Fleet, deliveries: Sequence[Delivery]) -> Mapping[str, FleetcoreError]:
    """Writes down nothing."""
    fleet.log.append([each.message.part for each in deliveries])
    return {}


@pytest.mark.parametrize("faulty", [careless, blind])
def test_a_careless_worker_is_noticed(calm: Run, faulty: Store) -> None:
    """On some seed rows stay pending, or are missing."""

    def is_noticed(seed: int) -> bool:
        run = Run(seed, faulty)
        run.to_the_end()
        return calm.log() != run.log() or any(each.pending for each in run.ledgers())

    assert any(map(is_noticed, SEEDS))
