"""Consistency runs, conducted tick by tick over regions in memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Final, cast

import pytest
from attrs import evolve
from tests.regions import (
    T0,
    MemoryRegion,
    Silent,
    fact,
    forged,
    linked,
    memory_region,
    tombstone,
)

from fleetcore.application.conducting import Conductor, Ticked, Watch, tick
from fleetcore.application.consistency_runs import stream_name
from fleetcore.application.drift_report import confirmation, is_above_threshold, is_corrected
from fleetcore.application.drift_settings import SHORTEST_S, DriftSettings
from fleetcore.application.hosting import HostedRegion
from fleetcore.application.looks import FirstLook, SecondLook
from fleetcore.domain.consistency import (
    ConsistencyEvent,
    Correct,
    DriftConfirmed,
    DriftDismissed,
    DriftSuspected,
    DriftTolerated,
    Escalated,
    Repaired,
    RunAbandoned,
    Verified,
)
from fleetcore.domain.digests import leaf_of, word_of
from fleetcore.domain.drift import Drifted
from fleetcore.domain.facts import Fact
from fleetcore.domain.tombstones import Tombstone
from fleetcore.errors import InvalidConfiguration, RegionUnreachable
from fleetcore.ports.region import Recount, Region
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_adapters.memory.event_store import MemoryEventStore
from fleetcore_adapters.memory.telemeter import MemoryTelemeter

FLEET: Final = tuple(fact(f"cab-{n}", n) for n in range(40))
WAIT_MS: Final = 10_000


class Rehearsal:
    """Three regions that hold the fleet, and a conductor whose clock stands still."""

    def __init__(self, settings: DriftSettings | None = None) -> None:
        self.held = {name: memory_region(name) for name in "abc"}
        for each in self.held.values():
            each.take_in(FLEET)
        self.clock = MemoryClock(T0)
        self.events: MemoryEventStore[ConsistencyEvent] = MemoryEventStore()
        self.telemeter = MemoryTelemeter()
        self.conductor = Conductor(
            regions=[each.region for each in self.held.values()],
            events=self.events,
            clock=self.clock,
            telemeter=self.telemeter,
            settings=settings or DriftSettings(parts=1),
        )
        self.watch = Watch()

    def __getitem__(self, name: str) -> MemoryRegion:
        return self.held[name]

    def asking(self, *regions: object) -> None:
        """From now on conduct these regions."""
        asked = cast("Sequence[Region]", regions)
        self.conductor = evolve(self.conductor, regions=asked)

    def tick(self) -> Ticked:
        """A tick, and time passes."""
        done = tick(self.conductor, self.watch)
        self.watch = done.watch
        self.clock.advance(WAIT_MS)
        return done

    def stream(self, run: int) -> list[type[object]]:
        """What happened in a run."""
        return [type(event) for event in self.events.read(stream_name(run))]

    def last(self, kind: type[ConsistencyEvent]) -> ConsistencyEvent:
        """The last event of a kind."""
        streams = [self.events.read(name) for name in self.events.streams()]
        return [event for events in streams for event in events if isinstance(event, kind)][-1]

    def metric(self, name: str) -> float:
        """The last value measured."""
        return [
            each.metrics[name][0] for each in self.telemeter.measured() if name in each.metrics
        ][-1]


@pytest.fixture(name="world")
def _world() -> Rehearsal:
    return Rehearsal()


def test_equal_regions_have_no_runs(world: Rehearsal) -> None:
    """Nothing is stored of a look that found nothing."""
    assert [("agreed",)] * 3 == [world.tick().outcomes for _ in range(3)]
    assert () == world.events.streams()


def test_drift_is_suspected_confirmed_repaired_and_verified(world: Rehearsal) -> None:
    """A region that stays behind is mended by the winner, whoever holds it."""
    newer = fact("cab-1", 500, latitude=48.2)
    world["a"].take_in([newer])
    world["c"].take_in([newer])

    outcomes = [world.tick().outcomes for _ in range(3)]

    assert [("suspected",), ("verified", "agreed"), ("agreed",)] == outcomes
    assert [DriftSuspected, DriftConfirmed, Repaired, Verified] == world.stream(1)
    assert {"b": 1} == cast("DriftConfirmed", world.last(DriftConfirmed)).drifting
    assert (newer,) == world["b"].region.read(["cab-1"]) == world["b"].region.logged(["cab-1"])
    assert 2.5 == world.metric("drift_share")
    assert pytest.approx(11_119, abs=1) == world.metric("drift_max_m")


def test_what_was_in_flight_is_dismissed(world: Rehearsal) -> None:
    """The first look alone judges nobody; what arrives meanwhile is no drift."""
    newer = fact("cab-1", 500)
    world["a"].take_in([newer])
    world.tick()
    for name in "bc":
        world[name].take_in([newer])

    assert ("dismissed", "agreed") == world.tick().outcomes
    assert [DriftSuspected, DriftDismissed] == world.stream(1)


def test_a_vehicle_that_keeps_moving_is_no_drift(world: Rehearsal) -> None:
    """Always behind, but never for long behind the same version: under load that is normal."""
    for step in range(1, 5):
        world["a"].take_in([fact("cab-1", 1_000 * step)])
        done = world.tick()
        assert done.second is None or () == done.second.drifted
        world["b"].take_in([fact("cab-1", 1_000 * step)])
        world["c"].take_in([fact("cab-1", 1_000 * step)])
    assert (DriftDismissed,) * 3 == tuple(world.stream(run)[-1] for run in (1, 2, 3))


def test_the_second_look_waits_for_settle(world: Rehearsal) -> None:
    """A tick that comes too early does nothing."""
    world["a"].take_in([fact("cab-1", 500)])
    first = tick(world.conductor, world.watch)
    world.clock.advance(2_999)
    early = tick(world.conductor, first.watch)
    world.clock.advance(1)

    assert ("waiting",) == early.outcomes
    assert "verified" in tick(world.conductor, early.watch).outcomes


def test_a_missing_vehicle_and_a_missed_tombstone_are_mended(world: Rehearsal) -> None:
    """Missing is behind; a tombstone spreads and what it buried stays buried."""
    new = fact("cab-new", 1)
    world["b"].take_in([new])
    world["c"].region.bury([tombstone("cab-3")])

    world.tick()
    world.tick()

    for held in world.held.values():
        assert (new,) == held.region.read(["cab-new", "cab-3"])
        assert (tombstone("cab-3"),) == held.log.tombstones()
    assert 2 == cast("Repaired", world.last(Repaired)).buried
    assert ("agreed",) == world.tick().outcomes


@pytest.mark.parametrize("everywhere", [False, True])
def test_corruption_is_replaced(world: Rehearsal, everywhere: bool) -> None:
    """From another region's register, or from a log where every register is corrupt."""
    for name in "abc" if everywhere else "b":
        world[name].registers.replace(FLEET[4], forged(FLEET[4]))

    world.tick()
    done = world.tick()

    assert ("verified", "agreed") == done.outcomes
    assert (
        dict.fromkeys("abc" if everywhere else "b", 1)
        == cast("DriftConfirmed", world.last(DriftConfirmed)).corrupt
    )
    for held in world.held.values():
        assert (FLEET[4],) == held.region.read(["cab-4"])


