"""Random histories of dead letters: every adapter keeps what memory keeps."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
from attrs import evolve, frozen
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from tests.contract.harness import local, sqs
from tests.contract.harness.harness import Harness

from fleetcore.domain.parts import DeadLetter
from fleetcore.ports.dead_letters import DeadLetters
from fleetcore.testing.contracts.lanes import message
from fleetcore_adapters.memory.dead_letters import MemoryDeadLetters

EXAMPLES: Final = 10
"""A history on a server is many requests."""


def _letter(number: int) -> DeadLetter:
    """The letter of a part, or of another attempt at it; each of another time."""
    return DeadLetter(
        message=evolve(
            message(f"{number // 2}", ("moving", "idle")[number // 4]), attempt=1 + number % 2
        ),
        code="corrupt-object",
        reason=f"reason {number}",
        tries=1 + number % 4,
        died_at_ms=number * 7 % 8,
        rows=(),
    )


LETTERS: Final = tuple(map(_letter, range(8)))


@frozen(slots=True)
class Step:
    """Letters to bury or to remove; none that was removed is buried again.

    For a queue may drop within minutes what it had before: another try is another attempt.
    """

    buried: tuple[int, ...]
    removed: tuple[int, ...]


_SOME: Final = st.lists(st.integers(0, len(LETTERS) - 1), max_size=3).map(tuple)
HISTORIES: Final = st.lists(st.builds(Step, buried=_SOME, removed=_SOME), max_size=4)


def kept(letters: DeadLetters, history: Sequence[Step]) -> list[tuple[DeadLetter, ...]]:
    """What is read after each step."""
    gone: set[int] = set()
    found: list[tuple[DeadLetter, ...]] = []
    for step in history:
        letters.bury([LETTERS[each] for each in step.buried if each not in gone])
        letters.remove([LETTERS[each] for each in step.removed])
        gone.update(step.removed)
        found.append(letters.read())
    return found


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row.name)
        for row in (*local.ROWS["dead_letters"], *sqs.ROWS["dead_letters"])
    ],
)
def test_what_is_kept_is_what_memory_keeps(
    row: Harness[DeadLetters], record_property: Callable[[str, object], None]
) -> None:
    """Each letter once, oldest first, until it is removed."""

    @settings(max_examples=EXAMPLES)
    @given(history=HISTORIES)
    def agrees(history: list[Step]) -> None:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            letters = row.start(Path(folder), stack)()

            assert kept(MemoryDeadLetters(), history) == kept(letters, history)

    agrees()
    record_property("histories", ["dead_letters", row.name, EXAMPLES])


class OneAPart(MemoryDeadLetters):
    """Removes all attempts at a part."""

    def remove(self, letters: Sequence[DeadLetter]) -> None:
        parts = {each.message.part.key for each in letters}
        super().remove([each for each in self.read() if each.message.part.key in parts])


class NewestFirst(MemoryDeadLetters):
    """Reads in the wrong order."""

    def read(self) -> tuple[DeadLetter, ...]:
        return super().read()[::-1]


@pytest.mark.parametrize("faulty", [OneAPart, NewestFirst])
def test_a_planted_bug_is_found(faulty: Callable[[], DeadLetters]) -> None:
    """Random histories tell dead letters with a small fault from right ones."""

    def differs(history: list[Step]) -> bool:
        return kept(MemoryDeadLetters(), history) != kept(faulty(), history)

    searching = settings(max_examples=1000, database=None, phases=[Phase.generate])

    assert find(HISTORIES, differs, settings=searching)
