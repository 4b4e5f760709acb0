"""Random histories of the lanes: what waits is the same on every adapter."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeAlias, cast

import pytest
from attrs import evolve, frozen
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from tests.contract.harness import local, memory, sqs
from tests.contract.harness.harness import Harness

from fleetcore.domain.parts import LaneMessage
from fleetcore.ports.lanes import Delivery, Lanes
from fleetcore.testing.contracts.lanes import LONG_S, LanesRig, all_visible, message, waiting
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_adapters.memory.lanes import MemoryLanes

PLAIN, *LEASING = memory.ROWS["lanes"]
NAMES: Final = ("m1", "m2", "m3", "i1", "i2", "i3")
EXAMPLES: Final = 40
"""A history on a server is many requests."""


@frozen(slots=True)
class Send:
    """Each named part once more: the attempt that waits already, or the next of a settled one.

    None that is hidden: of a message that is sent again a copy may be handed out at once.
    """

    names: tuple[str, ...]


@frozen(slots=True)
class Work:
    """Take all that may be handed out; settle some, put some off for long, let go of the others."""

    settled: frozenset[str]
    hidden: frozenset[str]


Step: TypeAlias = Send | Work

_SOME: Final = st.frozensets(st.sampled_from(NAMES), max_size=4)
HISTORIES: Final = st.lists(
    st.builds(Send, st.lists(st.sampled_from(NAMES), max_size=4).map(tuple))
    | st.builds(Work, _SOME, _SOME),
    max_size=8,
)


def name_of(delivery: Delivery) -> str:
    """What a part is known by."""
    return delivery.message.part.key.rpartition("/")[2]


def seen(lanes: Lanes, history: Sequence[Step]) -> list[frozenset[LaneMessage]]:
    """What was handed out at each work, and in the end.

    What the port leaves open is left out: the order, how often, and how soon again.
    """
    attempts: dict[str, int] = dict.fromkeys(NAMES, 1)
    hidden: set[str] = set()
    found: list[frozenset[LaneMessage]] = []
    for step in history:
        if isinstance(step, Send):
            lanes.send(
                [_message(name, attempts[name]) for name in step.names if name not in hidden]
            )
            continue
        deliveries = all_visible(lanes)
        found.append(frozenset(each.message for each in deliveries))
        done = [each for each in deliveries if name_of(each) in step.settled]
        left = [each for each in deliveries if name_of(each) not in step.settled]
        lanes.settle(done)
        lanes.hide([each for each in left if name_of(each) in step.hidden], LONG_S)
        lanes.hide([each for each in left if name_of(each) not in step.hidden], 0)
        hidden |= step.hidden.intersection(map(name_of, left))
        for each in done:
            attempts[name_of(each)] = each.message.attempt + 1
    return [*found, frozenset(waiting(lanes))]


def _message(name: str, attempt: int) -> LaneMessage:
    return evolve(message(name, "moving" if name.startswith("m") else "idle"), attempt=attempt)


def plain(make: Callable[[MemoryClock], Lanes] = MemoryLanes) -> Lanes:
    """The plain lanes, at an instant."""
    return make(MemoryClock(0))


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row.name)
        for row in (*LEASING, *local.ROWS["lanes"], *sqs.ROWS["lanes"])
    ],
)
def test_what_waits_is_what_waits_in_memory(
    row: Harness[LanesRig], record_property: Callable[[str, object], None]
) -> None:
    """All that was sent is handed out until it is settled or hidden, and nothing else is."""

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(history=HISTORIES)
    def agrees(history: list[Step]) -> None:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            lanes = row.start(Path(folder), stack)().lanes

            assert seen(plain(), history) == seen(lanes, history)

    agrees()
    record_property("histories", ["lanes", row.name, EXAMPLES])


@frozen(slots=True)
class Receive:
    """Take a few; settle and put off those at some places, of any delivery so far."""

    limit: int
    settled: tuple[int, ...]
    hidden: tuple[int, ...]
    hidden_s: int
    pause_s: int


_PLACES: Final = st.lists(st.integers(0, 20), max_size=3).map(tuple)
_SENT: Final = st.lists(
    st.builds(_message, st.sampled_from(NAMES), st.integers(1, 3)), max_size=5
).map(tuple)
EXACT_HISTORIES: Final = st.lists(
    _SENT
    | st.builds(
        Receive,
        limit=st.integers(-1, 9),
        settled=_PLACES,
        hidden=_PLACES,
        hidden_s=st.integers(0, 2),
        pause_s=st.integers(0, 1),
    ),
    max_size=12,
)


def handed_out(
    rig: LanesRig, history: Sequence[tuple[LaneMessage, ...] | Receive]
) -> list[list[tuple[LaneMessage, int]]]:
    """Every delivery, in order, with its tries: more than the port promises."""
    deliveries: list[Delivery] = []
    found: list[list[tuple[LaneMessage, int]]] = []
    for step in history:
        if isinstance(step, tuple):
            rig.lanes.send(step)
            continue
        received = rig.lanes.receive(step.limit)
        found.append([(each.message, each.tries) for each in received])
        deliveries += received
        rig.lanes.settle([deliveries[place] for place in step.settled if place < len(deliveries)])
        hidden = [deliveries[place] for place in step.hidden if place < len(deliveries)]
        rig.lanes.hide(hidden, step.hidden_s)
        rig.advance(step.pause_s)
    return [*found, [(each.message, each.tries) for each in rig.lanes.receive(100)]]


@settings(max_examples=100, deadline=None)
@given(history=EXACT_HISTORIES)
def test_local_hands_out_just_what_memory_does(
    history: list[tuple[LaneMessage, ...] | Receive],
) -> None:
    """The same messages, in the same order, after as many tries, late settlements included."""
    (on_disk,) = local.ROWS["lanes"]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        in_memory, durable = (
            cast("LanesRig", row.start(Path(folder), stack)()) for row in (PLAIN, on_disk)
        )

        assert handed_out(in_memory, history) == handed_out(durable, history)


class WithoutTheOther(MemoryLanes):
    """Hands out idle messages only where no moving ones wait."""

    def receive(self, limit: int) -> tuple[Delivery, ...]:
        received = super().receive(limit)
        moving = tuple(each for each in received if each.message.part.lane == "moving")
        return moving or received


class HidesNothing(MemoryLanes):
    """Hands out at once what was put off."""

    def hide(self, deliveries: Sequence[Delivery], seconds: int) -> None:
        super().hide(deliveries, 0)


class SettlesOne(MemoryLanes):
    """Forgets all but the first of a batch."""

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        super().settle(deliveries[:1])


class KnowsPartsOnly(MemoryLanes):
    """Takes a part once, whatever the attempt."""

    def __init__(self, clock: MemoryClock) -> None:
        super().__init__(clock)
        self._sent: set[str] = set()

    def send(self, messages: Sequence[LaneMessage]) -> None:
        super().send([each for each in messages if each.part.key not in self._sent])
        self._sent.update(each.part.key for each in messages)


@pytest.mark.parametrize("faulty", [WithoutTheOther, HidesNothing, SettlesOne, KnowsPartsOnly])
def test_a_planted_bug_is_found(faulty: Callable[[MemoryClock], Lanes]) -> None:
    """Random histories tell lanes with a small fault from right ones."""

    def differs(history: list[Step]) -> bool:
        return seen(plain(), history) != seen(plain(faulty), history)

    searching = settings(max_examples=1000, database=None, phases=[Phase.generate])

    assert find(HISTORIES, differs, settings=searching)