def test_corruption_that_nobody_can_mend_is_escalated(world: Rehearsal) -> None:
    """Without a genuine value nothing is written; a person is told, without vehicle names."""
    lone = fact("cab-lone", 1)
    for held in world.held.values():
        held.registers.merge([forged(lone)])

    world.tick()
    done = world.tick()

    assert "escalated" == done.outcomes[0]
    escalated = cast("Escalated", world.last(Escalated))
    assert ("no-genuine-value", {"a": 1, "b": 1, "c": 1}) == (
        escalated.reason,
        escalated.remaining,
    )
    assert (forged(lone),) == world["a"].region.read(["cab-lone"])
    assert not any("cab" in text for alert in world.telemeter.alerts() for text in alert)
    assert 1 == len(world.telemeter.alerts())


def test_a_corrupt_value_is_never_spread(world: Rehearsal) -> None:
    """What wins by a version that its payload denies mends nobody."""
    false = FLEET[2]._replace(observed_at=FLEET[2].observed_at + 9)
    world["a"].registers.replace(FLEET[2], false)

    for _ in range(3):
        world.tick()

    assert [(FLEET[2],)] * 3 == [held.region.read(["cab-2"]) for held in world.held.values()]


class Busy(HostedRegion):
    """A region into which an update comes just before it is mended, or replaced."""

    update: Callable[[], None] = staticmethod(lambda: None)

    def mend(self, facts: Sequence[Fact], run: str) -> int:
        self.update()
        return super().mend(facts, run)

    def replace(self, old: Fact, new: Fact) -> bool:
        self.update()
        return super().replace(old, new)


