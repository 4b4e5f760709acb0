"""Views follow the log: everything, at their own pace, and again from the beginning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import pytest
from attrs import define, field
from hypothesis import find, given, settings
from hypothesis import strategies as st
from tests.unit.application.follower import Follower

from fleetcore.application.following import (
    After,
    Followed,
    View,
    follow,
    follow_registers,
    rebuild,
    rebuild_registers,
)
from fleetcore.application.proximity import GeoView, GraphView
from fleetcore.domain.facts import Fact, winners_of
from fleetcore.domain.proximity import Node
from fleetcore.errors import StorageUnavailable
from fleetcore.testing.contracts.register_facts import (
    CLOSE_FACTS,
    VEHICLES,
    fact,
    summed,
    tombstone,
)
from fleetcore_adapters.memory.geo_index import MemoryGeoIndex
from fleetcore_adapters.memory.live_engine import MemoryLiveEngine
from fleetcore_adapters.memory.location_log import MemoryLog
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.places import MemoryPlaces
from fleetcore_adapters.memory.proximity_graph import MemoryProximityGraph
from fleetcore_adapters.memory.registers import MemoryRegisters

Made: TypeAlias = tuple[View, Callable[[], object]]
"""A view, and what it holds when it is asked."""


@define
class Log:
    """A log that facts are appended to."""

    live: MemoryLog = field(factory=lambda: MemoryLog(MemoryObjectStore()))

    def append(self, *facts: Fact) -> None:
        """Append a batch."""
        self.live.append_batches(MemoryLiveEngine().encoded(facts, "live-1"))


@pytest.fixture(name="log")
def _log() -> Log:
    return Log()


def test_follows_what_is_new(log: Log) -> None:
    """Each pass takes what came since the last one, and stands where the log is."""
    registers = MemoryRegisters()
    log.append(fact("a", 1), fact("b", 1))
    first = follow(log.live, registers)
    log.append(fact("a", 2))

    second = follow(log.live, registers)

    assert (2, 1) == (first.facts, second.facts)
    assert log.live.reached() == second.cursor == registers.cursor()
    assert [fact("a", 2), fact("b", 1)] == list(registers.scan())
    assert Followed(facts=0, cursor=second.cursor) == follow(log.live, registers)


def test_views_have_cursors_of_their_own(log: Log) -> None:
    """One that comes late is given all of it."""
    early, late = MemoryRegisters(), MemoryRegisters()
    for instant in range(3):
        log.append(fact("a", instant), fact(f"b{instant}", 1))
        follow(log.live, early)

    assert 4 == follow(log.live, late).facts
    assert early.digest() == late.digest()


def test_a_pass_that_fails_is_made_good(log: Log) -> None:
    """The cursor does not lead the view: what was not merged comes again."""

    class Full(MemoryRegisters):
        broken = True

        def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> int:
            if self.broken:
                raise StorageUnavailable("no space")
            return super().merge(facts, cursor, since)

    registers = Full()
    log.append(fact("a", 1))
    with pytest.raises(StorageUnavailable):
        follow(log.live, registers)
    registers.broken = False

    assert 1 == follow(log.live, registers).facts
    assert [fact("a", 1)] == list(registers.scan())


def test_a_view_beyond_its_log_is_made_again(log: Log) -> None:
    """The log is another one: it was lost and began anew, or an older copy was restored."""
    registers = MemoryRegisters()
    registers.merge([fact("gone", 1)], 7)
    log.append(fact("a", 1), fact("b", 1))

    done = follow(log.live, registers)

    assert (2, log.live.reached()) == (done.facts, registers.cursor())
    assert [fact("a", 1), fact("b", 1)] == list(registers.scan())


def test_registers_beyond_their_log_know_who_is_forgotten(log: Log) -> None:
    """They are made again with the log's tombstones, in the same pass."""
    registers = MemoryRegisters()
    registers.merge([fact("gone", 1)], 7)
    log.append(fact("a", 1), fact("b", 1))
    log.live.bury([tombstone("a")])

    follow_registers(log.live, registers)

    assert summed([fact("b", 1)], [tombstone("a")]) == registers.digest()


def test_tombstones_come_without_any_event(log: Log) -> None:
    """A vehicle that is forgotten while nothing is appended is forgotten at the next pass."""
    registers = MemoryRegisters()
    log.append(fact("a", 1), fact("b", 1))
    follow_registers(log.live, registers)
    log.live.bury([tombstone("a")])

    assert 0 == follow_registers(log.live, registers).facts
    assert [fact("b", 1)] == list(registers.scan())
    assert summed([fact("b", 1)], [tombstone("a")]) == registers.digest()


def test_rebuilt_registers_know_who_is_forgotten(log: Log) -> None:
    """Facts that the log still holds of a forgotten vehicle do not bring it back."""
    registers = MemoryRegisters()
    log.append(fact("a", 1), fact("b", 1))
    log.live.bury([tombstone("a")])
    follow_registers(log.live, registers)
    before = registers.digest()

    rebuild_registers(log.live, registers)

    assert before == registers.digest()
    assert [fact("b", 1)] == list(registers.scan())


