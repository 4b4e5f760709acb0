"""Random histories of registers: every answer is the same on every adapter."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeAlias

import pytest
from attrs import frozen
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from tests.contract.harness import local
from tests.contract.harness.harness import Harness

from fleetcore.domain.digests import bucket_of, leaf_of, word_of
from fleetcore.domain.facts import Fact, version_of
from fleetcore.domain.tombstones import Tombstone
from fleetcore.ports.registers import Registers
from fleetcore.testing.contracts.register_facts import CLOSE_FACTS, VEHICLES, exact, tombstone
from fleetcore_adapters.memory.registers import MemoryRegisters

EXAMPLES: Final = 60


@frozen(slots=True)
class Merge:
    """Merge facts, by one of two handles."""

    facts: tuple[Fact, ...]
    cursor: int | None
    since: int
    handle: int


@frozen(slots=True)
class Bury:
    """Forget vehicles."""

    tombstones: tuple[Tombstone, ...]


@frozen(slots=True)
class Mend:
    """Replace what is held of a vehicle by a fact; `stale` says what is held wrongly."""

    fact: Fact
    stale: bool


@frozen(slots=True)
class Clear:
    """Begin anew."""


Step: TypeAlias = Merge | Bury | Mend | Clear

HISTORIES: Final = st.lists(
    st.builds(
        Merge,
        facts=st.lists(CLOSE_FACTS, max_size=5).map(tuple),
        cursor=st.none() | st.integers(0, 9),
        since=st.integers(0, 4),
        handle=st.integers(0, 1),
    )
    | st.builds(
        Bury,
        st.lists(
            st.builds(tombstone, st.sampled_from(VEHICLES), st.integers(0, 2)), max_size=2
        ).map(tuple),
    )
    | st.builds(Mend, CLOSE_FACTS, st.booleans())
    | st.builds(Clear),
    max_size=10,
)


def seen(handles: Sequence[Registers], history: Sequence[Step]) -> list[object]:
    """Every answer, and all that can be asked after each step."""
    found: list[object] = []
    for step in history:
        match step:
            case Merge(facts, cursor, since, handle):
                found.append(handles[handle % len(handles)].merge(facts, cursor, since))
            case Bury(tombstones):
                found.append(handles[0].bury(tombstones))
            case Mend(fact, stale):
                for held in handles[0].read([fact.vehicle_id]):
                    old = held._replace(latitude=-held.latitude) if stale else held
                    found.append(handles[0].replace(old, fact))
            case Clear():
                handles[0].clear()
        found += _state(handles[-1])
    return [*found, handles[0].recount()]


def _state(registers: Registers) -> list[object]:
    leaves = [leaf_of(each) for each in VEHICLES]
    buckets = [bucket_of(each) for each in leaves]
    prints = registers.fingerprints(leaves)
    return [
        registers.cursor(),
        exact(sorted(registers.scan(), key=lambda each: each.vehicle_id)),
        exact(registers.read(VEHICLES)),
        registers.digest(),
        registers.leaves(buckets),
        {leaf: sorted(each) for leaf, each in prints.items()},
        registers.held(prints),
        registers.tombstones(),
        registers.recount(buckets),
    ]


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in local.ROWS["registers"]])
def test_answers_are_those_of_memory(
    row: Harness[Registers], record_property: Callable[[str, object], None]
) -> None:
    """Registers, sums, tombstones, cursors and counts, through two handles."""

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(history=HISTORIES)
    def agrees(history: list[Step]) -> None:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            opened = row.start(Path(folder), stack)

            assert seen([MemoryRegisters()], history) == seen([opened(), opened()], history)

    agrees()
    record_property("histories", ["registers", row.name, EXAMPLES])


class OverwritesByIdentity(MemoryRegisters):
    """Takes what comes last of an instant."""

    def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> int:
        changed = 0
        for fact in facts:
            for held in self.read([fact.vehicle_id]):
                if held.observed_at == fact.observed_at:
                    changed += self.replace(held, fact)
            changed += super().merge([fact])
        super().merge([], cursor, since)
        return changed


class BringsBack(MemoryRegisters):
    """Lets a newer fact of a forgotten vehicle in."""

    def bury(self, tombstones: Sequence[Tombstone]) -> int:
        buried = super().bury(tombstones)
        self._graves = dict.fromkeys((), tombstones[0]) if tombstones else self._graves
        return buried


class SumsWithoutCities(MemoryRegisters):
    """Forgets the cities when a register is replaced."""

    def replace(self, old: Fact, new: Fact) -> bool:
        cities = dict(self._sums.cities)
        done = super().replace(old, new)
        self._sums.cities = cities
        return done


class SumsOutsideTheMerge(MemoryRegisters):
    """Counts what was offered, not what won."""

    def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> int:
        changed = super().merge(facts, cursor, since)
        for fact in facts:
            if fact not in self.read([fact.vehicle_id]):
                self._sums.change(leaf_of(fact.vehicle_id), 0, word_of(fact.fingerprint))
        return changed


class CursorGoesBack(MemoryRegisters):
    """Believes the last who speaks."""

    def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> int:
        changed = super().merge(facts, cursor, since)
        self._cursor = self._cursor if cursor is None else cursor
        return changed


class CursorLeads(MemoryRegisters):
    """Saves a cursor whatever the facts came behind."""

    def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> int:
        return super().merge(facts, cursor, min(since, self.cursor()))


class TrustsTheClock(MemoryRegisters):
    """Compares instants only."""

    def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> int:
        held = {each.vehicle_id: each for each in self.scan()}
        later = [
            each
            for each in facts
            if each.vehicle_id not in held
            or version_of(each)[0] > version_of(held[each.vehicle_id])[0]
        ]
        return super().merge(later, cursor, since)


class ReplacesAnything(MemoryRegisters):
    """Compares nothing before it swaps."""

    def replace(self, old: Fact, new: Fact) -> bool:
        (held,) = self.read([old.vehicle_id])
        return super().replace(held, new)


@pytest.mark.parametrize(
    "wrong",
    [
        OverwritesByIdentity,
        BringsBack,
        SumsWithoutCities,
        SumsOutsideTheMerge,
        CursorGoesBack,
        CursorLeads,
        TrustsTheClock,
        ReplacesAnything,
    ],
)
def test_planted_bugs_are_found(wrong: type[MemoryRegisters]) -> None:
    """Each wrong store answers some history otherwise than the right one."""

    def differs(history: list[Step]) -> bool:
        return seen([MemoryRegisters()], history) != seen([wrong()], history)

    try:
        find(
            HISTORIES,
            differs,
            settings=settings(max_examples=2000, phases=[Phase.generate], deadline=None),
        )
    except NoSuchExample:
        pytest.fail(f"{wrong.__name__} was not found")