def busy(held: MemoryRegion, update: Fact) -> Busy:
    """The region, to be interrupted by an update."""
    region = Busy(
        held.region.name,
        registers=held.registers,
        log=held.log,
        history=held.log,
        engine=held.region._engine,
    )
    region.update = lambda: held.take_in([update])
    return region


def test_a_repair_loses_against_a_newer_update(world: Rehearsal) -> None:
    """What came between stays, and the run is verified: the region is not behind any more."""
    newer, newest = fact("cab-1", 500), fact("cab-1", 900)
    world["a"].take_in([newer])
    world["c"].take_in([newer])
    world.asking(world["a"].region, busy(world["b"], newest), world["c"].region)

    world.tick()
    done = world.tick()

    assert "verified" == done.outcomes[0]
    assert 0 == cast("Repaired", world.last(Repaired)).mended
    assert (newest,) == world["b"].region.read(["cab-1"])


def test_a_replacement_loses_against_a_newer_update(world: Rehearsal) -> None:
    """A corrupt register that changed since it was read is not touched."""
    newest = fact("cab-4", 900)
    world["b"].registers.replace(FLEET[4], forged(FLEET[4]))
    world.asking(world["a"].region, busy(world["b"], newest), world["c"].region)

    world.tick()
    done = world.tick()

    assert "verified" == done.outcomes[0]
    assert 0 == cast("Repaired", world.last(Repaired)).replaced
    assert (newest,) == world["b"].region.read(["cab-4"])


@pytest.mark.parametrize("after", range(12))
def test_a_region_that_falls_silent_is_left_out(world: Rehearsal, after: int) -> None:
    """At whichever question: it is reported, the others go on, and nothing is made of silence."""
    world["a"].take_in([fact("cab-1", 500)])
    for each in ("a", "b"):
        world[each].region.bury([tombstone("cab-7")])
    silent = Silent(world["c"].region, after)
    world.asking(world["a"].region, world["b"].region, silent)

    ticks = [world.tick() for _ in range(3)]

    assert "c" in ticks[-1].unreachable or after == 11
    assert fact("cab-1", 500) in world["b"].region.read(["cab-1"])
    assert FLEET[5:6] == world["a"].region.read(["cab-5"])
    # When it is back it is mended like any other.
    world.asking(*(each.region for each in world.held.values()))
    world.tick()
    world.tick()
    assert (("agreed",), {}) == ((last := world.tick()).outcomes, last.unreachable)
    assert (fact("cab-1", 500),) == world["c"].region.read(["cab-1", "cab-7"])


def test_one_region_alone_is_compared_with_nobody(world: Rehearsal) -> None:
    """Where all others are cut off there is no drift, and they are reported."""
    world.asking(world["a"].region, Silent(world["b"].region), Silent(world["c"].region))

    done = world.tick()

    assert (("alone",), {"b", "c"}) == (done.outcomes, set(done.unreachable))
    assert 2 == world.metric("regions_unreachable")


class Deaf(HostedRegion):
    """A region that takes nothing in and says that it did."""

    def mend(self, facts: Sequence[Fact], run: str) -> int:
        return len(facts)


def test_what_still_differs_is_escalated(world: Rehearsal) -> None:
    """Verifying looks again; nobody's word is taken for it."""
    world["a"].take_in([fact("cab-1", 500)])
    held = world["b"]
    deaf = Deaf(
        "b", registers=held.registers, log=held.log, history=held.log, engine=held.region._engine
    )
    world.asking(world["a"].region, deaf, world["c"].region)

    world.tick()
    done = world.tick()

    assert "escalated" == done.outcomes[0]
    escalated = cast("Escalated", world.last(Escalated))
    assert ("not-repaired", {"b": 1}) == (escalated.reason, escalated.remaining)
    assert [("Drift is not repaired: not-repaired")] == [
        subject for subject, _ in world.telemeter.alerts()
    ]


