"""How remote services are called, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain, repeat
from typing import Final

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.errors import FleetcoreError, ObjectMissing, StorageUnavailable, Throttled
from fleetcore_adapters.resilience.breaker import Transient
from fleetcore_adapters.resilience.policy import Limits, Policy

CUT: Final = Transient("cut")
SLOW_DOWN: Final = Throttled("slow down")


@define
class VirtualTime:
    """A clock that moves only when it is told to, and how long was slept on it."""

    now_s: float = 100.0
    slept_s: list[float] = field(factory=list)

    def sleep(self, pause_s: float) -> None:
        """Nothing else happens meanwhile."""
        self.slept_s.append(pause_s)
        self.now_s += pause_s


@define
class Service:
    """Answers what it is told to, each answer after a time."""

    time: VirtualTime
    answers: Iterable[FleetcoreError | None]
    takes_s: float = 0.0
    calls: int = 0

    def __attrs_post_init__(self) -> None:
        self.answers = iter(self.answers)

    def __call__(self) -> int:
        """The number of the call, or the error."""
        self.calls += 1
        self.time.now_s += self.takes_s
        if (error := next(iter(self.answers))) is not None:
            raise error
        return self.calls


def failing(times: int, error: FleetcoreError = CUT) -> Iterable[FleetcoreError | None]:
    """So many failures, then success for ever."""
    return chain(repeat(error, times), repeat(None))


def policy_on(
    time: VirtualTime,
    *,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    random: Callable[[], float] = lambda: 0.999,
    deadline_s: float | None = None,
) -> Policy:
    """A policy in virtual time; pauses are as long as may be unless drawn otherwise."""
    return Policy(
        "the store",
        limits,
        now_s=lambda: time.now_s,
        sleep=time.sleep,
        random=random,
        deadline_s=lambda: deadline_s,
    )


@pytest.fixture(name="time")
def _time() -> VirtualTime:
    return VirtualTime()


def test_a_success_is_returned(time: VirtualTime) -> None:
    """One call, no pause."""
    assert 1 == policy_on(time).call(Service(time, failing(0)))
    assert [] == time.slept_s


@pytest.mark.parametrize("error", [CUT, SLOW_DOWN])
def test_what_may_pass_is_tried_again(time: VirtualTime, error: FleetcoreError) -> None:
    """Up to the last try allowed."""
    assert 5 == policy_on(time).call(Service(time, failing(4, error)))


@pytest.mark.parametrize("error", [StorageUnavailable("no permission"), ObjectMissing("none")])
def test_what_stays_is_told_at_once(time: VirtualTime, error: FleetcoreError) -> None:
    """An error that will be the same next time passes as it is."""
    service = Service(time, failing(1, error))

    with pytest.raises(FleetcoreError) as raised:
        policy_on(time).call(service)

    assert (error, 1) == (raised.value, service.calls)


@pytest.mark.parametrize(("error", "kind"), [(CUT, StorageUnavailable), (SLOW_DOWN, Throttled)])
def test_tries_come_to_an_end(
    time: VirtualTime, error: FleetcoreError, kind: type[FleetcoreError]
) -> None:
    """The last error is told, with the dependency and the tries, as one that is not retried."""
    with pytest.raises(FleetcoreError) as raised:
        policy_on(time).call(Service(time, repeat(error)))

    assert (kind, f"the store: {error} (tries: 5)") == (type(raised.value), str(raised.value))
    assert error is raised.value.__cause__


@pytest.mark.parametrize(
    ("error", "longest_s"), [(CUT, [0.1, 0.2, 0.4, 0.8, 1.6]), (SLOW_DOWN, [0.5, 1, 2, 3, 3])]
)
def test_pauses_grow(time: VirtualTime, error: FleetcoreError, longest_s: list[float]) -> None:
    """They double up to a limit, longer where the service throttles, and are drawn from 0 on."""
    limits = Limits(attempts=6, longest_pause_s=3)
    policy_on(time, limits=limits, random=lambda: 0.5).call(Service(time, failing(5, error)))

    assert [longest / 2 for longest in longest_s] == time.slept_s


@given(
    draws=st.lists(st.floats(0, 1, exclude_max=True), min_size=20, max_size=20),
    answers=st.lists(st.sampled_from([CUT, SLOW_DOWN, None]), max_size=20),
    takes_s=st.floats(0, 3),
    deadline_in_s=st.floats(-1, 20),
    attempts=st.integers(1, 20),
)
def test_no_sleep_ends_past_the_deadline(
    draws: list[float],
    answers: list[FleetcoreError | None],
    takes_s: float,
    deadline_in_s: float,
    attempts: int,
) -> None:
    """Whatever the service does; and no try begins when the time is up."""
    time = VirtualTime()
    deadline_s = time.now_s + deadline_in_s
    begun_s: list[float] = []
    service = Service(time, chain(answers, repeat(None)), takes_s)
    policy = policy_on(
        time,
        limits=Limits(attempts=attempts),
        random=iter(draws).__next__,
        deadline_s=deadline_s,
    )

    def noted() -> int:
        begun_s.append(time.now_s)
        return service()

    with suppress(StorageUnavailable):
        policy.call(noted)
    assert all(at_s < deadline_s for at_s in begun_s)
    assert time.now_s <= max(deadline_s, 100) + takes_s


def test_a_deadline_that_is_too_near_throttles(time: VirtualTime) -> None:
    """The error is kept as the cause, and nothing is slept."""
    with pytest.raises(Throttled, match="no time is left for another") as raised:
        policy_on(time, deadline_s=time.now_s + 0.05).call(Service(time, repeat(CUT)))

    assert (CUT, []) == (raised.value.__cause__, time.slept_s)


def test_a_deadline_that_is_over_throttles_before_the_first_try(time: VirtualTime) -> None:
    """The service is not asked."""
    service = Service(time, failing(0))

    with pytest.raises(Throttled, match="the store: no time is left"):
        policy_on(time, deadline_s=time.now_s).call(service)
    assert 0 == service.calls


@given(
    outcomes=st.lists(st.lists(st.booleans(), min_size=9, max_size=9), max_size=60),
    share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    spare=st.integers(0, 10),
)
def test_retries_stay_within_the_budget(
    outcomes: list[list[bool]], share: float, spare: int
) -> None:
    """At most the spare ones and a share of the calls, however many fail."""
    time = VirtualTime()
    limits = Limits(attempts=9, retry_share=share, spare_retries=spare, failures_to_open=1_000_000)
    policy = policy_on(time, limits=limits)
    tries = 0
    for fails in outcomes:
        service = Service(time, (CUT if each else None for each in fails))
        with suppress(StorageUnavailable):
            policy.call(service)
        tries += service.calls

    assert tries - len(outcomes) <= spare + share * len(outcomes)


def test_calls_earn_retries(time: VirtualTime) -> None:
    """A budget that is spent grows with every call."""
    policy = policy_on(time, limits=Limits(spare_retries=1, retry_share=0.5, failures_to_open=99))
    spent = Service(time, repeat(CUT))
    with pytest.raises(StorageUnavailable):
        policy.call(spent)
    policy.call(Service(time, failing(0)))
    later = Service(time, failing(1))

    assert (2, 2) == (spent.calls, policy.call(later))


@pytest.mark.parametrize("attempts", [1, 3])
def test_the_breaker_opens(time: VirtualTime, attempts: int) -> None:
    """After failures in a row, of one call or of many, the service is left alone."""
    policy = policy_on(time, limits=Limits(attempts=attempts, failures_to_open=6, open_s=10))
    for _ in range(6 // attempts):
        with pytest.raises(StorageUnavailable, match="cut"):
            policy.call(Service(time, repeat(CUT)))
    service = Service(time, failing(0))

    with pytest.raises(StorageUnavailable, match=r"the store failed 6 times .* in 10\.0 s"):
        policy.call(service)
    assert 0 == service.calls


def opened(time: VirtualTime) -> Policy:
    """A policy whose breaker has opened for 10 s."""
    policy = policy_on(time, limits=Limits(attempts=1, failures_to_open=3, open_s=10))
    for _ in range(3):
        with pytest.raises(StorageUnavailable, match="cut"):
            policy.call(Service(time, repeat(CUT)))
    return policy


def test_a_probe_closes_the_breaker(time: VirtualTime) -> None:
    """When the pause is over one call goes through; its success lets all through."""
    policy = opened(time)
    time.now_s += 10
    service = Service(time, failing(0))

    assert [1, 2, 3] == [policy.call(service) for _ in range(3)]


def test_a_failed_probe_opens_the_breaker_again(time: VirtualTime) -> None:
    """One more failure is enough, for one more pause."""
    policy = opened(time)
    time.now_s += 10
    service = Service(time, repeat(CUT))
    for message in ("cut", "failed 4 times", "failed 4 times"):
        with pytest.raises(StorageUnavailable, match=message):
            policy.call(service)

    assert 1 == service.calls


def test_one_probe_at_a_time(time: VirtualTime) -> None:
    """While a probe is under way others are refused."""
    policy = opened(time)
    time.now_s += 10
    refused = Service(time, failing(0))

    def probe() -> str:
        with pytest.raises(StorageUnavailable, match="tried again in"):
            policy.call(refused)
        return "probed"

    assert ("probed", 0) == (policy.call(probe), refused.calls)


@pytest.mark.parametrize("answer", [SLOW_DOWN, ObjectMissing("none"), KeyError("a bug")])
def test_any_answer_closes_the_breaker(time: VirtualTime, answer: Exception) -> None:
    """A service that refuses is there; what is no failure of its is none."""
    policy = opened(time)
    time.now_s += 10

    def refuse() -> None:
        raise answer

    for _ in range(2):
        with pytest.raises(type(answer)):
            policy.call(refuse)


def test_throttling_never_opens_the_breaker(time: VirtualTime) -> None:
    """The budget and the pauses are what answers it."""
    policy = policy_on(time, limits=Limits(attempts=1, failures_to_open=2))
    for _ in range(5):
        with pytest.raises(Throttled, match="slow down"):
            policy.call(Service(time, repeat(SLOW_DOWN)))


def test_the_breaker_may_open_within_a_call(time: VirtualTime) -> None:
    """The rest of its tries is not made."""
    service = Service(time, repeat(CUT))
    policy = policy_on(time, limits=Limits(attempts=5, failures_to_open=3))

    with pytest.raises(StorageUnavailable, match="failed 3 times in a row"):
        policy.call(service)
    assert 3 == service.calls


def test_threads_share_a_policy(time: VirtualTime) -> None:
    """Together they spend the budget once, and no more of it."""
    limits = Limits(attempts=9, retry_share=0, spare_retries=100, failures_to_open=1_000_000)
    policy = policy_on(VirtualTime(), limits=limits, random=lambda: 0)
    services = [Service(VirtualTime(), repeat(CUT)) for _ in range(200)]

    def called(service: Service) -> int:
        with pytest.raises(StorageUnavailable):
            policy.call(service)
        return service.calls

    with ThreadPoolExecutor(8) as pool:
        assert 200 + 100 == sum(pool.map(called, services))
