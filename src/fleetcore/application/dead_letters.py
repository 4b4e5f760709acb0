"""Dead letters: what was given up, and giving it another try."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from fleetcore.application.fleet import Fleet
from fleetcore.application.streams import IngestionStream
from fleetcore.domain.ingestion import GiveUpPart, Redrive
from fleetcore.domain.parts import UNEXPLAINED, DeadLetter
from fleetcore.errors import FleetcoreError, IllegalCommand, UndecodableEvent


def dead_letters(fleet: Fleet) -> tuple[DeadLetter, ...]:
    """Every dead letter, oldest first; the ledgers count their rows as dead.

    A queue gives a message up by itself where its worker was killed again and again: such a
    letter is no event of its ingestion yet, and becomes one here. Raises `StorageUnavailable`.
    """
    letters = fleet.dead_letters.read()
    for letter in letters:
        if letter.code == UNEXPLAINED:
            _reconcile(fleet, letter)
    return letters


def _reconcile(fleet: Fleet, letter: DeadLetter) -> None:
    message = letter.message
    stream = IngestionStream(fleet.events, message.ingestion)
    with suppress(IllegalCommand):
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
