"""The streams of consistency runs: numbered without gaps, one after the other."""

from __future__ import annotations

from typing import Final

from fleetcore.application.streams import Decider, DecisionStream
from fleetcore.domain.consistency import (
    Abandon,
    ConsistencyCommand,
    ConsistencyEvent,
    ConsistencyRun,
    decide,
    evolve,
    initial,
)
from fleetcore.ports.event_store import EventStore

PREFIX: Final = "consistency-"

RUN: Final = Decider(initial=initial, decide=decide, evolve=evolve)


class RunStream(DecisionStream[ConsistencyCommand, ConsistencyEvent, ConsistencyRun]):
    """One run's stream."""

    def __init__(self, store: EventStore[ConsistencyEvent], run: int) -> None:
        super().__init__(store, stream_name(run), RUN)


def stream_name(run: int) -> str:
    """The name of a run's stream."""
    return f"{PREFIX}{run}"


def latest_run(events: EventStore[ConsistencyEvent], known: int) -> int:
    """The last run, if `known` exists or is 0: runs have no gaps, so it is found by halving."""
    step = 1
    while events.read(stream_name(known + step)):
        known, step = known + step, step * 2
    while step > 1:
        step //= 2
        if events.read(stream_name(known + step)):
            known += step
    return known


def is_over(
    events: EventStore[ConsistencyEvent], run: int, *, now_ms: int, patience_ms: int
) -> bool:
    """Whether nobody conducts a run (0: there is none); one that was left alone is closed."""
    if run == 0:
        return True
    stream = RunStream(events, run)
    if stream.state.phase != "over":
        if now_ms - stream.state.at_ms <= patience_ms:
            return False
        stream.carry_out(Abandon(at_ms=now_ms))
    return True
