"""From committed chunks to the log: the relay sends what waits, the drain stores it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from fleetcore.application.fleet import Fleet
from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.domain.ingestion import Ingestion, RecordOutcome
from fleetcore.domain.parts import LaneMessage
from fleetcore.errors import (
    CorruptObject,
    FleetcoreError,
    IllegalCommand,
    ObjectMissing,
    UndecodableEvent,
)

BATCH_MESSAGES: Final = 64
"""Parts that are stored together; the log bounds the rows it compares at once."""

_UNSTORABLE: Final = (CorruptObject, ObjectMissing, IllegalCommand, UndecodableEvent)


def relay(fleet: Fleet) -> dict[str, Ingestion]:
    """Send every committed part that has no outcome again; the state of every ingestion.

    To be run on every start: a crash between a commit and its messages loses nothing. An
    ingestion that a newer version wrote to is left to that version.
    """
    states: dict[str, Ingestion] = {}
    for ingestion in ingestions(fleet.events):
        try:
            state = IngestionStream(fleet.events, ingestion).state
        except UndecodableEvent:
            continue
        states[ingestion] = state
        if state.unsettled:
            fleet.lanes.send(state.unsettled)
    return states


def resume(fleet: Fleet) -> None:
    """Store what an interrupted process committed and did not store. Raises `StorageUnavailable`.

    Parts that cannot be stored stay on their lanes; see `drain`.
    """
    relay(fleet)
    drain(fleet)


def drain(fleet: Fleet) -> Mapping[str, FleetcoreError]:
    """Store all that waits on the lanes, moving before idle.

    An outcome is recorded before its message is settled, so a crash in between only repeats
    work: the log returns the first outcome of a part. A part that is damaged or not there, or
    whose ingestion cannot be read, stops no other; it stays on its lane, and comes back by key
    with what is wrong. Raises `StorageUnavailable`.
    """
    failed: dict[str, FleetcoreError] = {}
    while messages := _waiting(fleet, failed):
        try:
            _store(fleet, messages)
        except _UNSTORABLE:
            for message in messages:
                try:
                    _store(fleet, [message])
                except _UNSTORABLE as error:
                    failed[message.part.key] = error
    return failed


def _waiting(fleet: Fleet, failed: Collection[str]) -> Sequence[LaneMessage]:
    received = fleet.lanes.receive(BATCH_MESSAGES + len(failed))
    return [message for message in received if message.part.key not in failed]


def _store(fleet: Fleet, messages: Sequence[LaneMessage]) -> None:
    outcomes = fleet.log.append([message.part for message in messages])
    commands: dict[str, list[RecordOutcome]] = {}
    for message, outcome in zip(messages, outcomes, strict=True):
        command = RecordOutcome(key=message.part.key, outcome=outcome)
        commands.setdefault(message.ingestion, []).append(command)
    for ingestion, group in commands.items():
        IngestionStream(fleet.events, ingestion).carry_out(*group)
    fleet.lanes.settle(messages)
