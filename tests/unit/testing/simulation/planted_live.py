"""Bugs to plant in what follows live locations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pytest
from attrs import evolve

from fleetcore.application import conducting, replication
from fleetcore.application.listening import take_in
from fleetcore.application.looks import SecondLook
from fleetcore.application.panel import Panel
from fleetcore.application.repairs import Repairs, repair
from fleetcore.domain.facts import Fact
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.testing.simulation.live import LiveScenario
from fleetcore.testing.simulation.live_region import LiveRegion
from fleetcore.testing.simulation.scenario import Scenario
from fleetcore.testing.simulation.world import World
from fleetcore_adapters.memory.location_log import MemoryLog
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.registers import MemoryRegisters
from fleetcore_entrypoints.wiring.simulated import live_fakes


def acknowledge_before_durable(_patch: pytest.MonkeyPatch) -> Scenario:
    """Messages are acknowledged when they are read, and appended then."""

    class Region(LiveRegion):
        def listen(self) -> None:
            received = self.broker.receive(4)
            self.broker.acknowledge([number for number, _ in received])
            take_in(self.listening, [message for _, message in received])

    return LiveScenario(live_fakes(), Region)


def payload_overwritten_by_identity(_patch: pytest.MonkeyPatch) -> Scenario:
    """Of a vehicle and an instant the log takes one payload, the first."""

    class Log(MemoryLog):
        def _append_events(self, events: Sequence[Any]) -> StoreOutcome:
            new = [each for each in events if each.event.identity not in self._siblings]
            return super()._append_events(new)

    return LiveScenario(evolve(live_fakes(), log=lambda: Log(MemoryObjectStore())))


def repair_bypasses_merge(patch: pytest.MonkeyPatch) -> Scenario:
    """A repair writes the value that won when it looked, whatever a region holds by now."""

    def blunt(panel: Panel, look: SecondLook, run: str) -> Repairs:
        for name in panel.reachable:
            region = panel._regions[name]
            for each in look.drifted:
                for held in region.read([each.winning.vehicle_id]):
                    region.replace(held, each.winning)
        return repair(panel, look, run)

    patch.setattr(conducting, "repair", blunt)
    return LiveScenario(live_fakes())


def registers_cursor_first(_patch: pytest.MonkeyPatch) -> Scenario:
    """The registers' cursor is saved, and then what it stands for."""

    class Region(LiveRegion):
        def follow(self) -> None:
            changes = self.weak_log.changes_since(self.weak_registers.cursor())
            self.weak_registers.merge((), changes.cursor)
            self.weak_registers.merge(changes.facts)

    return LiveScenario(live_fakes(), Region)


def digest_outside_merge(_patch: pytest.MonkeyPatch) -> Scenario:
    """Registers change in one step, and their sums in another."""

    class Region(LiveRegion):
        def __init__(self, world: World, name: str, fakes: Any) -> None:
            class Split(MemoryRegisters):
                def merge(
                    self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0
                ) -> int:
                    sums = self._sums
                    spare = type(sums)(
                        counts=list(sums.counts), words=list(sums.words), cities=dict(sums.cities)
                    )
                    self._sums = spare
                    changed = super().merge(facts, cursor, since)
                    after, self._sums = self._sums, sums
                    world.pause(f"{name}/sums.update")
                    self._sums = after
                    return changed

            super().__init__(world, name, evolve(fakes, registers=Split))

    return LiveScenario(live_fakes(), Region)


def last_to_come_wins(_patch: pytest.MonkeyPatch) -> Scenario:
    """What comes last to the registers wins."""

    class LastComes(MemoryRegisters):
        def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> int:
            for fact in facts:
                self._put(fact)
            return super().merge(facts, cursor, since)

    return LiveScenario(evolve(live_fakes(), registers=LastComes))


def forgotten_brought_back(_patch: pytest.MonkeyPatch) -> Scenario:
    """A tombstone clears the register and is not asked for when a fact comes."""

    class Registers(MemoryRegisters):
        def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> int:
            for fact in facts:
                if fact.vehicle_id not in self._facts:
                    self._put(fact)
            return super().merge(facts, cursor, since)

    return LiveScenario(evolve(live_fakes(), registers=Registers))


def pull_cursor_first(patch: pytest.MonkeyPatch) -> Scenario:
    """How far a peer is copied is saved, and then it is copied."""
    pull = replication.pull

    def hasty(peer: Any, log: Any, links: Any, rows: int = 50_000) -> replication.Pulled:
        if not links.are_cut():
            found = peer.batches_since(links.cursor(peer.name), rows)
            links.save(peer.name, found.cursor)
            for batch in found.batches:
                log.append_batches(evolve(batch, ingestion=f"replica-{peer.name}"))
        return pull(peer, log, links, rows)

    patch.setattr(replication, "pull", hasty)
    return LiveScenario(live_fakes())


PLANTED: Final = (
    acknowledge_before_durable,
    payload_overwritten_by_identity,
    repair_bypasses_merge,
    registers_cursor_first,
    digest_outside_merge,
    last_to_come_wins,
    forgotten_brought_back,
    pull_cursor_first,
)
