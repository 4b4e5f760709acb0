"""One region that takes files in: what it stands on, and what its workers do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from fleetcore.application import dead_letters, ingesting, storing, tracks
from fleetcore.application.fleet import Fleet
from fleetcore.application.streams import IngestionStream
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ingestion_events import Sizes
from fleetcore.domain.parts import LaneMessage
from fleetcore.ports.lanes import Delivery
from fleetcore.ports.source import Source
from fleetcore.ports.vehicle_directory import VehicleDirectory
from fleetcore.testing.simulation.damage import Damage
from fleetcore.testing.simulation.fakes import FileFakes
from fleetcore.testing.simulation.item_log import ItemLog
from fleetcore.testing.simulation.region_clock import RegionClock
from fleetcore.testing.simulation.sample_files import sample_files
from fleetcore.testing.simulation.weak_lanes import LEASE_S, WeakLanes
from fleetcore.testing.simulation.weak_ports import HABITS, weak
from fleetcore.testing.simulation.weak_window import WeakWindow
from fleetcore.testing.simulation.world import Broken, World

FILES: Final = 3
_SIZES: Final = Sizes(block_bytes=256, blocks_per_chunk=1)
_MOST_DELIVERIES: Final = 6


class FileRegion:
    """Its `plain` fleet never fails and is looked at by invariants; workers use the `weak` one.

    Both are the same state. `log_type` makes the log.
    """

    log_type: ClassVar[type[ItemLog]] = ItemLog

    def __init__(self, world: World, name: str, fakes: FileFakes) -> None:
        self.world = world
        self.name = name
        self.damage = Damage()
        self.may_redrive = True
        self.plain, self.weak = self._fleets(fakes)
        self.sources = [
            fakes.source(f"{name}-{number}.csv", content)
            for number, content in enumerate(sample_files(world.random, FILES))
        ]

    def _fleets(self, fakes: FileFakes) -> tuple[Fleet, Fleet]:
        world = self.world
        clock = RegionClock(world)
        habits = {**HABITS, "objects.get": self.damage.get}
        objects = fakes.objects()
        weak_objects = weak(world, self.name, "objects", objects, habits)
        engine = fakes.engine()
        self.log = self.log_type(
            world,
            self.name,
            weak_objects,
            engine.events,
            WeakWindow(world, f"{self.name}/seen", fakes.seen()),
        )
        letters = fakes.dead_letters()
        lanes = WeakLanes(
            world,
            fakes.lanes(clock, LEASE_S),
            letters,
            sent=self._sent,
            settled=self._settled,
        )
        plain = Fleet(
            clock=clock,
            events=fakes.events(),
            lanes=lanes,
            dead_letters=letters,
            objects=objects,
            origins=fakes.origins(),
            log=self.log,
            latest=fakes.latest(),
            engine=engine,
        )
        return plain, Fleet(
            clock=clock,
            events=weak(world, self.name, "events", plain.events),
            lanes=weak(world, self.name, "lanes", plain.lanes),
            dead_letters=weak(world, self.name, "dead_letters", letters),
            objects=weak_objects,
            origins=weak(world, self.name, "origins", plain.origins),
            log=weak(world, self.name, "log", plain.log),
            latest=weak(world, self.name, "latest", plain.latest),
            engine=engine,
        )

    def state(self, ingestion: str) -> Ingestion:
        """The state of an ingestion, as it is."""
        return IngestionStream(self.plain.events, ingestion).state

    # --- what its workers do ---------------------------------------------------------------------

    def employ(self) -> None:
        """Let workers do what processes and functions in the cloud do."""
        for role, work in (
            ("ingest-1", self.take_in),
            ("ingest-2", self.take_in),
            ("relay", self.relay),
            ("store-1", self.store),
            ("store-2", self.store),
            ("redrive", self.redrive),
            ("view", self.follow),
        ):
            self.world.employ(f"{self.name} {role}", work)

    def take_in(self) -> None:
        """Take a file in, up to its end or to where time is short; when it is calm, all files."""
        random = self.world.random
        if self.world.is_calm:
            for source in self.sources:
                self._take_in(source, part=0.0)
        else:
            self._take_in(random.choice(self.sources), part=0.2)

    def _take_in(self, source: Source, part: float) -> None:
        random = self.world.random
        request = ingesting.Request(sizes=_SIZES)

        def is_enough() -> bool:
            return random.random() < part

        begun = None
        if random.random() < 0.5:
            begun = ingesting.pending_ingestion(self.weak, source)
        if begun is not None:
            ingesting.go_on(self.weak, source, begun, _no_vehicles, is_enough=is_enough)
            return
        stores = random.random() < 0.2
        ingesting.ingest(self.weak, source, request, is_enough=is_enough, stores=stores)

    def relay(self) -> None:
        """Send again what was committed and has no outcome."""
        storing.relay(self.weak)

    def store(self) -> None:
        """Store what the queue hands out, and settle what needs no further try."""
        while True:
            limit = self.world.random.randint(1, _MOST_DELIVERIES)
            deliveries = self.weak.lanes.receive(limit)
            failed = storing.store(self.weak, deliveries, self._is_late)
            done = [each for each in deliveries if each.receipt not in failed]
            self.weak.lanes.settle(done)
            if not (done and self.world.is_calm):
                return

    def redrive(self) -> None:
        """Give dead letters another try."""
        if self.may_redrive:
            letters = dead_letters.dead_letters(self.weak)
            dead_letters.redrive(self.weak, letters)

    def follow(self) -> None:
        """Let the view follow the log."""
        tracks.catch_up(self.weak)

    def _is_late(self) -> bool:
        return not self.world.is_calm and self.world.random.random() < 0.1

    # --- what is listened to ---------------------------------------------------------------------

    def _sent(self, messages: Sequence[LaneMessage]) -> None:
        for message in messages:
            if message.part not in self.state(message.ingestion).parts:
                raise Broken(
                    "messages come from committed events",
                    f"{self.name}: {message.part.key} is sent, and no chunk names it",
                )

    def _settled(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            message = delivery.message
            state = self.state(message.ingestion)
            is_latest = message.attempt >= state.message(message.part).attempt
            if is_latest and state.pending(message.part):
                raise Broken(
                    "what is settled has an outcome",
                    f"{self.name}: {message.part.key} is settled, and its rows are pending",
                )


def _no_vehicles(content_id: str) -> VehicleDirectory:
    raise AssertionError(f"no file was taken in with the vehicles {content_id}")
