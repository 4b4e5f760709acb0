"""Taking messages in: judged, appended, and only then acknowledged by who brought them.

    judge -> append (durable) -> bury what could not be taken in (durable) -> acknowledge

A process may die between any two of these steps. Nothing was acknowledged then, so the messages
come again: the log holds what it holds already, and a dead message may be kept twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import evolve, frozen

from fleetcore.domain.ledger import RowCounts, StoreOutcome
from fleetcore.domain.messages import Message
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.ports.clock import Clock
from fleetcore.ports.dead_messages import DeadMessages
from fleetcore.ports.live_engine import LiveEngine, LiveWork
from fleetcore.ports.live_log import LiveLog

LIVE_MAX_AHEAD_S: Final = 60.0
"""How far ahead of now a live report may be: its clock and ours are read at one time."""


@frozen(kw_only=True, slots=True)
class Listening:
    """What takes messages in. The clock's now is that of the time rules, not that of `work`."""

    engine: LiveEngine
    log: LiveLog
    dead_messages: DeadMessages
    clock: Clock
    work: LiveWork


@frozen(kw_only=True, slots=True)
class Taken:
    """What became of messages that are taken in: who brought them may acknowledge them.

    `ignored` are those that are no locations and say so; they are counted nowhere else.
    """

    counts: RowCounts = RowCounts()
    store: StoreOutcome = StoreOutcome()
    ignored: int = 0

    def __add__(self, other: Taken) -> Taken:
        return Taken(
            counts=self.counts + other.counts,
            store=self.store + other.store,
            ignored=self.ignored + other.ignored,
        )


def live_settings(
    settings: FleetSettings, max_ahead_s: float | None = LIVE_MAX_AHEAD_S
) -> FleetSettings:
    """A fleet's settings as live reports are judged; limits of vehicle classes stay as they are."""
    return evolve(settings, limits=evolve(settings.limits, max_ahead_s=max_ahead_s))


def take_in(listening: Listening, messages: Sequence[Message]) -> Taken:
    """Take messages in. When it returns, each is durable: as facts of the log, or as dead.

    Raises `StorageUnavailable`: acknowledge none of them, and bring all of them again.
    """
    work = evolve(listening.work, now_ms=listening.clock.now_ms())
    judged = listening.engine.judged(messages, work)
    store = StoreOutcome()
    if judged.batch is not None:
        store = listening.log.append_batches(judged.batch)
    if judged.dead:
        listening.dead_messages.bury(judged.dead)
    return Taken(counts=judged.counts, store=store, ignored=judged.ignored)
