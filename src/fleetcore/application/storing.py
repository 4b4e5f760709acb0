"""From committed chunks to the log: the relay sends what waits, the drain stores it."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from fleetcore.application.fleet import Fleet
from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.domain.ingestion import Ingestion, RecordOutcome

BATCH_MESSAGES: Final = 64
"""Parts that are stored together; the log bounds the rows it compares at once."""


def relay(fleet: Fleet) -> dict[str, Ingestion]:
    """Send every committed part that has no outcome again; the state of every ingestion.

    To be run on every start: a crash between a commit and its messages loses nothing.
    """
    states: dict[str, Ingestion] = {}
    for ingestion in ingestions(fleet.events):
        state = IngestionStream(fleet.events, ingestion).state
        states[ingestion] = state
        if state.unsettled:
            fleet.lanes.send(state.unsettled)
    return states


def drain(fleet: Fleet) -> int:
    """Store all that waits on the lanes, moving before idle; how many parts.

    An outcome is recorded before its message is settled, so a crash in between only repeats
    work: the log returns the first outcome of a part.
    """
    stored = 0
    while messages := fleet.lanes.receive(BATCH_MESSAGES):
        outcomes = fleet.log.append([message.part for message in messages])
        pairs = zip(messages, outcomes, strict=True)
        for ingestion, group in groupby(
            sorted(pairs, key=lambda pair: pair[0].ingestion), key=lambda pair: pair[0].ingestion
        ):
            IngestionStream(fleet.events, ingestion).carry_out(
                *(
                    RecordOutcome(key=message.part.key, outcome=outcome)
                    for message, outcome in group
                )
            )
        fleet.lanes.settle(messages)
        stored += len(messages)
    return stored
