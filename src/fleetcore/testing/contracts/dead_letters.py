"""What every place for dead letters does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest
from attrs import evolve

from fleetcore.domain.lanes import Lane
from fleetcore.domain.parts import DeadLetter, RefusedRow
from fleetcore.ports.dead_letters import DeadLetters
from fleetcore.testing.contracts.lanes import message
from fleetcore.testing.contracts.race import raced

DIED_AT_MS: Final = 1_700_000_000_000


def letter(name: str, lane: Lane = "moving", after_ms: int = 0) -> DeadLetter:
    """A letter that is known by its name, of a part that could not be stored at all."""
    return DeadLetter(
        message=message(name, lane),
        code="corrupt-object",
        reason=f"the part {name!r} is damaged",
        tries=4,
        died_at_ms=DIED_AT_MS + after_ms,
    )


ONE: Final = letter("1")
TWO: Final = letter("2", "idle", after_ms=1)
ROWS: Final = DeadLetter(
    message=evolve(message('ü/"\n<&>\U0001f69a', "idle"), ingestion="2e#2", attempt=3),
    code="rows-refused",
    reason="line 9: ünknown \x00\x1b\n\ufffe",
    tries=1,
    died_at_ms=DIED_AT_MS + 2,
    rows=(
        RefusedRow(number=0, line=9, reason="too large", payload='{"vehicle_id": "\U0001f69a"}'),
        RefusedRow(number=2**40, line=2**41, reason="", payload=""),
    ),
)


class DeadLettersContract:
    """Needs the fixture `open_dead_letters`."""

    @pytest.fixture
    def letters(self, open_dead_letters: Callable[[], DeadLetters]) -> DeadLetters:
        """The place under test."""
        return open_dead_letters()

    def test_holds_nothing_at_first(self, letters: DeadLetters) -> None:
        """Where nothing was buried nothing is read, and removing is nothing."""
        letters.remove([ONE])

        assert () == letters.read()

    def test_reads_letters_whole_oldest_first(self, letters: DeadLetters) -> None:
        """Letters of both lanes come back as they were, by the time of death."""
        letters.bury([ROWS, TWO])
        letters.bury([ONE])

        assert (ONE, TWO, ROWS) == letters.read()

    def test_reading_changes_nothing(self, letters: DeadLetters) -> None:
        """What was read is read again."""
        letters.bury([ONE, TWO])

        assert letters.read() == letters.read() == (ONE, TWO)

    @pytest.mark.parametrize("lane", ["moving", "idle"])
    def test_holds_more_than_one_request_does(self, letters: DeadLetters, lane: Lane) -> None:
        """Many letters that are buried at once are all read, and all removed."""
        many = tuple(letter(str(n), lane, after_ms=n) for n in range(25))
        letters.bury(many)
        assert many == letters.read()

        letters.remove(many)
        assert () == letters.read()

    @pytest.mark.parametrize("dead", [ONE, TWO])
    def test_reads_what_was_buried_twice_once(self, letters: DeadLetters, dead: DeadLetter) -> None:
        """A worker that crashed behind a burial repeats it."""
        letters.bury([dead, dead])
        letters.bury([dead])

        assert (dead,) == letters.read()

    @pytest.mark.parametrize("dead", [ONE, TWO])
    def test_removes_what_was_buried_twice(self, letters: DeadLetters, dead: DeadLetter) -> None:
        """No copy stays."""
        letters.bury([dead, dead])
        letters.remove([dead])

        assert () == letters.read()

    @pytest.mark.parametrize("dead", [ONE, TWO])
    def test_keeps_attempts_apart(self, letters: DeadLetters, dead: DeadLetter) -> None:
        """A part that died again after a redrive has two letters; one is removed alone."""
        again = evolve(
            dead, message=evolve(dead.message, attempt=2), died_at_ms=dead.died_at_ms + 9
        )
        letters.bury([again])
        letters.bury([dead])
        assert (dead, again) == letters.read()

        letters.remove([dead])
        assert (again,) == letters.read()

    def test_removes_only_what_is_named(self, letters: DeadLetters) -> None:
        """Other letters stay; removing again, or what is not there, is nothing."""
        letters.bury([ONE, TWO, ROWS])
        letters.remove([TWO, TWO, letter("absent")])
        letters.remove([TWO])

        assert (ONE, ROWS) == letters.read()

    def test_removes_one_by_one_what_was_read(self, letters: DeadLetters) -> None:
        """As a redrive does."""
        many = tuple(letter(str(n), "idle", after_ms=n) for n in range(12))
        letters.bury(many)
        for each in letters.read()[:6]:
            letters.remove([each])

        assert many[6:] == letters.read()

    def test_burying_and_removing_nothing_is_nothing(self, letters: DeadLetters) -> None:
        """Empty calls leave the letters alone."""
        letters.bury([ONE])
        letters.bury([])
        letters.remove([])

        assert (ONE,) == letters.read()

    def test_keeps_letters(self, open_dead_letters: Callable[[], DeadLetters]) -> None:
        """Another handle sees what was buried and what was removed."""
        first = open_dead_letters()
        first.bury([ONE, TWO])
        first.remove([ONE])

        assert (TWO,) == open_dead_letters().read()

    def test_racing_burials_lose_nothing(
        self, open_dead_letters: Callable[[], DeadLetters]
    ) -> None:
        """Letters buried at once are all there, each of them once."""
        handles = [open_dead_letters() for _ in range(4)]
        buried = [[ONE, letter(f"own-{n}", after_ms=n + 1)] for n in range(4)]

        raced([partial(h.bury, each) for h, each in zip(handles, buried, strict=True)])

        assert (ONE, *(own for _, own in buried)) == handles[0].read()
