"""A consistency run: what each command leads to, given what happened."""

from __future__ import annotations

from functools import reduce
from typing import Final

import pytest
from attrs import evolve as changed

from fleetcore.domain.consistency import (
    Abandon,
    Conclude,
    ConsistencyCommand,
    ConsistencyEvent,
    ConsistencyRun,
    DriftConfirmed,
    DriftDismissed,
    DriftSuspected,
    DriftTolerated,
    Escalated,
    Judge,
    RecordRepair,
    Repaired,
    RunAbandoned,
    Suspect,
    Verified,
    decide,
    evolve,
    initial,
)
from fleetcore.errors import IllegalCommand

SUSPECTED: Final = DriftSuspected(
    run=3,
    at_ms=1_000,
    compared=("a", "b"),
    unreachable=("c",),
    registers=156_000,
    buckets=2,
    vehicles=5,
    tombstones=1,
    corrupt=1,
)
CONFIRMED: Final = DriftConfirmed(
    at_ms=4_000,
    drifting={"b": 2},
    tombstones={"a": 1},
    corrupt={"a": 1},
    mean_m=120.5,
    max_m=200.25,
    sample=1_000,
    sample_over=1,
)
NOTHING: Final = changed(CONFIRMED, drifting={}, tombstones={}, corrupt={})
REPAIRED: Final = Repaired(at_ms=5_000, mended=2, replaced=1, buried=1)
VERIFIED: Final = Verified(at_ms=6_000, bytes_exchanged=2_000)
ESCALATED: Final = Escalated(
    at_ms=6_000, reason="not-repaired", remaining={"b": 1}, bytes_exchanged=2_000
)
DONE: Final = Conclude(at_ms=6_000, remaining={}, reason="not-repaired", bytes_exchanged=2_000)
LEFT: Final = changed(DONE, remaining={"b": 1})
ENDS: Final[tuple[tuple[ConsistencyEvent, ...], ...]] = (
    (SUSPECTED, DriftDismissed(at_ms=4_000)),
    (SUSPECTED, CONFIRMED, DriftTolerated(at_ms=4_000)),
    (SUSPECTED, CONFIRMED, REPAIRED, VERIFIED),
    (SUSPECTED, CONFIRMED, REPAIRED, ESCALATED),
    (SUSPECTED, CONFIRMED, ESCALATED),
    (SUSPECTED, RunAbandoned(at_ms=9_000)),
)


def given(*events: ConsistencyEvent) -> ConsistencyRun:
    """The state after events."""
    return reduce(evolve, events, initial())


@pytest.mark.parametrize(
    ("history", "command", "expected"),
    [
        ((), Suspect(suspected=SUSPECTED), (SUSPECTED,)),
        ((SUSPECTED,), Judge(confirmed=CONFIRMED, correct=True), (CONFIRMED,)),
        (
            (SUSPECTED,),
            Judge(confirmed=CONFIRMED, correct=False),
            (CONFIRMED, DriftTolerated(at_ms=4_000)),
        ),
        ((SUSPECTED,), Judge(confirmed=NOTHING, correct=True), (DriftDismissed(at_ms=4_000),)),
        ((SUSPECTED, CONFIRMED), RecordRepair(repaired=REPAIRED), (REPAIRED,)),
        ((SUSPECTED, CONFIRMED, REPAIRED), DONE, (VERIFIED,)),
        ((SUSPECTED, CONFIRMED, REPAIRED), LEFT, (ESCALATED,)),
        ((SUSPECTED, CONFIRMED), LEFT, (ESCALATED,)),
        ((SUSPECTED,), Abandon(at_ms=9_000), (RunAbandoned(at_ms=9_000),)),
        ((SUSPECTED, CONFIRMED), Abandon(at_ms=9_000), (RunAbandoned(at_ms=9_000),)),
        ((SUSPECTED, CONFIRMED, REPAIRED), Abandon(at_ms=9), (RunAbandoned(at_ms=9),)),
        ((), Abandon(at_ms=9_000), ()),
    ],
)
def test_decides(
    history: tuple[ConsistencyEvent, ...],
    command: ConsistencyCommand,
    expected: tuple[ConsistencyEvent, ...],
) -> None:
    """Given, when, then."""
    assert expected == decide(command, given(*history))


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ((SUSPECTED,), Suspect(suspected=SUSPECTED)),
        ((), Judge(confirmed=CONFIRMED, correct=True)),
        ((SUSPECTED, CONFIRMED), Judge(confirmed=CONFIRMED, correct=True)),
        ((SUSPECTED,), RecordRepair(repaired=REPAIRED)),
        ((SUSPECTED, CONFIRMED, REPAIRED), RecordRepair(repaired=REPAIRED)),
        ((), LEFT),
        ((SUSPECTED,), LEFT),
        ((SUSPECTED,), DONE),
        ((SUSPECTED, CONFIRMED), DONE),
    ],
)
def test_refuses(history: tuple[ConsistencyEvent, ...], command: ConsistencyCommand) -> None:
    """Nothing is confirmed unsuspected, repaired unconfirmed, or verified unrepaired."""
    with pytest.raises(IllegalCommand):
        decide(command, given(*history))


@pytest.mark.parametrize("history", ENDS, ids=lambda history: type(history[-1]).__name__)
def test_what_is_over_stays_over(history: tuple[ConsistencyEvent, ...]) -> None:
    """An ended run takes no event: whoever conducts it late is told."""
    state = given(*history)
    late: tuple[ConsistencyCommand, ...] = (
        Suspect(suspected=SUSPECTED),
        Judge(confirmed=CONFIRMED, correct=True),
        RecordRepair(repaired=REPAIRED),
        DONE,
        LEFT,
    )

    assert ("over", history[-1]) == (state.phase, state.ended)
    assert () == decide(Abandon(at_ms=10_000), state)
    for command in late:
        with pytest.raises(IllegalCommand):
            decide(command, state)


def test_tells_how_long_repair_took() -> None:
    """From confirmed to verified, and only where it was."""
    assert 2_000 == given(SUSPECTED, CONFIRMED, REPAIRED, VERIFIED).repair_ms
    assert given(SUSPECTED, CONFIRMED, REPAIRED, ESCALATED).repair_ms is None
    assert 4 == CONFIRMED.registers
