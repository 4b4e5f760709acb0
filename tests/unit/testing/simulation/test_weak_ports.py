"""Weak ports: what a service may do to a call."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fleetcore.domain.parts import UNEXPLAINED, LaneMessage, Part
from fleetcore.errors import StorageUnavailable, Throttled
from fleetcore.ports.lanes import Delivery, Lanes
from fleetcore.testing.simulation.faults import RATES, Fault
from fleetcore.testing.simulation.region_clock import RegionClock
from fleetcore.testing.simulation.weak_lanes import LEASE_S, WeakLanes
from fleetcore.testing.simulation.weak_ports import weak
from fleetcore.testing.simulation.weak_window import WeakWindow
from fleetcore.testing.simulation.world import World
from fleetcore_adapters.memory.dead_letters import MemoryDeadLetters
from fleetcore_adapters.memory.lanes import MemoryLanes
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.seen_window import MemorySeenWindow


def done_in(work: Callable[[World], object], *faults: Fault) -> World:
    """A world in which a worker did this once, while these faults always happen."""
    world = World(1)
    world._rates = dict.fromkeys(RATES, 0.0) | dict.fromkeys(faults, 1.0)
    done: list[bool] = []

    def once() -> None:
        if not done:
            done.append(True)
            work(world)

    world.employ("worker", once)
    for _ in range(40):
        world._step(world._workers)
    world.close()
    return world


def messages(count: int) -> list[LaneMessage]:
    """Messages of so many parts."""
    return [
        LaneMessage(
            ingestion="0f-1",
            part=Part(key=f"fresh/0f-1/{number}", lane="idle", rows=1, size_bytes=1, sha256="00"),
        )
        for number in range(count)
    ]


def weak_lanes(world: World) -> tuple[WeakLanes, MemoryDeadLetters]:
    """Lanes of a world, and its dead letters."""
    letters = MemoryDeadLetters()
    inner = MemoryLanes(RegionClock(world), LEASE_S)
    lanes = WeakLanes(world, inner, letters, sent=lambda _: None, settled=lambda _: None)
    return lanes, letters


def test_a_throttled_call_is_not_carried_out() -> None:
    """Nothing is stored."""
    objects = MemoryObjectStore()

    def put(world: World) -> None:
        with pytest.raises(Throttled):
            weak(world, "north", "objects", objects).put_if_absent("a", b"1")

    done_in(put, "throttle")

    assert [] == list(objects.keys(""))


def test_a_call_whose_answer_is_lost_is_carried_out() -> None:
    """The object is there, and the caller does not know."""
    objects = MemoryObjectStore()

    def put(world: World) -> None:
        with pytest.raises(StorageUnavailable):
            weak(world, "north", "objects", objects).put_if_absent("a", b"1")

    done_in(put, "lost answer")

    assert ["a"] == list(objects.keys(""))


def test_of_a_batch_that_stops_half_way_the_beginning_is_done() -> None:
    """Not all of it, and whoever sent it hears that it failed."""
    sent: list[int] = []

    def send(world: World) -> None:
        lanes, _ = weak_lanes(world)
        weakened: Lanes = weak(world, "north", "lanes", lanes)
        with pytest.raises(StorageUnavailable):
            weakened.send(messages(8))
        sent.append(len(lanes.receive(100)))

    done_in(send, "half batch")

    assert sent
    assert sent[0] < 8


def received(*faults: Fault) -> tuple[list[tuple[Delivery, ...]], MemoryDeadLetters]:
    """What two workers are handed out one after the other, of three messages."""
    handed_out: list[tuple[Delivery, ...]] = []
    kept: list[MemoryDeadLetters] = []

    def receive(world: World) -> None:
        lanes, letters = weak_lanes(world)
        kept.append(letters)
        lanes.send(messages(3))
        handed_out.extend((lanes.receive(10), lanes.receive(10)))

    done_in(receive, *faults)
    return handed_out, kept[0]


def test_a_message_is_leased() -> None:
    """Without faults nobody else has it meanwhile."""
    (first, second), _ = received()

    assert (3, 0) == (len(first), len(second))


def test_a_message_is_handed_out_while_another_has_it() -> None:
    """As a queue may, that delivers at least once."""
    (first, second), _ = received("duplicate delivery")

    assert (3, 3) == (len(first), len(second))


def test_a_message_is_late() -> None:
    """It is handed out later on."""
    (first, second), _ = received("delayed delivery")

    assert (0, 0) == (len(first), len(second))


def test_a_queue_gives_up_without_a_reason() -> None:
    """Its letter says so."""
    (first, _), letters = received("queue gave up")

    assert () == first
    assert [UNEXPLAINED] * 3 == [letter.code for letter in letters.read()]


def test_a_lost_window_stays_lost() -> None:
    """Whoever asks later hears it too."""
    answers: list[tuple[bool, ...] | None] = []

    def mark(world: World) -> None:
        window = WeakWindow(world, "north/seen", MemorySeenWindow())
        token = window.begin("all", 10)
        assert token is not None
        answers.append(window.mark("all", token, [("cab-1", 1)]))
        world._rates["lost filter"] = 0.0
        answers.append(window.mark("all", token, [("cab-1", 1)]))

    done_in(mark, "lost filter")

    assert [None, None] == answers


def test_what_is_no_method_is_handed_on() -> None:
    """Such as a name."""

    class Named:
        name = "north"

    assert "north" == weak(World(1), "north", "region", Named()).name
