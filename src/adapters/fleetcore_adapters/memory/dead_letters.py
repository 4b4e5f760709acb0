"""Messages that were given up, in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from fleetcore.domain.parts import DeadLetter
from fleetcore.ports.dead_letters import DeadLetters


class MemoryDeadLetters(DeadLetters):
    """Keeps letters as long as the process lives; of a part and attempt the first one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._letters: dict[tuple[str, int], DeadLetter] = {}

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        with self._lock:
            for letter in letters:
                self._letters.setdefault(_identity(letter), letter)

    def read(self) -> tuple[DeadLetter, ...]:
        with self._lock:
            return tuple(sorted(self._letters.values(), key=lambda letter: letter.died_at_ms))

    def remove(self, letters: Sequence[DeadLetter]) -> None:
        with self._lock:
            for letter in letters:
                self._letters.pop(_identity(letter), None)


def _identity(letter: DeadLetter) -> tuple[str, int]:
    return letter.message.part.key, letter.message.attempt