class Vanishing(HostedRegion):
    """A region that does as it is told once, and is gone before anybody can look."""

    gone = False

    def mend(self, facts: Sequence[Fact], run: str) -> int:
        self.gone = True
        return super().mend(facts, run)

    def replace(self, old: Fact, new: Fact) -> bool:
        self.gone = True
        return super().replace(old, new)

    def bury(self, tombstones: Sequence[Tombstone]) -> int:
        self.gone = True
        return super().bury(tombstones)

    def read(self, vehicle_ids: Collection[str]) -> tuple[Fact, ...]:
        if self.gone:
            raise RegionUnreachable("it is gone")
        return super().read(vehicle_ids)

    def tombstones(self, leaves: Collection[int]) -> tuple[Tombstone, ...]:
        if self.gone:
            raise RegionUnreachable("it is gone")
        return super().tombstones(leaves)


@pytest.mark.parametrize("what", ["drift", "corruption", "tombstone"])
def test_silence_verifies_nothing(world: Rehearsal, what: str) -> None:
    """Of a region that is gone before the third look nobody knows; so a person is told."""
    held = world["b"]
    match what:
        case "drift":
            world["a"].take_in([fact("cab-1", 500)])
            world["c"].take_in([fact("cab-1", 500)])
        case "corruption":
            held.registers.replace(FLEET[4], forged(FLEET[4]))
        case _:
            world["a"].region.bury([tombstone("cab-7")])
            world["c"].region.bury([tombstone("cab-7")])
    vanishing = Vanishing(
        "b", registers=held.registers, log=held.log, history=held.log, engine=held.region._engine
    )
    world.asking(world["a"].region, vanishing, world["c"].region)

    world.tick()
    done = world.tick()

    assert ("escalated", {"b"}) == (done.outcomes[0], set(done.unreachable))
    assert {"b": 1} == cast("Escalated", world.last(Escalated)).remaining


def test_of_two_conductors_one_conducts(world: Rehearsal) -> None:
    """Who comes second stands back, while the run is young."""
    world["a"].take_in([fact("cab-1", 500)])
    other = Watch()
    first = tick(world.conductor, world.watch)
    second = tick(world.conductor, other)

    assert (("suspected",), ("standing back",)) == (first.outcomes, second.outcomes)
    world.clock.advance(WAIT_MS)
    assert ("standing back",) == tick(world.conductor, second.watch).outcomes
    assert ("verified", "agreed") == tick(world.conductor, first.watch).outcomes
    assert [DriftSuspected, DriftConfirmed, Repaired, Verified] == world.stream(1)
    assert ("consistency-1",) == world.events.streams()


class Raced(MemoryEventStore[ConsistencyEvent]):
    """Lets another conductor in just before the first append."""

    def __init__(self) -> None:
        super().__init__()
        self.let_in: Callable[[], object] | None = None

    def append(self, stream: str, expected_version: int, events: Sequence[ConsistencyEvent]) -> int:
        let_in, self.let_in = self.let_in, None
        if let_in is not None:
            let_in()
        return super().append(stream, expected_version, events)


def test_conductors_that_begin_at_once_begin_one_run(world: Rehearsal) -> None:
    """Both looked before either stored: one appends the first event, the other stands back."""
    world["a"].take_in([fact("cab-1", 500)])
    store = world.events = Raced()
    world.conductor = evolve(world.conductor, events=store)
    faster: list[Ticked] = []
    store.let_in = lambda: faster.append(tick(world.conductor, Watch()))

    slower = tick(world.conductor, world.watch)

    assert (("suspected",), ("standing back",)) == (faster[0].outcomes, slower.outcomes)
    assert slower.watch.noted is None
    assert [DriftSuspected] == world.stream(1)


def test_a_run_that_was_left_alone_is_closed(world: Rehearsal) -> None:
    """Its conductor died after the first look: another one closes it, and looks anew."""
    world["a"].take_in([fact("cab-1", 500)])
    world.tick()
    world.clock.advance(world.conductor.settings.patience_ms)
    world.watch = Watch()

    assert [("suspected",), ("verified", "agreed")] == [world.tick().outcomes for _ in range(2)]
    assert [DriftSuspected, RunAbandoned] == world.stream(1)
    assert [DriftSuspected, DriftConfirmed, Repaired, Verified] == world.stream(2)