def test_rebuilding_beside_one_that_follows(log: Log) -> None:
    """What it read before the view was cleared comes afterwards: nothing is left out."""

    class Raced(MemoryRegisters):
        def clear(self) -> None:
            late = log.live.changes_since(self.cursor())
            super().clear()
            self.merge(late.facts, late.cursor)

    for make in (rebuild, rebuild_registers):
        registers = Raced()
        log.append(fact("a", 1))
        follow(log.live, registers)
        log.append(fact("b", 1))

        make(log.live, registers)

        assert [fact("a", 1), fact("b", 1)] == list(registers.scan())


def registers_view() -> Made:
    """Registers, and what they hold."""
    registers = MemoryRegisters()
    return registers, lambda: sorted(map(repr, registers.scan()))


def geo_view() -> Made:
    """A geo index, and what it holds."""
    view = GeoView(geo=MemoryGeoIndex(), places=MemoryPlaces())
    return view, view.geo.read


def graph_view() -> Made:
    """A graph over an index, and the cities its drivers are in."""
    places = MemoryPlaces()
    index = GeoView(geo=MemoryGeoIndex(), places=places)
    view = GraphView(graph=MemoryProximityGraph(), index=index, places=places)
    return view, lambda: [view.graph.neighbours(Node("driver", each)) for each in VEHICLES]


STEPS: Final = st.lists(
    st.integers(0, 1)
    | st.just("clear")
    | CLOSE_FACTS.map(lambda fact: fact._replace(latitude=48.137, longitude=11.575)),
    min_size=1,
    max_size=16,
)
"""A follower's number: it steps. Else the view is cleared, or a fact is appended."""


def is_whole(made: Made, steps: Sequence[int | str | Fact]) -> bool:
    """Whether a view, once it has caught up, holds what it holds when it is made anew."""
    view, held = made
    log = Log()
    followers = [Follower(log.live, view), Follower(log.live, view)]
    for step in steps:
        if isinstance(step, int):
            followers[step].step()
        elif isinstance(step, Fact):
            log.append(step)
        else:
            view.clear()
    follow(log.live, view)
    before = held()
    rebuild(log.live, view)
    return before == held()


@pytest.mark.parametrize("make", [registers_view, geo_view, graph_view])
@given(steps=STEPS)
def test_no_cursor_leads_its_view(make: Callable[[], Made], steps: list[int | str | Fact]) -> None:
    """However slow followers are, and whoever clears the view meanwhile: nothing is left out."""
    assert is_whole(make(), steps)


def test_a_cursor_that_leads_is_found() -> None:
    """Saved whatever its facts came behind, it leaves out what lies between."""

    class Leads(MemoryRegisters):
        def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> int:
            return super().merge(facts, cursor, 0 * since)

    def lacks(steps: Sequence[int | str | Fact]) -> bool:
        registers = Leads()
        return not is_whole((registers, lambda: sorted(map(repr, registers.scan()))), steps)

    found = find(STEPS, lacks, settings=settings(max_examples=2000, deadline=None, database=None))

    assert "clear" in found


@given(facts=st.lists(CLOSE_FACTS, max_size=8), cuts=st.sets(st.integers(0, 8), max_size=3))
def test_a_rebuilt_view_is_the_one_that_followed(facts: list[Fact], cuts: set[int]) -> None:
    """However appends and passes interleave, and it is the winners of all that was appended."""
    log, registers = Log(), MemoryRegisters()
    for number, each in enumerate(facts):
        log.append(each)
        if number in cuts:
            follow(log.live, registers)
    follow(log.live, registers)
    before = registers.digest()

    rebuild(log.live, registers)

    assert before == registers.digest()
    assert {key: each.fingerprint for key, each in winners_of(facts).items()} == {
        each.vehicle_id: each.fingerprint for each in registers.scan()
    }


def test_a_view_is_not_given_who_is_forgotten(log: Log) -> None:
    """Not even while the log still holds rows of it."""
    index = GeoView(geo=MemoryGeoIndex(), places=MemoryPlaces())
    log.append(fact("a", 1), fact("b", 1))
    log.live.bury([tombstone("a")])

    assert 1 == follow(log.live, index).facts
    assert ["b"] == [each.vehicle_id for each in index.geo.read()]
    assert log.live.reached() == index.cursor()


def test_a_view_after_another_finds_it_brought_up() -> None:
    """The graph's index follows by itself first, so the graph has nothing to put into it."""
    put: list[Fact] = []

    class Index(MemoryGeoIndex):
        def put(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> None:
            put.extend(facts)
            super().put(facts, cursor, since)

    places = MemoryPlaces()
    index = GeoView(geo=Index(), places=places)
    graph = GraphView(graph=MemoryProximityGraph(), index=index, places=places)
    log = Log()
    after = After(graph, lambda: follow(log.live, index))
    log.append(fact("a", 1), fact("b", 1))

    follow(log.live, after)
    log.append(fact("a", 2))
    follow(log.live, after)

    assert [("a", 1), ("b", 1), ("a", 2)] == [each[:2] for each in put]
    assert index.cursor() == after.cursor() == log.live.reached()
    rebuild(log.live, after)
    assert index.cursor() == after.cursor()
