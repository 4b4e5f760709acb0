"""One seeded world: virtual time, chance, and workers that take turns at every port call."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Final, TypeVar

from attrs import define
from greenlet import getcurrent, greenlet

from fleetcore.errors import FleetcoreError, UnbalancedLedger
from fleetcore.testing.simulation.faults import Fault, rates_for

T = TypeVar("T")

START_MS: Final = 1_750_000_000_000
"""When a world begins (epoch ms)."""

TRACE_STEPS: Final = 40
"""So many of the last steps are told of a run that failed."""

_STEP_MS: Final = 40
_PAUSE_MS: Final = 60_000
_REBIRTH_MS: Final = 20_000
_SLOW_S: Final = (120, 1500)
_CALM_PAUSE_MS: Final = 20 * 60_000
_MOST_STEPS: Final = 20_000


class Died(BaseException):
    """The worker's process is dead: no error handling of its code hears of it."""


class Broken(BaseException):
    """An invariant does not hold; which one, and what is wrong."""

    def __init__(self, invariant: str, wrong: str) -> None:
        super().__init__(f"{invariant}: {wrong}")
        self.invariant = invariant
        self.wrong = wrong


@define(slots=True, eq=False)
class Worker:
    """A process that does its work again and again, whatever becomes of it.

    `life` is where it is in its work, None between two; `wakes_at_ms` is when it goes on.
    """

    name: str
    work: Callable[[], object]
    eagerness: int = 1
    life: greenlet | None = None
    wakes_at_ms: int = START_MS
    is_dead: bool = False
    is_due: bool = True