def test_who_comes_back_to_a_closed_run_stands_back(world: Rehearsal) -> None:
    """It slept so long that its run was closed: it writes nothing in it and looks anew."""
    world["a"].take_in([fact("cab-1", 500)])
    slow = tick(world.conductor, Watch())
    world.clock.advance(world.conductor.settings.patience_ms + 1)
    other = tick(world.conductor, Watch())
    world.clock.advance(WAIT_MS)

    late = tick(world.conductor, slow.watch)

    assert (("suspected",), "standing back") == (other.outcomes, late.outcomes[0])
    assert [DriftSuspected, RunAbandoned] == world.stream(1)
    assert "verified" == tick(world.conductor, other.watch).outcomes[0]


def test_the_last_run_is_found_among_many(world: Rehearsal) -> None:
    """A conductor that starts knows no number; runs have none left out."""
    for step in range(1, 14):
        world["a"].take_in([fact("cab-1", 1_000 * step)])
        world.tick()
        world["b"].take_in([fact("cab-1", 1_000 * step)])
        world["c"].take_in([fact("cab-1", 1_000 * step)])
    world.tick()
    world["a"].take_in([fact("cab-1", 99_000)])

    done = tick(world.conductor, Watch())

    assert 14 == done.watch.run
    assert {f"consistency-{run}" for run in range(1, 15)} == set(world.events.streams())


@pytest.mark.parametrize(
    ("correct", "metres_off", "outcome"),
    [
        ("all", 0.0, "verified"),
        ("never", 1.0, "tolerated"),
        ("above-threshold", 0.0, "tolerated"),
        ("above-threshold", 1.0, "verified"),
    ],
)
def test_what_is_corrected_is_a_setting(correct: Correct, metres_off: float, outcome: str) -> None:
    """Everything by default; or what is above the threshold; or nothing."""
    world = Rehearsal(DriftSettings(parts=1, correct=correct))
    moved = [fact(f"cab-{n}", 500, latitude=48.1 + metres_off) for n in range(4)]
    world["a"].take_in(moved)
    world["c"].take_in(moved)
    world.tick()

    assert outcome == world.tick().outcomes[0]
    repaired = moved[0] in world["b"].region.read(["cab-0"])
    assert (outcome == "verified") == repaired
    if outcome == "tolerated":
        assert [DriftSuspected, DriftConfirmed, DriftTolerated] == world.stream(1)
        assert () == world.telemeter.alerts()


def test_the_sample_is_drawn_from_all_vehicles() -> None:
    """A thousand of them, again the same for the same run; drift of a few is mostly missed."""
    settings = DriftSettings()
    one = Drifted(region="b", winning=fact(at=9, latitude=49.0), held=fact())
    look = SecondLook(drifted=(one,))
    noted = FirstLook(at_ms=0, compared=("a", "b"), registers=156_000)
    all_off = SecondLook(
        drifted=tuple(
            Drifted(
                region="b",
                winning=fact(f"cab-{n}", 9, latitude=49.0),
                held=fact(f"cab-{n}"),
            )
            for n in range(200)
        )
    )

    samples = [confirmation(look, noted, settings, 1, seed) for seed in range(100)]
    certain = confirmation(all_off, evolve(noted, registers=2_000), settings, 1, 7)

    assert {1_000} == {each.sample for each in samples}
    assert sum(each.sample_over for each in samples) <= 3
    assert certain == confirmation(all_off, evolve(noted, registers=2_000), settings, 1, 7)
    assert 70 <= certain.sample_over <= 130
    assert is_above_threshold(certain, settings)
    assert not is_above_threshold(samples[0], settings)
    assert is_corrected(certain, evolve(settings, correct="above-threshold"))


def test_sums_that_are_not_true_are_put_right_and_told(world: Rehearsal) -> None:
    """What they hid is found by the next look."""
    held = world["b"]
    leaf = leaf_of("cab-1")
    lost = held.registers._facts["cab-1"]
    held.registers._remove("cab-1")
    held.registers._sums.change(leaf, 1, word_of(lost.fingerprint))

    outcomes = [world.tick().outcomes for _ in range(3)]

    assert [("agreed",), ("suspected",), ("verified", "agreed")] == outcomes
    assert [("Sums of registers were not true", True)] == [
        (subject, "b: 1;" in message) for subject, message in world.telemeter.alerts()
    ]
    assert (lost,) == held.region.read(["cab-1"])


