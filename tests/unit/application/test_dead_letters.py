"""Dead letters: redriven, they are as if they had never been."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from fleetcore.application.dead_letters import LETTER_LOST, dead_letters, redrive
from fleetcore.application.ingesting import ingest
from fleetcore.application.storing import drain
from fleetcore.domain.parts import UNEXPLAINED, DeadLetter, LaneMessage
from fleetcore.errors import IllegalCommand, UndecodableEvent
from fleetcore_adapters.memory.source import BytesSource

if TYPE_CHECKING:
    from tests.unit.application.conftest import World


def with_a_dead_part(world: World, text: str) -> tuple[str, LaneMessage, bytes]:
    """A file of which one part was lost before it was stored: its ingestion, and the part."""
    world.fleet.log.append = _lost  # type: ignore[method-assign,assignment]
    ingestion = world.ingest(text).ingestion
    del world.fleet.log.append
    assert ingestion is not None
    (message, *_) = world.waiting()
    content = world.fleet.objects.get(message.part.key)
    world.fleet.objects.remove(message.part.key)
    drain(world.fleet)
    return ingestion, message, content


def _lost(_parts: object) -> tuple[()]:
    raise IllegalCommand("not now")


def test_a_mended_part_is_stored(world: World, rows: Callable[..., str]) -> None:
    """Redriven, it completes the ledger; the letter is gone."""
    ingestion, message, content = with_a_dead_part(world, rows(0, 60))
    world.fleet.objects.put_if_absent(message.part.key, content)

    assert {} == redrive(world.fleet, dead_letters(world.fleet))
    assert message.part.rows == world.state(ingestion).ledger.pending
    assert [2] == [waiting.attempt for waiting in world.waiting()]
    assert {} == drain(world.fleet)
    assert ("completed", 0) == (
        world.state(ingestion).status,
        world.state(ingestion).ledger.dead_lettered,
    )
    assert () == world.fleet.dead_letters.read()


def test_what_is_not_mended_dies_again(world: World, rows: Callable[..., str]) -> None:
    """It is another letter, of the next attempt."""
    ingestion, message, _ = with_a_dead_part(world, rows(0, 60))
    redrive(world.fleet, dead_letters(world.fleet))

    assert [message.part.key] == list(drain(world.fleet))
    assert [2] == [letter.message.attempt for letter in dead_letters(world.fleet)]
    assert message.part.rows == world.state(ingestion).ledger.dead_lettered


def test_redriving_survives_a_crash_anywhere(
    new_world: Callable[[], World], rows: Callable[..., str]
) -> None:
    """Redriven again, the part is stored, whatever call the process died before."""
    calls = 0
    died = True
    while died:
        world = new_world()
        ingestion, message, content = with_a_dead_part(world, rows(0, 60))
        world.fleet.objects.put_if_absent(message.part.key, content)
        died = world.dies(calls, lambda fleet: redrive(fleet, dead_letters(fleet)))
        redrive(world.fleet, dead_letters(world.fleet))
        drain(world.fleet)
        calls += 1

        assert "completed" == world.state(ingestion).status, calls
        assert 0 == world.state(ingestion).ledger.dead_lettered, calls
        assert () == world.fleet.dead_letters.read(), calls
    assert calls > 5


def test_what_a_queue_gave_up_is_reconciled(world: World, rows: Callable[..., str]) -> None:
    """The ledger learns of it when the letters are looked at; once."""
    ingestion, message, _ = with_a_dead_part(world, rows(0, 60))
    redrive(world.fleet, dead_letters(world.fleet))
    (again,) = world.waiting()
    for _ in range(2):
        world.fleet.dead_letters.bury([_unexplained(again)])
        letters = dead_letters(world.fleet)

        assert [UNEXPLAINED] == [letter.code for letter in letters]
        assert message.part.rows == world.state(ingestion).ledger.dead_lettered


def test_a_letter_of_an_attempt_that_is_over_kills_nothing(
    world: World, rows: Callable[..., str]
) -> None:
    """A letter that comes late tells of what was redriven since."""
    ingestion, message, _ = with_a_dead_part(world, rows(0, 60))
    redrive(world.fleet, dead_letters(world.fleet))
    world.fleet.dead_letters.bury([_unexplained(message)])
    dead_letters(world.fleet)

    assert 0 == world.state(ingestion).ledger.dead_lettered
    assert message.part.rows == world.state(ingestion).ledger.pending


def test_a_letter_of_nobody_is_reported_and_kept(world: World, rows: Callable[..., str]) -> None:
    """No ledger counts its rows, so they cannot be pending again."""
    _, message, _ = with_a_dead_part(world, rows(0, 60))
    foreign = LaneMessage(ingestion="lost-1", part=message.part)
    world.fleet.dead_letters.remove(world.fleet.dead_letters.read())
    world.fleet.dead_letters.bury([_unexplained(foreign)])

    failed = redrive(world.fleet, dead_letters(world.fleet))
    assert [IllegalCommand] == [type(error) for error in failed.values()]
    assert 1 == len(world.fleet.dead_letters.read())


def test_rows_whose_letter_is_lost_are_listed(world: World, rows: Callable[..., str]) -> None:
    """The ledger knows the part, so it can be redriven all the same."""
    ingestion, message, content = with_a_dead_part(world, rows(0, 60))
    world.fleet.dead_letters.remove(world.fleet.dead_letters.read())
    world.fleet.objects.put_if_absent(message.part.key, content)
    (letter,) = dead_letters(world.fleet)

    assert (LETTER_LOST, message) == (letter.code, letter.message)
    assert {} == redrive(world.fleet, [letter])
    assert {} == drain(world.fleet)
    assert 0 == world.state(ingestion).ledger.dead_lettered


def test_a_part_that_was_stored_after_all_has_no_letter(
    world: World, rows: Callable[..., str]
) -> None:
    """As where another worker was slow, but did it."""
    _, message, content = with_a_dead_part(world, rows(0, 60))
    world.fleet.objects.put_if_absent(message.part.key, content)
    world.fleet.lanes.send([message])
    drain(world.fleet)

    assert () == dead_letters(world.fleet)
    assert () == world.fleet.dead_letters.read()


def test_a_stream_of_a_newer_version_hides_no_other(
    world: World, rows: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its letters are listed too."""
    _, message, _ = with_a_dead_part(world, rows(0, 60))
    world.fleet.dead_letters.bury([_unexplained(message)])

    def unreadable(_stream: str) -> object:
        raise UndecodableEvent("install a newer fleetcore", {})

    monkeypatch.setattr(world.fleet.events, "read", unreadable)

    assert [message] == [letter.message for letter in dead_letters(world.fleet)]


def test_keeps_a_rate(world: World, rows: Callable[..., str]) -> None:
    """Between two parts it pauses."""
    for start in (0, 100, 200):
        with_a_dead_part(world, rows(start, start + 6))
    pauses: list[None] = []
    redrive(world.fleet, dead_letters(world.fleet), lambda: pauses.append(None))

    assert 2 == len(pauses)


def test_a_file_with_dead_rows_says_so(world: World, rows: Callable[..., str]) -> None:
    """Each time it is ingested again, until they are redriven."""
    text = rows(0, 60)
    with_a_dead_part(world, text)
    source = BytesSource("file.csv", text.encode())
    done = ingest(world.fleet, source, world.request)

    assert "already-ingested" == done.status
    assert "dead-letters redrive" in str(done.error)


def _unexplained(message: LaneMessage) -> DeadLetter:
    return DeadLetter(message=message, code=UNEXPLAINED, reason="", tries=5, died_at_ms=0)
