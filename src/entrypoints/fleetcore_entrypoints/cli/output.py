"""What reaches the terminal: text made safe, JSON lines, aligned tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress


def shown(text: str) -> str:
    """A text on one line, with escapes in the place of what a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def print_json(content: Mapping[str, object]) -> None:
    """One JSON object on a line of its own, at once."""
    print(json.dumps(content), flush=True)


def note(text: str) -> None:
    """A line for the person, beside the output; where nobody can read it, the work goes on."""
    with suppress(OSError):
        print(shown(text), file=sys.stderr, flush=True)


def print_error(code: str, text: str) -> None:
    """A line that says what is wrong, by a code that can be looked up and in words."""
    note(f"error [{code}]: {text}")


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: str = "") -> None:
    """Columns as wide as their widest cell, `numbers` naming those aligned to the right.

    `numbers` has a letter a column, `r` or `l`; columns beyond it are aligned to the left.
    """
    cells = [header, *([shown(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    sides = numbers.ljust(len(header), "l")
    for row in cells:
        aligned = [
            cell.rjust(width) if side == "r" else cell.ljust(width)
            for cell, width, side in zip(row, widths, sides, strict=True)
        ]
        print("  ".join(aligned).rstrip())