def test_a_region_that_cannot_count_is_still_compared(world: Rehearsal) -> None:
    """It is told of; what it is behind on is found and mended all the same."""

    class Uncounted(HostedRegion):
        def recount(self, part: int, parts: int) -> Recount:
            raise RegionUnreachable("no answer in time")

    held = world["b"]
    uncounted = Uncounted(
        "b", registers=held.registers, log=held.log, history=held.log, engine=held.region._engine
    )
    for name in ("a", "c"):
        world[name].take_in([fact("cab-1", 500)])
    world.asking(world["a"].region, uncounted, world["c"].region)

    first, second = world.tick(), world.tick()

    assert (("suspected",), {"b": "no answer in time"}) == (first.outcomes, first.unreachable)
    assert "verified" == second.outcomes[0]
    assert (fact("cab-1", 500),) == uncounted.read(["cab-1"])


def test_a_tick_out_of_time_is_escalated(world: Rehearsal) -> None:
    """What is not repaired when the limit is over is a person's matter."""

    class Slow(HostedRegion):
        def mend(self, facts: Sequence[Fact], run: str) -> int:
            world.clock.advance(31_000)
            raise RegionUnreachable("no answer")

    held = world["b"]
    slow = Slow(
        "b", registers=held.registers, log=held.log, history=held.log, engine=held.region._engine
    )
    world["a"].take_in([fact("cab-1", 500)])
    world["c"].take_in([fact("cab-1", 500)])
    world.asking(world["a"].region, slow, world["c"].region)

    world.tick()
    done = world.tick()

    assert ("escalated",) == done.outcomes
    assert "out-of-time" == cast("Escalated", world.last(Escalated)).reason


@pytest.mark.parametrize("name", ["every_s", "limit_s"])
@pytest.mark.parametrize("seconds", [0.0, -1.0, 0.0004, 1e9, math.inf, math.nan])
def test_times_have_bounds(name: str, seconds: float) -> None:
    """A watch that never waits, or has no time, or no end of it, is no watch."""
    with pytest.raises(
        InvalidConfiguration, match=rf"{name} = .*: allowed are 0\.001 to 86400 seconds"
    ):
        DriftSettings(**{name: seconds})  # type: ignore[arg-type]


def test_the_shortest_pause_is_one() -> None:
    """Whatever is allowed is a whole number of milliseconds, at least one."""
    world = Rehearsal(DriftSettings(every_s=SHORTEST_S))

    assert ("agreed",) == world.tick().outcomes


@pytest.mark.parametrize("cities", [45, 4_000])
@pytest.mark.parametrize("behind", [0, 1, 40, 400])
def test_bytes_are_bounded(behind: int, cities: int) -> None:
    """At most 1 kB a vehicle that differs, and 16 kB a region, for finding and for mending it.

    Payloads name the cities: however many they are, none is sent but with its register.
    """
    regions = [memory_region(name) for name in "abc"]
    old = [
        fact(f"BER-C{n:06d}", n, speed_kmh=40.5, city=f"city-{n % cities}") for n in range(4_000)
    ]
    new = [
        fact(f"BER-C{n:06d}", n + 9_000, speed_kmh=0.5, accuracy_m=4.5, city=f"city-{n % cities}")
        for n in range(0, 4_000, 4_000 // behind if behind else 4_001)
    ][:behind]
    for each in regions:
        each.registers.merge(old)
    for each in regions[:2]:
        each.registers.merge(new)
    clock = MemoryClock(T0)
    with linked(each.region for each in regions) as asked:
        conductor = Conductor(
            regions=asked,
            events=MemoryEventStore(),
            clock=clock,
            telemeter=MemoryTelemeter(),
            settings=DriftSettings(parts=0),
            exchanged=lambda: sum(each.exchanged for each in asked),
        )
        first = tick(conductor, Watch())
        clock.advance(WAIT_MS)
        second = tick(conductor, first.watch)

    assert behind == (len(second.second.drifted) if second.second is not None else 0)
    for done in (first, second):
        assert done.bytes_exchanged <= 1_000 * behind + 16_000 * len(regions)
    assert new == [each for each in regions[2].registers.scan() if each.observed_at > T0 + 8_999]
