"""Worlds: turns, virtual time, deaths."""

from __future__ import annotations

import pytest

from fleetcore.errors import StorageUnavailable, Throttled, UnbalancedLedger
from fleetcore.testing.simulation.faults import RATES, Fault
from fleetcore.testing.simulation.scenario import Invariant
from fleetcore.testing.simulation.world import START_MS, Broken, World


def world_with(*faults: Fault, seed: int = 1) -> World:
    """A world in which these faults always happen, and no others do."""
    world = World(seed)
    world._rates = dict.fromkeys(RATES, 0.0) | dict.fromkeys(faults, 1.0)
    return world


def nothing() -> None:
    """Check nothing."""


def test_workers_take_turns_at_every_call() -> None:
    """Between two calls of one worker the others may make theirs."""
    world = world_with()
    told: list[str] = []

    def work(name: str) -> None:
        for _ in range(5):
            world.call(f"{name}.call", lambda: told.append(name))

    world.employ("a", lambda: work("a"))
    world.employ("b", lambda: work("b"))
    world.rage(20, nothing)
    world.close()

    assert {"a", "b"} == set(told[:10])
    assert told != sorted(told)


def test_a_dead_worker_makes_no_further_call() -> None:
    """Its error handling does not run, and what its `finally` asks of a port raises again."""
    world = world_with("crash")
    told: list[str] = []

    def work() -> None:
        try:
            world.call("log.append", lambda: told.append("appended"))
        except Exception:  # noqa: BLE001 - what no process could do once it is dead
            told.append("handled")
        finally:
            told.append("finally")
            world.call("lanes.settle", lambda: told.append("settled"))

    world.employ("worker", work)
    for _ in range(10):
        world._step(world._workers)

    assert world.faults["crash"] > 1
    assert {"finally"} == set(told)


def test_another_life_begins_the_work_anew() -> None:
    """A worker that died comes again."""
    world = world_with()
    begun: list[int] = []

    def work() -> None:
        begun.append(world.now_ms)
        world.pause("call")

    world.employ("worker", work)
    world._step(world._workers)
    world._kill(world._workers[0])
    world._step(world._workers)

    assert 2 == len(begun)


def test_no_time_passes_but_in_the_world() -> None:
    """A worker that sleeps for an hour goes on an hour later, without waiting for it."""
    world = world_with()
    woke: list[int] = []

    def work() -> None:
        world.sleep(3600)
        woke.append(world.now_ms)

    world.employ("worker", work)
    world.rage(1, nothing)
    world.close()

    assert woke == [] or woke[0] >= START_MS + 3_600_000
    assert world.now_ms >= START_MS + 3_600_000


def test_a_slow_worker_wakes_after_its_lease() -> None:
    """It stays at its call for minutes, and goes on as if nothing had been."""
    world = world_with("slow worker")
    woke: list[int] = []

    def work() -> None:
        world.pause("before")
        woke.append(world.now_ms)

    world.employ("worker", work)
    for _ in range(2):
        world._step(world._workers)
    world._rates["slow worker"] = 0.0
    world._step(world._workers)

    assert woke
    assert woke[0] >= START_MS + 120_000


def test_what_services_answer_ends_a_life_only() -> None:
    """An error that a port may raise is no failure of the run."""
    world = world_with()

    def work() -> None:
        world.pause("call")
        raise StorageUnavailable("no answer")

    world.employ("worker", work)
    world.rage(5, nothing)

    assert any("ends: storage-unavailable" in step for step in world.trace)


@pytest.mark.parametrize(
    ("raised", "told"),
    [(UnbalancedLedger("1 is not 2"), Broken), (KeyError("name"), KeyError)],
)
def test_what_no_worker_should_meet_fails_the_run(
    raised: Exception, told: type[BaseException]
) -> None:
    """Ledgers that do not balance, and errors that are no port's."""
    world = world_with()

    def work() -> None:
        world.pause("call")
        raise raised

    world.employ("worker", work)

    with pytest.raises(told):
        world.rage(5, nothing)


def test_work_without_end_is_told() -> None:
    """When faults are over every work comes to an end."""
    world = world_with()

    def work() -> None:
        while True:
            world.pause("again")

    world.employ("worker", work)

    with pytest.raises(Broken, match="work comes to an end"):
        world.rest(lambda: True, 1, nothing)
    world.close()


def test_a_calm_world_has_no_faults() -> None:
    """Whatever the rates are."""
    world = world_with("throttle", "crash")
    world.employ("worker", lambda: world.pause("call"))
    world.rest(lambda: False, 3, nothing)

    assert not world.faults
    assert not world.happens("throttle")


def test_looking_on_meets_no_fault() -> None:
    """What an invariant asks is answered."""
    world = world_with("throttle")

    assert not world.happens("throttle")
    assert None is Invariant("holds", lambda: None).wrong()


def test_a_fault_is_told_and_counted() -> None:
    """The trace says where it happened."""
    world = world_with("throttle")

    def work() -> None:
        world.pause("log.append")
        if world.happens("throttle"):
            raise Throttled("later")

    world.employ("worker", work)
    world.rage(1, nothing)

    assert 1 == world.faults["throttle"]
    assert [True] == ["throttle" in step for step in world.trace if " ! " in step]
