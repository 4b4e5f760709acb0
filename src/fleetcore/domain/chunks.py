"""What an engine makes of one chunk of a file."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from attrs import frozen

from fleetcore.domain.lanes import Lane
from fleetcore.domain.ledger import RowCounts

MAX_REJECT_TEXT_BYTES: Final = 4096
_ELLIPSIS: Final = "\u2026".encode()

RejectKind: TypeAlias = Literal["malformed", "rejected"]


@frozen(kw_only=True, slots=True)
class RejectedRow:
    """A row that was not accepted: its line, why, and its text as it lay in the file.

    Bytes that are not UTF-8 are kept as lone surrogates (PEP 383); a text that was cut off
    because it was too long ends with an ellipsis.
    """

    line: int
    kind: RejectKind
    reasons: tuple[str, ...]
    text: str


def reject_text(row: bytes, *, cut: bool = False) -> str:
    """A row's bytes as `RejectedRow.text`; `cut` where more of the row was left behind."""
    if len(row) > MAX_REJECT_TEXT_BYTES:
        row, cut = row[:MAX_REJECT_TEXT_BYTES], True
    return (row + _ELLIPSIS if cut else row).decode(errors="surrogateescape")


@frozen(kw_only=True, slots=True)
class EncodedPart:
    """A part's content, ready to be stored under a key with this suffix."""

    lane: Lane
    rows: int
    content: bytes
    suffix: str


@frozen(kw_only=True, slots=True)
class Chunk:
    """One chunk, judged, deduplicated, enriched and encoded; nothing of it is stored yet.

    `end` is the offset in the decoded content behind the chunk's last byte.
    """

    number: int
    end: int
    counts: RowCounts
    parts: tuple[EncodedPart, ...]
    rejects: tuple[RejectedRow, ...]
    last: bool
