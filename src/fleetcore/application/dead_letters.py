"""Dead letters: what was given up, and giving it another try."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from fleetcore.application.fleet import Fleet
from fleetcore.application.streams import IngestionStream, readable_states
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ingestion_events import GiveUpPart, Redrive
from fleetcore.domain.parts import UNEXPLAINED, DeadLetter, LaneMessage
from fleetcore.errors import FleetcoreError, IllegalCommand, UndecodableEvent

LETTER_LOST: Final = "letter-lost"
"""The code of dead rows whose letter no queue keeps any longer: the ledger still knows the part."""


def dead_letters(fleet: Fleet) -> tuple[DeadLetter, ...]:
    """Every dead letter, oldest first: of each part that a ledger counts rows of as dead, one.

    A queue gives a message up by itself where its worker was killed again and again: such a
    letter is no event of its ingestion yet, and becomes one here. A part that was stored after
    all has no letter any more; one of an ingestion that cannot be read keeps it. Raises
    `StorageUnavailable`.
    """
    letters = fleet.dead_letters.read()
    for letter in letters:
        if letter.code == UNEXPLAINED:
            _reconcile(fleet, letter)
    states = readable_states(fleet.events)
    kept: list[DeadLetter] = []
    stored: list[DeadLetter] = []
    for letter in letters:
        (stored if _is_stored(letter, states) else kept).append(letter)
    if stored:
        fleet.dead_letters.remove(stored)
    known = {letter.message.part.key for letter in kept}
    lost = [
        _lost(state.message(part))
        for state in states.values()
        for part in state.parts
        if part.key in state.dead and part.key not in known
    ]
    return (*lost, *kept)


def _is_stored(letter: DeadLetter, states: Mapping[str, Ingestion]) -> bool:
    state = states.get(letter.message.ingestion)
    key = letter.message.part.key
    if state is None or key in state.dead:
        return False
    return any(part.key == key and not state.pending(part) for part in state.parts)


def _lost(message: LaneMessage) -> DeadLetter:
    return DeadLetter(
        message=message,
        code=LETTER_LOST,
        reason="its rows are dead, and no queue keeps the letter that says why",
        tries=0,
        died_at_ms=0,
    )


def _reconcile(fleet: Fleet, letter: DeadLetter) -> None:
    message = letter.message
    with suppress(IllegalCommand, UndecodableEvent):
        stream = IngestionStream(fleet.events, message.ingestion)
        stream.carry_out(
            GiveUpPart(key=message.part.key, attempt=message.attempt, code=letter.code)
        )


def redrive(
    fleet: Fleet, letters: Sequence[DeadLetter], pause: Callable[[], None] = lambda: None
) -> Mapping[str, FleetcoreError]:
    """Send the parts of dead letters again, and let go of the letters; by key, what failed.

    Their rows are pending before they are sent, and a letter goes last: a crash in between
    leaves a letter that can be redriven again. A part that was stored meanwhile is not sent.
    `pause` is called before each but the first, to keep a rate. Raises `StorageUnavailable`.
    """
    failed: dict[str, FleetcoreError] = {}
    for number, letter in enumerate(letters):
        if number:
            pause()
        try:
            _redrive(fleet, letter)
        except (IllegalCommand, UndecodableEvent) as error:
            failed[letter.message.part.key] = error
    return failed


def _redrive(fleet: Fleet, letter: DeadLetter) -> None:
    if letter.code == UNEXPLAINED:
        _reconcile(fleet, letter)
    stream = IngestionStream(fleet.events, letter.message.ingestion)
    key = letter.message.part.key
    state = stream.carry_out(Redrive(key=key, attempt=letter.message.attempt))
    part = next(each for each in state.parts if each.key == key)
    if state.pending(part):
        fleet.lanes.send([state.message(part)])
    fleet.dead_letters.remove([letter])
