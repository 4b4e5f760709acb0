"""Messages that were given up, in the dead-letter queues of the lanes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from attrs import frozen

from fleetcore.domain.lanes import LANES, Lane
from fleetcore.domain.parts import UNEXPLAINED, DeadLetter
from fleetcore.errors import UndecodableEvent
from fleetcore.ports.dead_letters import DeadLetters
from fleetcore_adapters.aws.sqs.lanes import WAIT_S
from fleetcore_adapters.aws.sqs.messages import burial_id, letter_body, letter_of
from fleetcore_adapters.aws.sqs.queue import BATCH_ENTRIES, Outgoing, Queue, Received

MAX_RECEIVES: Final = 4
"""`maxReceiveCount` of the lanes: how often a message was handed out that SQS gave up by itself."""

READ_LEASE_S: Final = 60
"""How long a letter that is read is hidden from others, should its reader die."""

HELD_S: Final = 50
"""How long a receipt is relied on: a standard queue may not say that another one replaced it."""

_Identity: TypeAlias = tuple[str, int]


@frozen(kw_only=True, slots=True)
class _Held:
    """A copy of a letter that is looked at; None where it cannot be read.

    Its receipt is relied on before `until_s`.
    """

    message_id: str
    receipt: str
    letter: DeadLetter | None
    until_s: float

    @property
    def names(self) -> _Identity | None:
        """The part and the attempt."""
        return _identity(self.letter) if self.letter else None


class SqsDeadLetters(DeadLetters):
    """Keeps letters in the queues to which SQS moves what was handed out too often.

    A letter is lost after the queue's retention. Who reads hides the letters from others for as
    long. Who removes letters one after the other, from the second on, holds those that were met
    on the way, so that each is looked at about once: others do not see them until `READ_LEASE_S`
    later. Of a letter SQS made itself the time of death is when the message came to its queue.
    """

    def __init__(
        self,
        queues: Mapping[Lane, Queue],
        *,
        max_receives: int = MAX_RECEIVES,
        wait_s: int = WAIT_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`wait_s`: as for `SqsLanes`; 0 may miss letters. `now_s` is a monotonic clock."""
        self._queues = queues
        self._max_receives = max_receives
        self._wait_s = wait_s
        self._now_s = now_s
        self._copies: Counter[_Identity] = Counter()
        self._held: Mapping[Lane, dict[str, _Held]] = {lane: {} for lane in LANES}
        self._is_series = False

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        for lane in LANES:
            self._queues[lane].send(
                Outgoing(
                    body=letter_body(each),
                    # A letter that is looked at must not hide another one of its part.
                    group_id=burial_id(each.message),
                    deduplication_id=burial_id(each.message),
                )
                for each in letters
                if each.message.part.lane == lane
            )

    def read(self) -> tuple[DeadLetter, ...]:
        letters: list[DeadLetter] = []
        self._is_series = False
        for lane in LANES:
            self._release(lane)
            self._hold(lane, (each for batch in self._batches(lane) for each in batch))
            letters += [each.letter for each in self._held[lane].values() if each.letter]
            self._release(lane)
        self._copies = Counter(map(_identity, letters))
        # A letter that says why is worth more than one that SQS made of the same message.
        letters.sort(key=lambda each: (each.code == UNEXPLAINED, each.died_at_ms))
        distinct: dict[_Identity, DeadLetter] = {}
        for each in letters:
            distinct.setdefault(_identity(each), each)
        return tuple(sorted(distinct.values(), key=lambda each: each.died_at_ms))

    def remove(self, letters: Sequence[DeadLetter]) -> None:
        for lane in LANES:
            named = {_identity(each) for each in letters if each.message.part.lane == lane}
            if named:
                self._remove(lane, named)
                if not self._is_series:
                    self._release(lane)
        self._is_series = True

    def _remove(self, lane: Lane, named: set[_Identity]) -> None:
        """Look at all letters, or until as many are found as the last `read` saw of these."""
        known = named <= self._copies.keys()
        left = sum(self._copies.pop(each, 0) for each in named) - self._remove_held(lane, named)
        if not known or left > 0:
            for batch in self._batches(lane):
                found = [each.receipt for each in batch if each.names in named]
                self._hold(lane, (each for each in batch if each.names not in named))
                self._queues[lane].delete(found)
                left -= len(found)
                if known and left <= 0:
                    break

    def _remove_held(self, lane: Lane, named: set[_Identity]) -> int:
        """How many copies were surely removed without looking for them."""
        held, now_s = self._held[lane], self._now_s()
        found = [held.pop(each.message_id) for each in [*held.values()] if each.names in named]
        # A late receipt may be good still; then whoever looks for the letter does not see it.
        over = self._queues[lane].delete(each.receipt for each in found)
        return sum(now_s < each.until_s and each.receipt not in over for each in found)

    def _hold(self, lane: Lane, letters: Iterable[_Held]) -> None:
        self._held[lane].update((each.message_id, each) for each in letters)

    def _release(self, lane: Lane) -> None:
        """Let others see what is held."""
        self._queues[lane].hide((each.receipt for each in self._held[lane].values()), 0)
        self._held[lane].clear()

    def _batches(self, lane: Lane) -> Iterator[list[_Held]]:
        """Every letter, hidden until it is made visible again."""
        seen: set[str] = set()
        queue = self._queues[lane]
        while True:
            until_s = self._now_s() + HELD_S
            batch = queue.receive_some(BATCH_ENTRIES, lease_s=READ_LEASE_S, wait_s=self._wait_s)
            new = [each for each in batch if each.message_id not in seen]
            if not new:
                return
            seen.update(each.message_id for each in new)
            yield [
                _Held(
                    message_id=each.message_id,
                    receipt=each.receipt,
                    letter=self._letter_of(each),
                    until_s=until_s,
                )
                for each in new
            ]

    def _letter_of(self, received: Received) -> DeadLetter | None:
        try:
            return letter_of(
                received.body, died_at_ms=received.sent_at_ms, tries=self._max_receives
            )
        except UndecodableEvent:
            return None

    def redrive_all_native(self, lane: Queue, rate_per_s: int) -> bool:
        """Let SQS move all idle letters to the idle lane by itself, so many a second (1 to 500).

        False where the service cannot. It returns at once; the messages come back as the attempts
        they were. One task a queue at a time: a second one is `StorageUnavailable`.
        """
        return self._queues["idle"].move_to(lane, rate_per_s)


def _identity(letter: DeadLetter) -> _Identity:
    return letter.message.part.key, letter.message.attempt