class World:
    """Everything that happens in it follows from its seed.

    Workers run one at a time, each until its next port call; then chance says who goes on. A
    worker that died gets `Died` from the call it was at and from every later one, so that no
    `finally` tidies up for it; then another life begins its work anew.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = Random(seed)  # noqa: S311 - chance that can be had again
        self.now_ms = START_MS
        self.is_calm = False
        self.calls = 0
        self.faults: Counter[Fault] = Counter()
        self._rates = rates_for(self.random)
        self._workers: list[Worker] = []
        self._current: Worker | None = None
        self._hub = getcurrent()
        self._steps: deque[tuple[int, int, str, str]] = deque(maxlen=TRACE_STEPS)
        self._digest = hashlib.blake2b(digest_size=8)

    # --- what scenarios and weak ports use -------------------------------------------------------

    def employ(self, name: str, work: Callable[[], object], eagerness: int = 1) -> None:
        """Add a worker that does this work, over and over, while the world goes on.

        Its turn comes so many times as often as that of others.
        """
        self._workers.append(Worker(name, work, eagerness))

    def call(self, name: str, do: Callable[[], T]) -> T:
        """Make a port call: the other workers have their turns first."""
        self.pause(name)
        return do()

    def pause(self, name: str) -> None:
        """Let the others have their turns before a call of this name; outside of workers nothing.

        Raises `Died` where this worker's process is killed, or was.
        """
        worker = self._current
        if worker is None:
            return
        if worker.is_dead:
            raise Died
        self._hub.switch()
        self.calls += 1
        self._record(worker.name, name)

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass for this worker."""
        if self._current is not None:
            self._current.wakes_at_ms = self.now_ms + round(seconds * 1000)
            self.pause(f"sleep {seconds:.0f} s")

    def happens(self, fault: Fault) -> bool:
        """Whether a fault happens at this opportunity; never once the world is calm.

        Of workers only: what looks on, an invariant, meets none.
        """
        return self._current is not None and self.strikes(fault)

    def strikes(self, fault: Fault) -> bool:
        """Whether a fault of the world itself happens now, whoever is at work."""
        if self.is_calm or self.random.random() >= self._rates[fault]:
            return False
        self.tell(fault)
        return True

    def tell(self, fault: Fault) -> None:
        """Count a fault that happened."""
        self.faults[fault] += 1
        self._record("!", fault)

    # --- what runs it ----------------------------------------------------------------------------

    def rage(self, calls: int, check: Callable[[], None]) -> None:
        """Run with faults until so many port calls were made, checking on the way.

        Raises `Broken`, and whatever error no worker should have met.
        """
        next_check = 0
        while self.calls < calls:
            self._step(self._workers)
            if self.calls >= next_check:
                next_check = self.calls + self.random.randint(5, 40)
                check()

    def rest(self, is_settled: Callable[[], bool], rounds: int, check: Callable[[], None]) -> bool:
        """Run without faults, each worker's work once a round, until all is settled.

        Twenty minutes pass between two rounds. False where it is not settled after the last one.
        Raises `Broken` where a worker comes to no end, and what an invariant raises.
        """
        self.is_calm = True
        for _ in range(rounds):
            for worker in self._workers:
                worker.is_due = True
            self._settle_down()
            check()
            if is_settled():
                return True
            self.now_ms += _CALM_PAUSE_MS
        return False

    def close(self) -> None:
        """Kill every worker that is at something."""
        for worker in self._workers:
            if worker.life is not None:
                self._kill(worker)

    @property
    def trace(self) -> tuple[str, ...]:
        """The last steps: number, seconds since the beginning, worker, port call or fault."""
        return tuple(
            f"{number:6}  {(now_ms - START_MS) / 1000:10.3f} s  {who:<22} {what}"
            for number, now_ms, who, what in self._steps
        )

    @property
    def digest(self) -> str:
        """A hash over every step: equal runs have equal ones."""
        return self._digest.hexdigest()

    def _record(self, who: str, what: str) -> None:
        self._steps.append((self.calls, self.now_ms, who, what))
        self._digest.update(f"{self.now_ms} {who} {what}\n".encode())

    def _settle_down(self) -> None:
        steps = 0
        while busy := [each for each in self._workers if each.life is not None or each.is_due]:
            steps += 1
            if steps > _MOST_STEPS:
                names = ", ".join(each.name for each in busy)
                raise Broken("work comes to an end", f"no rest after {steps} steps: {names}")
            self._step(busy)

    def _step(self, workers: Sequence[Worker]) -> None:
        awake = [each for each in workers if each.wakes_at_ms <= self.now_ms]
        if not awake:
            self.now_ms = min(each.wakes_at_ms for each in workers)
            awake = [each for each in workers if each.wakes_at_ms <= self.now_ms]
        self.now_ms += self.random.randint(1, _STEP_MS)
        (worker,) = self.random.choices(awake, [each.eagerness for each in awake])
        if worker.life is None:
            worker.life = greenlet(self._live)
            worker.is_dead = worker.is_due = False
            self._turn(worker, partial(worker.life.switch, worker))
        elif self.strikes("crash"):
            self._kill(worker)
            worker.wakes_at_ms = self.now_ms + self.random.randint(0, _REBIRTH_MS)
        elif self.strikes("slow worker"):
            worker.wakes_at_ms = self.now_ms + self.random.randint(*_SLOW_S) * 1000
        else:
            self._turn(worker, worker.life.switch)

    def _kill(self, worker: Worker) -> None:
        worker.is_dead = True
        if worker.life is not None:
            self._record(worker.name, "killed")
            self._turn(worker, partial(worker.life.throw, Died))
        worker.life = None

    def _turn(self, worker: Worker, go: Callable[[], object]) -> None:
        self._current = worker
        try:
            go()
        finally:
            self._current = None
            if worker.life is not None and worker.life.dead:
                worker.life = None
        if worker.life is None and not self.is_calm:
            worker.wakes_at_ms = self.now_ms + self.random.randint(0, _PAUSE_MS)

    def _live(self, worker: Worker) -> None:
        """One life: the work once. Errors that services answer with end it, as an edge would."""
        self._record(worker.name, "begins")
        try:
            worker.work()
        except Died:
            return
        except UnbalancedLedger as error:
            raise Broken("ledgers balance", str(error)) from error
        except FleetcoreError as error:
            self._record(worker.name, f"ends: {error.code}")
