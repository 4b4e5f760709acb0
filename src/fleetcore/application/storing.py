"""From committed chunks to the log: the relay sends what waits, a worker stores it.

A part that cannot be stored is given up: a dead letter says why, and the ledger counts its rows
as dead until `fleetcore.application.dead_letters` redrives them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final

from fleetcore.application.fleet import Fleet
from fleetcore.application.streams import IngestionStream, readable_states
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ingestion_events import GiveUpPart, RecordOutcome
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import DeadLetter, RowsRefused
from fleetcore.errors import (
    CorruptObject,
    FleetcoreError,
    IllegalCommand,
    ObjectMissing,
    StorageUnavailable,
    Throttled,
    UndecodableEvent,
)
from fleetcore.ports.lanes import Delivery

BATCH_MESSAGES: Final = 64
"""Parts that are stored together; the log bounds the rows it compares at once."""

BACKOFF_S: Final = (30, 300, 900)
"""How long a message waits after each failure but the last: an outage of 20 minutes kills none."""

TRIES: Final = len(BACKOFF_S) + 1

LEASE_S: Final = 900
"""How long messages that wait for their turn are kept from other workers: the longest run."""

_HOPELESS: Final = (CorruptObject, ObjectMissing, RowsRefused)
_STRANGE: Final = (IllegalCommand, UndecodableEvent)


def relay(fleet: Fleet) -> dict[str, Ingestion]:
    """Send every committed part that has no outcome again; the state of every ingestion.

    To be run on every start: a crash between a commit and its messages loses nothing. An
    ingestion that a newer version wrote to is left to that version.
    """
    states = readable_states(fleet.events)
    for state in states.values():
        if state.unsettled:
            fleet.lanes.send(state.unsettled)
    return states


def resume(fleet: Fleet) -> None:
    """Store what an interrupted process committed and did not store. Raises `StorageUnavailable`.

    Parts that cannot be stored are given up, or stay on their lanes; see `drain`.
    """
    relay(fleet)
    drain(fleet)


def drain(fleet: Fleet) -> Mapping[str, FleetcoreError]:
    """Store all that waits on the lanes, moving before idle.

    A part that is damaged or not there stops no other: it is given up at once. One whose
    ingestion cannot be read stays on its lane. Both come back by key with what is wrong. Raises
    `StorageUnavailable`.
    """
    failed: dict[str, FleetcoreError] = {}
    left: set[str] = set()
    while deliveries := _waiting(fleet, left):
        try:
            _append(fleet, deliveries)
            fleet.lanes.settle(deliveries)
        except (*_HOPELESS, *_STRANGE):
            for delivery in deliveries:
                if error := _drained(fleet, delivery):
                    failed[delivery.message.part.key] = error
                    if isinstance(error, _STRANGE):
                        left.add(delivery.message.part.key)
    return failed


def _waiting(fleet: Fleet, left: Collection[str]) -> Sequence[Delivery]:
    received = fleet.lanes.receive(BATCH_MESSAGES + len(left))
    return [delivery for delivery in received if delivery.message.part.key not in left]


def _drained(fleet: Fleet, delivery: Delivery) -> FleetcoreError | None:
    try:
        _append(fleet, [delivery])
    except _STRANGE as error:
        return error
    except _HOPELESS as error:
        try:
            give_up(fleet, delivery, error)
        except _STRANGE as stranger:
            return stranger
        fleet.lanes.settle([delivery])
        return error
    fleet.lanes.settle([delivery])
    return None


def store(
    fleet: Fleet, deliveries: Sequence[Delivery], is_late: Callable[[], bool] = lambda: False
) -> Mapping[str, FleetcoreError]:
    """Store what a queue handed out; what has to be handed out again, by receipt, and why.

    All others can be settled. One part after the other, its outcome recorded before the next
    begins; when it `is_late`, the rest is handed out again at once. One that fails is put off by
    `BACKOFF_S`; one that failed `TRIES` times, or whose rows the log can never hold, is given up.
    """
    failed: dict[str, FleetcoreError] = {}
    for number, delivery in enumerate(deliveries):
        if number and is_late():
            rest = deliveries[number:]
            _hide(fleet, rest, 0)
            late = Throttled("no time is left to store more; the queue hands it out again")
            return failed | {each.receipt: late for each in rest}
        if error := _tried(fleet, delivery):
            failed[delivery.receipt] = error
            _put_off(fleet, delivery)
            # What failed took its time: nobody else is to begin with those that wait here.
            _hide(fleet, deliveries[number + 1 :], LEASE_S)
    return failed


def _tried(fleet: Fleet, delivery: Delivery) -> FleetcoreError | None:
    try:
        _append(fleet, [delivery])
    except FleetcoreError as error:
        if delivery.tries < TRIES and not isinstance(error, RowsRefused):
            return error
        try:
            give_up(fleet, delivery, error)
        except FleetcoreError as worse:
            return worse
    return None


def _put_off(fleet: Fleet, delivery: Delivery) -> None:
    _hide(fleet, [delivery], BACKOFF_S[min(delivery.tries, len(BACKOFF_S)) - 1])


def _hide(fleet: Fleet, deliveries: Sequence[Delivery], seconds: int) -> None:
    # Where it fails, the queue's own time decides when they are handed out again.
    with suppress(StorageUnavailable):
        if deliveries:
            fleet.lanes.hide(deliveries, seconds)


def give_up(fleet: Fleet, delivery: Delivery, error: FleetcoreError) -> None:
    """Make a dead letter of a part, or of the rows of it that were refused.

    The letter is kept before the ledger counts it: a crash in between makes it a second time.
    """
    message = delivery.message
    refused = error if isinstance(error, RowsRefused) else None
    stream = IngestionStream(fleet.events, message.ingestion)
    if not any(part.key == message.part.key for part in stream.state.parts):
        raise IllegalCommand(f"no chunk names the part {message.part.key!r}") from error
    letter = DeadLetter(
        message=message,
        code=error.code,
        reason=str(error),
        tries=delivery.tries,
        died_at_ms=fleet.clock.now_ms(),
        rows=refused.rows if refused else (),
    )
    fleet.dead_letters.bury([letter])
    outcome = refused.outcome if refused else StoreOutcome()
    stream.carry_out(
        GiveUpPart(key=message.part.key, attempt=message.attempt, code=error.code, outcome=outcome)
    )


def _append(fleet: Fleet, deliveries: Sequence[Delivery]) -> None:
    """Store parts and record their outcomes; a crash in between only repeats work.

    For the log returns the first outcome of a part.
    """
    messages = [delivery.message for delivery in deliveries]
    outcomes = fleet.log.append([message.part for message in messages])
    commands: dict[str, list[RecordOutcome]] = {}
    for message, outcome in zip(messages, outcomes, strict=True):
        command = RecordOutcome(key=message.part.key, outcome=outcome)
        commands.setdefault(message.ingestion, []).append(command)
    for ingestion, group in commands.items():
        IngestionStream(fleet.events, ingestion).carry_out(*group)
