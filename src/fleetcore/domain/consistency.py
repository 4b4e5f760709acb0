"""A consistency run as an aggregate: `initial`, `decide`, `evolve`.

    suspected -> confirmed -> repaired -> verified | escalated
              |            `-> tolerated | escalated
              `-> dismissed                              any but an end -> abandoned

The first look suspects, the second confirms or dismisses: what was in flight has arrived. No event
names a vehicle: only regions, counts, metres, bytes and times, so that vehicles can be forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, assert_never

from attrs import evolve as changed
from attrs import frozen

from fleetcore.errors import IllegalCommand

Phase: TypeAlias = Literal["unknown", "suspected", "confirmed", "repaired", "over"]

Correct: TypeAlias = Literal["all", "above-threshold", "never"]


@frozen(kw_only=True, slots=True)
class DriftSuspected:
    """A first look found regions that differ. `vehicles` may be in flight, or drifting.

    `compared` regions answered, `unreachable` ones did not. `registers` is the most that one of
    them holds; `corrupt` counts registers whose payload is not what its fingerprint says.
    """

    run: int
    at_ms: int
    compared: tuple[str, ...]
    unreachable: tuple[str, ...]
    registers: int
    buckets: int
    vehicles: int
    tombstones: int
    corrupt: int


@frozen(kw_only=True, slots=True)
class DriftDismissed:
    """The second look found nobody behind."""

    at_ms: int


@frozen(kw_only=True, slots=True)
class DriftConfirmed:
    """The second look found regions still behind what the first one noted.

    `drifting`, `tombstones` and `corrupt` count registers by region. Metres are between held and
    winning positions, of the registers that hold one. `sample_over` of `sample` vehicles chosen at
    random are further off than the threshold's distance.
    """

    at_ms: int
    drifting: Mapping[str, int]
    tombstones: Mapping[str, int]
    corrupt: Mapping[str, int]
    mean_m: float
    max_m: float
    sample: int
    sample_over: int

    @property
    def registers(self) -> int:
        """All that needs repair."""
        return sum(sum(each.values()) for each in (self.drifting, self.tombstones, self.corrupt))


@frozen(kw_only=True, slots=True)
class DriftTolerated:
    """The settings say that this drift is not to be corrected."""

    at_ms: int


@frozen(kw_only=True, slots=True)
class Repaired:
    """The writes that end the drift are done; a write that a newer update beat is not counted."""

    at_ms: int
    mended: int
    replaced: int
    buried: int


@frozen(kw_only=True, slots=True)
class Verified:
    """A third look found nothing of it left."""

    at_ms: int
    bytes_exchanged: int


@frozen(kw_only=True, slots=True)
class Escalated:
    """A person is needed: `remaining` registers by region are as they were.

    `reason` is `not-repaired`, `no-genuine-value` (nobody holds a value to repair with) or
    `out-of-time`.
    """

    at_ms: int
    reason: str
    remaining: Mapping[str, int]
    bytes_exchanged: int


@frozen(kw_only=True, slots=True)
class RunAbandoned:
    """Whoever conducted it went away; the next run looks again from the beginning."""

    at_ms: int


ConsistencyEvent: TypeAlias = (
    DriftSuspected
    | DriftDismissed
    | DriftConfirmed
    | DriftTolerated
    | Repaired
    | Verified
    | Escalated
    | RunAbandoned
)


@frozen(kw_only=True, slots=True)
class Suspect:
    """Begin a run with what a first look found."""

    suspected: DriftSuspected


@frozen(kw_only=True, slots=True)
class Judge:
    """Say what the second look found; nothing to repair dismisses the suspicion.

    `correct` is False where the settings tolerate it.
    """

    confirmed: DriftConfirmed
    correct: bool


@frozen(kw_only=True, slots=True)
class RecordRepair:
    """Say what was written."""

    repaired: Repaired


@frozen(kw_only=True, slots=True)
class Conclude:
    """Say what is left after the repair, by region; nothing verifies it."""

    at_ms: int
    remaining: Mapping[str, int]
    reason: str
    bytes_exchanged: int


@frozen(kw_only=True, slots=True)
class Abandon:
    """Close a run that nobody conducts any more; one that is over stays as it is."""

    at_ms: int


ConsistencyCommand: TypeAlias = Suspect | Judge | RecordRepair | Conclude | Abandon


@frozen(kw_only=True, slots=True)
class ConsistencyRun:
    """The state of one run. `at_ms` is when its last event happened."""

    phase: Phase = "unknown"
    at_ms: int = 0
    suspected: DriftSuspected | None = None
    confirmed: DriftConfirmed | None = None
    repaired: Repaired | None = None
    ended: DriftDismissed | DriftTolerated | Verified | Escalated | RunAbandoned | None = None

    @property
    def repair_ms(self) -> int | None:
        """From confirmed to verified; None where it is not verified."""
        if self.confirmed is None or not isinstance(self.ended, Verified):
            return None
        return self.ended.at_ms - self.confirmed.at_ms


_OPEN: Final[tuple[Phase, ...]] = ("suspected", "confirmed", "repaired")


def initial() -> ConsistencyRun:
    """A run of which nothing is known."""
    return ConsistencyRun()


def decide(command: ConsistencyCommand, state: ConsistencyRun) -> tuple[ConsistencyEvent, ...]:
    """The events a command leads to.

    Raises `IllegalCommand` for what the state does not allow: another conductor was faster.
    """
    match command:
        case Suspect(suspected=suspected):
            _check("unknown", state)
            return (suspected,)
        case Judge(confirmed=confirmed, correct=correct):
            _check("suspected", state)
            if not confirmed.registers:
                return (DriftDismissed(at_ms=confirmed.at_ms),)
            return (confirmed,) if correct else (confirmed, DriftTolerated(at_ms=confirmed.at_ms))
        case RecordRepair(repaired=repaired):
            _check("confirmed", state)
            return (repaired,)
        case Conclude():
            return (_conclusion(command, state),)
        case Abandon(at_ms=at_ms):
            return (RunAbandoned(at_ms=at_ms),) if state.phase in _OPEN else ()
        case _:
            assert_never(command)


def _conclusion(command: Conclude, state: ConsistencyRun) -> Verified | Escalated:
    if any(command.remaining.values()):
        if state.phase not in ("confirmed", "repaired"):
            raise IllegalCommand(f"the run is {state.phase}: it has nothing to escalate")
        return Escalated(
            at_ms=command.at_ms,
            reason=command.reason,
            remaining=command.remaining,
            bytes_exchanged=command.bytes_exchanged,
        )
    _check("repaired", state)
    return Verified(at_ms=command.at_ms, bytes_exchanged=command.bytes_exchanged)


def _check(phase: Phase, state: ConsistencyRun) -> None:
    if state.phase != phase:
        raise IllegalCommand(f"the run is {state.phase}, and not {phase}")


def evolve(state: ConsistencyRun, event: ConsistencyEvent) -> ConsistencyRun:
    """The state after an event."""
    match event:
        case DriftSuspected():
            return changed(state, phase="suspected", at_ms=event.at_ms, suspected=event)
        case DriftConfirmed():
            return changed(state, phase="confirmed", at_ms=event.at_ms, confirmed=event)
        case Repaired():
            return changed(state, phase="repaired", at_ms=event.at_ms, repaired=event)
        case DriftDismissed() | DriftTolerated() | Verified() | Escalated() | RunAbandoned():
            return changed(state, phase="over", at_ms=event.at_ms, ended=event)
        case _:
            assert_never(event)
