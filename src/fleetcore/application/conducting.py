"""Conducting consistency runs: looking, judging, repairing and verifying, a tick at a time.

Runs are numbered without gaps, a stream each; the next one begins only when the last is over. Of
conductors that begin one at once exactly one appends its first event; the others stand back. A run
whose conductor went away is closed by whoever meets it later than `patience_ms`, and what it saw is
found again by looking: no stream names vehicles, so none can be resumed half-way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from attrs import evolve, field, frozen

from fleetcore.application.consistency_runs import (
    RunStream,
    is_over,
    latest_run,
    stream_name,
)
from fleetcore.application.drift_report import confirmation, is_corrected
from fleetcore.application.drift_settings import DriftSettings
from fleetcore.application.looks import FirstLook, SecondLook, first_look, second_look
from fleetcore.application.panel import Panel, Together, in_turn
from fleetcore.application.repairs import remaining, repair
from fleetcore.domain.consistency import (
    Conclude,
    ConsistencyEvent,
    ConsistencyRun,
    DriftConfirmed,
    DriftSuspected,
    Escalated,
    Judge,
    RecordRepair,
    Repaired,
    Suspect,
)
from fleetcore.errors import IllegalCommand
from fleetcore.ports.clock import Clock
from fleetcore.ports.event_store import EventStore
from fleetcore.ports.region import Region
from fleetcore.ports.telemeter import Telemeter, Unit

Outcome: TypeAlias = Literal[
    "agreed",
    "alone",
    "suspected",
    "waiting",
    "standing back",
    "dismissed",
    "tolerated",
    "verified",
    "escalated",
]


@frozen(kw_only=True, slots=True)
class Conductor:
    """What conducting stands on. `exchanged` counts the bytes sent to and got from regions."""

    regions: Sequence[Region]
    events: EventStore[ConsistencyEvent]
    clock: Clock
    telemeter: Telemeter
    settings: DriftSettings = DriftSettings()
    together: Together = in_turn
    exchanged: Callable[[], int] = lambda: 0


@frozen(kw_only=True, slots=True)
class Watch:
    """What a conductor keeps between ticks, in memory only.

    `run` is the last one it knows to exist (0: none); `noted` what it noted in it and has not
    judged yet.
    """

    run: int = 0
    noted: FirstLook | None = None


@frozen(kw_only=True, slots=True)
class Ticked:
    """What became of a tick: the runs that it ended or began, and what to keep for the next."""

    watch: Watch
    outcomes: tuple[Outcome, ...]
    unreachable: dict[str, str] = field(factory=dict)
    first: FirstLook | None = None
    second: SecondLook | None = None
    ended: ConsistencyRun | None = None
    bytes_exchanged: int = 0
    took_ms: int = 0


def tick(conductor: Conductor, watch: Watch) -> Ticked:
    """Judge what the last tick noted, repair and verify it, and look again.

    Called every `every_s`; between two calls at least `settle_s` should pass. Raises
    `StorageUnavailable` where the runs cannot be stored.
    """
    now = conductor.clock.now_ms()
    begun_at_bytes = conductor.exchanged()
    if watch.noted is not None and now - watch.noted.at_ms < conductor.settings.settle_s * 1000:
        return Ticked(watch=watch, outcomes=("waiting",))
    panel = Panel(conductor.regions, conductor.together)
    ended, second, outcomes = None, None, list[Outcome]()
    if watch.noted is not None:
        second, ended = _judged(conductor, panel, watch.run, watch.noted)
        outcomes.append(_outcome(ended))
    run = latest_run(conductor.events, watch.run)
    watch = evolve(watch, run=run, noted=None)
    first = None
    if _is_free(conductor, run) and not _is_late(conductor, now):
        first = _looked(conductor, panel)
        watch, outcome = _suspected(conductor, panel, watch, first)
        outcomes.append(outcome)
    elif not outcomes:
        outcomes.append("standing back")
    bytes_exchanged = conductor.exchanged() - begun_at_bytes
    took_ms = conductor.clock.now_ms() - now
    _measure(conductor, panel, first, took_ms, bytes_exchanged)
    return Ticked(
        watch=watch,
        outcomes=tuple(outcomes),
        unreachable=panel.unreachable,
        first=first,
        second=second,
        ended=ended,
        bytes_exchanged=bytes_exchanged,
        took_ms=took_ms,
    )


def _looked(conductor: Conductor, panel: Panel) -> FirstLook:
    settings, now = conductor.settings, conductor.clock.now_ms()
    # By the clock, so that conductors that begin again and again come to every part, too.
    number = now // round(settings.every_s * 1000)
    recounted = (number % settings.parts, settings.parts) if settings.parts else None
    look = first_look(panel, now, recounted)
    if look.untrue:
        leaves = ", ".join(f"{name}: {count}" for name, count in sorted(look.untrue.items()))
        conductor.telemeter.alert(
            "Sums of registers were not true",
            f"leaves by region: {leaves}; they are counted anew, and what they hid is found now; "
            "if it happens again, look after that region's disk",
        )
    return look


def _suspected(
    conductor: Conductor, panel: Panel, watch: Watch, look: FirstLook
) -> tuple[Watch, Outcome]:
    if not look.suspicious:
        return watch, "alone" if look.is_alone else "agreed"
    run = watch.run + 1
    suspected = DriftSuspected(
        run=run,
        at_ms=look.at_ms,
        compared=look.compared,
        unreachable=tuple(sorted(panel.unreachable)),
        registers=look.registers,
        buckets=look.buckets,
        vehicles=len(look.vehicles),
        tombstones=len(look.tombstones),
        corrupt=sum(map(len, look.corrupt.values())),
    )
    try:
        RunStream(conductor.events, run).carry_out(Suspect(suspected=suspected))
    except IllegalCommand:
        return evolve(watch, run=run), "standing back"
    return evolve(watch, run=run, noted=look), "suspected"


def _judged(
    conductor: Conductor, panel: Panel, run: int, noted: FirstLook
) -> tuple[SecondLook, ConsistencyRun | None]:
    """The run after the second look and all that follows from it; None if another closed it."""
    stream = RunStream(conductor.events, run)
    began_ms, began_bytes = conductor.clock.now_ms(), conductor.exchanged()
    second = second_look(panel, noted)
    confirmed = confirmation(second, noted, conductor.settings, conductor.clock.now_ms(), run)
    correct = is_corrected(confirmed, conductor.settings)
    try:
        state = stream.carry_out(Judge(confirmed=confirmed, correct=correct))
        if state.phase != "confirmed":
            return second, state
        done = repair(panel, second, stream_name(run))
        stream.carry_out(
            RecordRepair(
                repaired=Repaired(
                    at_ms=conductor.clock.now_ms(),
                    mended=done.mended,
                    replaced=done.replaced,
                    buried=done.buried,
                )
            )
        )
        left = remaining(panel, second)
        now = conductor.clock.now_ms()
        reason = "no-genuine-value" if done.valueless else "not-repaired"
        if now - began_ms > conductor.settings.limit_s * 1000:
            reason = "out-of-time"
        state = stream.carry_out(
            Conclude(
                at_ms=now,
                remaining=left,
                reason=reason,
                bytes_exchanged=conductor.exchanged() - began_bytes,
            )
        )
    except IllegalCommand:
        return second, None
    _tell(conductor, confirmed, state)
    return second, state


def _is_free(conductor: Conductor, run: int) -> bool:
    now, settings = conductor.clock.now_ms(), conductor.settings
    return is_over(conductor.events, run, now_ms=now, patience_ms=settings.patience_ms)


def _is_late(conductor: Conductor, began_ms: int) -> bool:
    return conductor.clock.now_ms() - began_ms > conductor.settings.limit_s * 1000


def _outcome(ended: ConsistencyRun | None) -> Outcome:
    match type(ended.ended).__name__ if ended is not None else "":
        case "DriftDismissed":
            return "dismissed"
        case "DriftTolerated":
            return "tolerated"
        case "Verified":
            return "verified"
        case "Escalated":
            return "escalated"
        case _:
            return "standing back"


def _tell(conductor: Conductor, confirmed: DriftConfirmed, state: ConsistencyRun) -> None:
    if isinstance(state.ended, Escalated):
        left = ", ".join(f"{name}: {count}" for name, count in state.ended.remaining.items())
        conductor.telemeter.alert(
            f"Drift is not repaired: {state.ended.reason}",
            f"registers that differ still, by region: {left}; `fleetcore drift check` names them",
        )
    metrics: dict[str, tuple[float, Unit]] = {
        "drift_registers": (confirmed.registers, "Count"),
        "drift_mean_m": (confirmed.mean_m, "Count"),
        "drift_max_m": (confirmed.max_m, "Count"),
    }
    if state.suspected is not None and state.suspected.registers:
        share = 100 * sum(confirmed.drifting.values()) / state.suspected.registers
        metrics["drift_share"] = (share, "Percent")
    if state.repair_ms is not None:
        metrics["drift_repair_ms"] = (state.repair_ms, "Milliseconds")
    conductor.telemeter.measure(metrics, {})


def _measure(
    conductor: Conductor, panel: Panel, first: FirstLook | None, took_ms: int, exchanged: int
) -> None:
    metrics: dict[str, tuple[float, Unit]] = {
        "drift_tick_ms": (took_ms, "Milliseconds"),
        "drift_bytes": (exchanged, "Bytes"),
        "regions_unreachable": (len(panel.unreachable), "Count"),
    }
    if first is not None:
        metrics["drift_noted"] = (len(first.vehicles), "Count")
    conductor.telemeter.measure(metrics, {})
