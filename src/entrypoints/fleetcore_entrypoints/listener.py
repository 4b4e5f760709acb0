"""The listening loop: messages received, taken in durably, then acknowledged."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeAlias

from attrs import field, frozen

from fleetcore.application.listening import Taken
from fleetcore.domain.messages import Message
from fleetcore.errors import CorruptObject, StorageUnavailable
from fleetcore.ports.clock import Clock

MOST_MESSAGES: Final = 5_000
"""Of a batch."""

GATHER_S: Final = 0.03
"""How long the first message of a batch waits for others."""

IDLE_S: Final = 0.2
TELL_EVERY_MS: Final = 1_000
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0

TakeIn: TypeAlias = Callable[[Sequence[Message]], Taken]
"""What makes messages durable, as `fleetcore.application.listening.take_in`."""


class Inbox(Protocol):
    """Where messages come from; see `fleetcore_adapters.mqtt.subscription.Subscription`."""

    problem: str | None
    sessions_lost: int

    @abstractmethod
    def receive(self, limit: int, *, wait_s: float, gather_s: float) -> tuple[Message, ...]:
        """The next messages, at most `limit`; none if none comes in time."""
        raise NotImplementedError

    @abstractmethod
    def acknowledge(self) -> None:
        """All that was received is taken in."""
        raise NotImplementedError

    @abstractmethod
    def pause(self, seconds: float) -> None:
        """Receive nothing for so long, and stay connected."""
        raise NotImplementedError


@frozen(kw_only=True, slots=True)
class Delays:
    """How many ms passed from a message's receipt until it was durable, by how often."""

    count_by_ms: Counter[int] = field(factory=Counter)

    @property
    def mean_ms(self) -> float:
        """The mean; 0 of none."""
        total = sum(ms * count for ms, count in self.count_by_ms.items())
        return total / max(1, self.count_by_ms.total())

    @property
    def max_ms(self) -> int:
        """The longest; 0 of none."""
        return max(self.count_by_ms, default=0)

    def within_ms(self, share: float) -> int:
        """In how many ms this share of messages was durable; 0 of none."""
        wanted = share * self.count_by_ms.total()
        reached = 0
        for ms in sorted(self.count_by_ms):
            reached += self.count_by_ms[ms]
            if reached >= wanted:
                return ms
        return 0


@frozen(kw_only=True, slots=True)
class Heard:
    """What was heard from the first message on (`taken`), and lately.

    `rate_per_s` and `delays` are those since the last time it was told, or, in the last one, of
    the whole time. `problem` says what is wrong now, if anything is: with the broker or the disk.
    `sessions_lost` counts how often the broker forgot what it kept for this listener.
    """

    messages: int
    taken: Taken
    rate_per_s: float
    delays: Delays
    problem: str | None
    sessions_lost: int


def listen(
    inbox: Inbox,
    take_in: TakeIn,
    clock: Clock,
    *,
    is_stopped: Callable[[], bool],
    tell: Callable[[Heard], None],
) -> Heard:
    """Take messages in until it is to stop; what is in hand then is taken in, too.

    A message is acknowledged when it is durable and not before. While storage is unavailable, or
    a damaged file of the log would have to be read, none is, and the broker holds what comes; it
    is tried again until it works. Told every second, and when something goes wrong or right.
    Raises `StorageUnavailable` or `CorruptObject` where it is to stop meanwhile: the broker
    sends what is in hand again. Raises what the inbox does.
    """
    tally = _Tally(clock, inbox)
    while not is_stopped():
        messages = inbox.receive(MOST_MESSAGES, wait_s=IDLE_S, gather_s=GATHER_S)
        if messages:
            pause_s = FIRST_PAUSE_S
            while not isinstance(taken := _tried(take_in, messages), Taken):
                if is_stopped():
                    raise taken
                if tally.is_due(str(taken)):
                    tell(tally.lately(str(taken)))
                inbox.pause(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            tally.add(messages, taken)
            inbox.acknowledge()
        if tally.is_due(inbox.problem):
            tell(tally.lately(inbox.problem))
    return tally.in_all(inbox.problem)


def _tried(
    take_in: TakeIn, messages: Sequence[Message]
) -> Taken | StorageUnavailable | CorruptObject:
    try:
        return take_in(messages)
    except (StorageUnavailable, CorruptObject) as error:
        return error


class _Tally:
    """Counts, from the beginning and since the last time it was told."""

    def __init__(self, clock: Clock, inbox: Inbox) -> None:
        self._inbox = inbox
        self._problem = inbox.problem
        self._clock = clock
        self._began_ms = self._told_ms = clock.now_ms()
        self._messages = self._messages_told = 0
        self._taken = Taken()
        self._delays: Counter[int] = Counter()
        self._delays_told: Counter[int] = Counter()

    def add(self, messages: Sequence[Message], taken: Taken) -> None:
        now_ms = self._clock.now_ms()
        self._messages += len(messages)
        self._taken += taken
        self._delays.update([max(0, now_ms - each.received_at_ms) for each in messages])

    def is_due(self, problem: str | None) -> bool:
        """Whether a second passed, or there is other news."""
        passed_ms = self._clock.now_ms() - self._told_ms
        return passed_ms >= TELL_EVERY_MS or problem != self._problem

    def lately(self, problem: str | None) -> Heard:
        heard = self._heard(
            self._messages - self._messages_told,
            self._delays - self._delays_told,
            self._told_ms,
            problem,
        )
        self._told_ms = self._clock.now_ms()
        self._problem = problem
        self._messages_told = self._messages
        self._delays_told = self._delays.copy()
        return heard

    def in_all(self, problem: str | None) -> Heard:
        return self._heard(self._messages, self._delays, self._began_ms, problem)

    def _heard(
        self, messages: int, delays: Counter[int], since_ms: int, problem: str | None
    ) -> Heard:
        return Heard(
            messages=self._messages,
            taken=self._taken,
            rate_per_s=messages * 1000 / max(1, self._clock.now_ms() - since_ms),
            delays=Delays(count_by_ms=Counter(delays)),
            problem=problem,
            sessions_lost=self._inbox.sessions_lost,
        )
