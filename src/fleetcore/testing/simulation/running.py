"""Playing a scenario for one seed after the other, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from attrs import field, frozen

from fleetcore.testing.simulation.faults import Fault
from fleetcore.testing.simulation.scenario import Invariant, Play, Scenario
from fleetcore.testing.simulation.world import Broken, World


@frozen(kw_only=True, slots=True)
class Failure:
    """What was wrong, and the last steps before."""

    invariant: str
    wrong: str
    trace: tuple[str, ...]


@frozen(kw_only=True, slots=True)
class Outcome:
    """What became of one seed. `digest` is a hash over all its steps."""

    seed: int
    calls: int
    faults: Mapping[Fault, int]
    checks: int
    digest: str
    failure: Failure | None = None


@frozen(kw_only=True, slots=True)
class Summary:
    """Many seeds together: `faulted` counts the seeds in which a fault happened."""

    seeds: int = 0
    calls: int = 0
    fewest_calls: int = 0
    checks: int = 0
    faults: Mapping[Fault, int] = field(factory=dict)
    faulted: Mapping[Fault, int] = field(factory=dict)
    without_faults: int = 0
    failed: tuple[Outcome, ...] = ()


def simulate(scenario: Scenario, seed: int) -> Outcome:
    """Play a scenario for one seed. Equal seeds give equal outcomes, wherever they are played."""
    world = World(seed)
    checker = _Checker()
    failure = None
    try:
        checker.play(world, scenario.begin(world))
    except Broken as broken:
        failure = Failure(invariant=broken.invariant, wrong=broken.wrong, trace=world.trace)
    except Exception as error:  # noqa: BLE001 - a worker met what no port may raise: that is found
        wrong = f"{type(error).__name__}: {error}"
        failure = Failure(invariant="only told errors", wrong=wrong, trace=world.trace)
    finally:
        world.close()
    return Outcome(
        seed=seed,
        calls=world.calls,
        faults=dict(world.faults),
        checks=checker.checks,
        digest=world.digest,
        failure=failure,
    )


def simulated(scenario: Scenario, seeds: Iterable[int]) -> Iterator[Outcome]:
    """Play a scenario for seeds, one after the other."""
    return (simulate(scenario, seed) for seed in seeds)


def summed_up(outcomes: Iterable[Outcome]) -> Summary:
    """The outcomes of many seeds together."""
    seeds = calls = checks = without = 0
    fewest: int | None = None
    faults: Counter[Fault] = Counter()
    faulted: Counter[Fault] = Counter()
    failed: list[Outcome] = []
    for outcome in outcomes:
        seeds += 1
        calls += outcome.calls
        checks += outcome.checks
        fewest = outcome.calls if fewest is None else min(fewest, outcome.calls)
        faults.update(outcome.faults)
        faulted.update(outcome.faults.keys())
        without += not outcome.faults
        if outcome.failure is not None:
            failed.append(outcome)
    return Summary(
        seeds=seeds,
        calls=calls,
        fewest_calls=fewest or 0,
        checks=checks,
        faults=dict(faults),
        faulted=dict(faulted),
        without_faults=without,
        failed=tuple(failed),
    )


class _Checker:
    """Plays a story and counts the invariants that were checked."""

    def __init__(self) -> None:
        self.checks = 0

    def play(self, world: World, play: Play) -> None:
        def check() -> None:
            self._check(play.always)

        world.rage(world.random.randint(*play.raging), check)
        for act in play.acts:
            act.begin()
            if not world.rest(act.is_settled, act.rounds, check):
                raise Broken(act.name, f"it is not so after {act.rounds} rounds without faults")
        self._check((*play.always, *play.ending))

    def _check(self, invariants: Iterable[Invariant]) -> None:
        for invariant in invariants:
            self.checks += 1
            wrong = invariant.wrong()
            if wrong is not None:
                raise Broken(invariant.name, wrong)
