"""Earlier clean rows, kept in bounded memory to be written again."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final, TypeAlias

from attrs import define, field

Cells: TypeAlias = tuple[str, ...]

NEAR_ROWS: Final = 16
FAR_ROWS: Final = 4096

_NEAR_SHARE: Final = 0.5


@define(slots=True)
class Repeats:
    """A few of the latest rows, and a sample of all rows so far (reservoir sampling).

    A row is offered once and is in one of the two, so a row that was taken cannot come again.
    """

    rng: Random
    _near: list[Cells] = field(factory=list)
    _far: list[Cells] = field(factory=list)
    _seen: int = 0

    def offer(self, rows: Sequence[Cells]) -> None:
        """Rows just written, none of them twice."""
        if not rows:
            return
        self._near.append(rows[-1])
        if len(self._near) > NEAR_ROWS:
            self._sample(self._near.pop(0))

    def look(self) -> Cells | None:
        """One of the rows kept, or None if there is none."""
        kept = self._choose()
        return self.rng.choice(kept) if kept else None

    def take(self) -> Cells | None:
        """As `look`, and the row is kept no longer."""
        kept = self._choose()
        if not kept:
            return None
        place = self.rng.randrange(len(kept))
        kept[place], kept[-1] = kept[-1], kept[place]
        return kept.pop()

    def _choose(self) -> list[Cells]:
        near = not self._far or self.rng.random() < _NEAR_SHARE
        return self._near if near and self._near else self._far

    def _sample(self, row: Cells) -> None:
        self._seen += 1
        if len(self._far) < FAR_ROWS:
            self._far.append(row)
            return
        place = self.rng.randrange(self._seen)
        if place < FAR_ROWS:
            self._far[place] = row
