"""One region that follows live locations: what it stands on, and what its workers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

from attrs import evolve

from fleetcore.application import snapshots
from fleetcore.application.following import follow_registers, rebuild_registers
from fleetcore.application.hosting import HostedRegion
from fleetcore.application.listening import Listening, live_settings, take_in
from fleetcore.application.replication import pull_all
from fleetcore.domain.facts import Fact, fact_of
from fleetcore.domain.messages import Message
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.domain.tombstones import key_of
from fleetcore.errors import RegionUnreachable, StorageUnavailable
from fleetcore.ports.live_engine import LiveWork
from fleetcore.ports.live_log import Batches, Changes
from fleetcore.ports.region import Region
from fleetcore.testing.simulation.fakes import LiveFakes
from fleetcore.testing.simulation.region_clock import RegionClock
from fleetcore.testing.simulation.sample_reports import sample_report
from fleetcore.testing.simulation.weak_broker import WeakBroker
from fleetcore.testing.simulation.weak_ports import HABITS, Call, Habit, moody, weak
from fleetcore.testing.simulation.world import Broken, World

_MOST_MESSAGES: Final = 6
_MOST_ROWS: Final = 8


def lagging(world: World, call: Call) -> object:
    """As `moody`; what follows the own log does not see yet what is new in it."""
    if world.happens("stale read"):
        return Changes(facts=(), cursor=cast("int", call.arguments[0]))
    return moody(world, call)


def replicating(world: World, call: Call) -> object:
    """As `moody`; other regions do not see yet what is new in the log."""
    if world.happens("replication lag"):
        return Batches(batches=(), cursor=cast("int", call.arguments[0]))
    return moody(world, call)


LIVE_HABITS: Final[Mapping[str, Habit]] = {
    **HABITS,
    "log.batches_since": replicating,
    "log.changes_since": lagging,
}


class LiveRegion:
    """Its plain ports never fail and are looked at by invariants; workers use the weak ones.

    Both are the same state. Other regions are reached as `seen_by` says. `cleared` counts how
    often the registers were, to be made anew; `is_restored` says whether from a snapshot.
    """

    def __init__(self, world: World, name: str, fakes: LiveFakes) -> None:
        self.world = world
        self.name = name
        self.clock = RegionClock(world)
        self.engine = fakes.engine()
        self.log = fakes.log()
        self.registers = fakes.registers()
        self.links = fakes.links()
        self.dead_messages = fakes.dead_messages()
        self.weak_log = weak(world, name, "log", self.log, LIVE_HABITS)
        self.cleared = 0
        self.is_restored = self._restores = False
        self.weak_registers = weak(
            world, name, "registers", self.registers, {**HABITS, "registers.clear": self._clear}
        )
        self.weak_snapshots = weak(world, name, "snapshots", fakes.snapshots())
        self.weak_links = weak(world, name, "links", self.links)
        self.weak_dead = weak(world, name, "dead_messages", self.dead_messages)
        self.listening = Listening(
            engine=self.engine,
            log=self.weak_log,
            dead_messages=self.weak_dead,
            clock=self.clock,
            work=self._work(),
        )
        self.broker = WeakBroker(world, name, self._acknowledged)
        self.peers: tuple[Region, ...] = ()
        self._facts: dict[bytes, Sequence[Fact]] = {}

    def _clear(self, world: World, call: Call) -> object:
        self.cleared += 1
        done = moody(world, call)
        self.is_restored = self._restores
        return done

    def hosted(self) -> Region:
        """The region as its own processes answer for it."""
        return HostedRegion(
            self.name,
            registers=self.weak_registers,
            log=self.weak_log,
            history=self.weak_log,
            engine=self.engine,
        )

    def seen_by(self, other: LiveRegion) -> Region:
        """The region at the end of a link: where either is cut off it does not answer."""

        def linked(world: World, call: Call) -> object:
            self._reach(other, call)
            try:
                answer = call.carried_out()
            except StorageUnavailable as error:
                raise RegionUnreachable(f"{call.name}: {error}") from error
            self._reach(other, call)
            if world.happens("lost answer"):
                raise RegionUnreachable(f"{call.name}: no answer")
            return answer

        habits = dict.fromkeys((f"link.{each}" for each in dir(Region)), linked)
        return weak(self.world, f"{other.name}>{self.name}", "link", self.hosted(), habits)

    def _reach(self, other: LiveRegion, call: Call) -> None:
        if self is not other and (self.links.are_cut() or other.links.are_cut()):
            raise RegionUnreachable(f"{call.name}: the link is cut")

    def facts_of(self, message: Message) -> Sequence[Fact]:
        """What a message says, whenever it is judged; nothing where it breaks a rule."""
        if message.payload not in self._facts:
            work = evolve(self._work(), now_ms=self.world.now_ms + 10**9)
            judged = self.engine.judged([message], work)
            facts = () if judged.batch is None else self.engine.facts(judged.batch)
            self._facts[message.payload] = facts
        return self._facts[message.payload]

    def _work(self) -> LiveWork:
        settings = live_settings(FleetSettings())
        return LiveWork(ingestion=f"live-{self.name}", settings=settings, now_ms=0)

    # --- what its workers do ---------------------------------------------------------------------

    def employ(self) -> None:
        """Let workers do what processes and functions in the cloud do."""
        for role, work in (
            ("publish", self.publish),
            ("listen-1", self.listen),
            ("listen-2", self.listen),
            ("follow", self.follow),
            ("pull", self.pull),
            ("snapshot", self.snapshot),
            ("rebuild", self.rebuild),
        ):
            self.world.employ(f"{self.name} {role}", work)

    def publish(self) -> None:
        """Vehicles report, as long as there is trouble."""
        for _ in range(0 if self.world.is_calm else self.world.random.randint(2, 4)):
            self.broker.publish(sample_report(self.world.random, self.world.now_ms))
            self.world.sleep(self.world.random.randint(1, 10))

    def listen(self) -> None:
        """Take messages in, durably, and acknowledge them then."""
        while received := self.broker.receive(self.world.random.randint(1, _MOST_MESSAGES)):
            take_in(self.listening, [message for _, message in received])
            self.broker.acknowledge([number for number, _ in received])

    def follow(self) -> None:
        """Let the registers follow the log."""
        follow_registers(self.weak_log, self.weak_registers)

    def snapshot(self) -> None:
        """Take a snapshot of the registers."""
        snapshots.take(self.weak_registers, self.weak_snapshots, self.clock, region=self.name)

    def rebuild(self) -> None:
        """Now and then the registers are made anew, from the log or from a snapshot."""
        if self.world.is_calm or not self.world.happens("rebuild"):
            return
        self._restores = self.world.random.random() >= 0.5
        if not self._restores:
            rebuild_registers(self.weak_log, self.weak_registers)
        else:
            snapshots.restore(self.weak_registers, self.weak_log, self.weak_snapshots)

    def pull(self) -> None:
        """Copy what other regions took in."""
        while any(done.more for done in pull_all(self.peers, self.weak_log, self.weak_links)):
            if not self.world.is_calm:
                return

    # --- what is listened to ---------------------------------------------------------------------

    def _acknowledged(self, messages: Sequence[Message]) -> None:
        held = {fact for _, fact in self.logged()}
        forgotten = {each.key for each in self.log.tombstones()}
        dead = {each.message.payload for each in self.dead_messages.read()}
        for message in messages:
            for fact in self.facts_of(message):
                is_kept = fact in held or message.payload in dead
                if not is_kept and key_of(fact.vehicle_id) not in forgotten:
                    raise Broken(
                        "no acknowledged event is lost", f"{self.name}: {message.payload!r}"
                    )

    def logged(self) -> list[tuple[str, Fact]]:
        """Every row of the log with its ingestion."""
        return [(row.ingestion, fact_of(row.event)) for row in self.log.scan()]
