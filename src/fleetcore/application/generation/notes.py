"""A column that no field is mapped to, for faults that do no harm there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import Final

from fleetcore.application.generation.spec import FleetSpec

NOTE_COLUMN: Final = "note"
EVERY_ROWS: Final = 23

NOTES: Final[Mapping[str, str]] = {
    "quoted-newlines": "left at the door\nrang twice",
    "nul-bytes": "signed\x00by neighbour",
    "invalid-utf-8": "stopped at the caf\udce9",
}
"""What a file fault writes into the column; bytes that are no UTF-8 as lone surrogates."""


def columns_of(spec: FleetSpec) -> tuple[str, ...]:
    """The columns of the file, the one for notes included if a fault needs it."""
    return (*spec.columns, NOTE_COLUMN) if spec.faults & set(NOTES) else spec.columns


def with_notes(rows: Iterator[tuple[str, ...]], spec: FleetSpec) -> Iterator[tuple[str, ...]]:
    """The rows with the cell of that column behind them, mostly empty; without it as they are."""
    texts = [text for fault, text in NOTES.items() if fault in spec.faults]
    if not texts:
        return rows
    cells = cycle([cell for text in texts for cell in (text, *[""] * (EVERY_ROWS - 1))])
    return ((*row, cell) for row, cell in zip(rows, cells, strict=False))
