"""The one policy of calls to a remote service: retries, their budget, a breaker, a deadline."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import count
from typing import Final, TypeVar

from attrs import frozen

from fleetcore.errors import StorageUnavailable, Throttled
from fleetcore_adapters.resilience.breaker import Breaker, Transient
from fleetcore_adapters.resilience.budget import RetryBudget

T = TypeVar("T")


@frozen(kw_only=True, slots=True)
class Limits:
    """How patient a policy is.

    A call is tried `attempts` times. The pause before the n-th retry is drawn from 0 up to
    `first_pause_s` (where the service throttles, `throttled_pause_s`) doubled n - 1 times, at
    most `longest_pause_s`. Retries are at most `spare_retries` and `retry_share` of the calls.
    After `failures_to_open` failures in a row calls are refused for `open_s`.
    """

    attempts: int = 5
    first_pause_s: float = 0.1
    throttled_pause_s: float = 0.5
    longest_pause_s: float = 8.0
    retry_share: float = 0.2
    spare_retries: float = 20.0
    failures_to_open: int = 10
    open_s: float = 10.0


PATIENT: Final = Limits()
"""For what must not be lost: a store, a queue."""


def no_deadline() -> None:
    """Any call may take as long as it takes."""


class Policy:
    """How one dependency is called; shared by all adapters, and threads, that call it.

    Clocks are monotonic seconds. `deadline_s` tells the instant, on the clock of `now_s`, by
    which the work at hand must be over; in a Lambda that differs from call to call. `random`
    draws from 0 up to 1.
    """

    def __init__(
        self,
        name: str,
        limits: Limits = PATIENT,
        *,
        now_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random.random,
        deadline_s: Callable[[], float | None] = no_deadline,
    ) -> None:
        self._name = name
        self._limits = limits
        self._now_s = now_s
        self._sleep = sleep
        self._random = random
        self._deadline_s = deadline_s
        self._budget = RetryBudget(share=limits.retry_share, most=limits.spare_retries)
        self._breaker = Breaker(
            name, failures_to_open=limits.failures_to_open, open_s=limits.open_s, now_s=now_s
        )

    def call(self, operation: Callable[[], T]) -> T:
        """What the operation returns; it is tried again on `Transient` and `Throttled`.

        Any other error passes at once. Raises `StorageUnavailable` when it failed for good or
        the breaker is open; `Throttled` when the service throttles, or when the deadline leaves
        no time for a try or for the pause before it. Never sleeps past the deadline.
        """
        self._budget.earn()
        for attempt in count(1):
            if self._time_left_s() <= 0:
                raise Throttled(f"{self._name}: no time is left to ask it; try again later")
            try:
                with self._breaker.attempt():
                    return operation()
            except (Transient, Throttled) as error:
                pause_s = self._pause_s(attempt, error)
                self._check(attempt, pause_s, error)
            self._sleep(pause_s)
        raise AssertionError("never reached: a call ends in its result or an error")

    def _time_left_s(self) -> float:
        deadline_s = self._deadline_s()
        return float("inf") if deadline_s is None else deadline_s - self._now_s()

    def _pause_s(self, attempt: int, error: StorageUnavailable) -> float:
        """Full jitter: callers that failed together do not come back together."""
        limits = self._limits
        first_s = limits.throttled_pause_s if isinstance(error, Throttled) else limits.first_pause_s
        return self._random() * min(limits.longest_pause_s, first_s * 2.0 ** (attempt - 1))

    def _check(self, attempt: int, pause_s: float, error: StorageUnavailable) -> None:
        """Raises what ends the call, unless there are tries, time and budget for another one."""
        told = f"{self._name}: {error} (tries: {attempt})"
        if attempt < self._limits.attempts and pause_s >= self._time_left_s():
            raise Throttled(f"{told}; no time is left for another") from error
        if attempt >= self._limits.attempts or not self._budget.spend():
            kind = Throttled if isinstance(error, Throttled) else StorageUnavailable
            raise kind(told) from error
