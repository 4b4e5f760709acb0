"""Cutting a file into blocks at row ends.

A block is a pure function of the bytes and the block size. A row ends at a newline (LF, CRLF or
a lone CR) outside quotes; a quote opens only at a field's start. A row that does not end within
`MAX_ROW_BYTES` makes its first physical line malformed, and cutting starts again at the next
newline, so one stray quote cannot swallow a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO, Final

from attrs import frozen

from fleetcore.errors import UnreadableFile

MAX_ROW_BYTES: Final = 1 << 20
_KEPT_TEXT_BYTES: Final = 1 << 10
_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?!\Z)")


@frozen(kw_only=True, slots=True)
class UnendingRow:
    """A row without an end: the line it starts on, a code, and the beginning of its text.

    The code is `unclosed-quote`, or `line-too-long` where already its first line is.
    """

    line: int
    code: str
    text: bytes


@frozen(kw_only=True, slots=True)
class Block:
    """Whole rows of a file, each with its line end.

    `lines` counts the physical lines; `end` is the offset behind the block; `plain` says that
    there is no quote and no lone CR in it, so that every LF ends a row. `unending` are rows met
    before the block.
    """

    number: int
    first_line: int
    lines: int
    end: int
    data: bytes
    plain: bool
    unending: tuple[UnendingRow, ...]
    last: bool


def cut(content: BinaryIO, *, size_bytes: int, delimiter: str, has_header: bool) -> Iterator[Block]:
    """The blocks of a file, the header left out; at least one, and the last one says so.

    A block is about `size_bytes` long, or one row if that is longer. Raises `UnreadableFile`
    for a header without an end; errors of `content` pass through.
    """
    cutter = _Cutter(content, size_bytes, row_pattern(delimiter, more_follows=True))
    if has_header:
        cutter.skip_header()
    yield from cutter.blocks()


@lru_cache(maxsize=16)
def row_pattern(delimiter: str, *, more_follows: bool = False) -> re.Pattern[bytes]:
    """Matches one row with its line end; a blank line is a row too.

    Where more bytes follow those at hand, a CR at their very end may be half of a CRLF.
    """
    mark = re.escape(delimiter.encode())
    field = rb'(?:"(?:[^"]++|"")*+"[^%b\r\n]*+|[^"%b\r\n][^%b\r\n]*+|)' % (mark, mark, mark)
    lone_cr = rb"\r(?!\Z)" if more_follows else rb"\r"
    return re.compile(rb"%b(?:%b%b)*+(?:\r\n|\n|%b)" % (field, mark, field, lone_cr))


@lru_cache(maxsize=16)
def _rows_pattern(row: re.Pattern[bytes]) -> re.Pattern[bytes]:
    return re.compile(rb"(?:%b)*+" % row.pattern)


def is_plain(data: bytes) -> bool:
    """Whether every LF ends a row and nothing else does."""
    return b'"' not in data and (b"\r" not in data or data.count(b"\r") == data.count(b"\r\n"))


def line_count(data: bytes) -> int:
    """Physical lines in data that ends with a line end."""
    lines = data.count(b"\n")
    if b"\r" in data:
        lines += data.count(b"\r") - data.count(b"\r\n")
    return lines


class _Cutter:
    """The unread part of the file, and where it starts."""

    def __init__(self, content: BinaryIO, size_bytes: int, row: re.Pattern[bytes]) -> None:
        self._content = content
        self._size_bytes = size_bytes
        self._row = row
        self._rows = _rows_pattern(row)
        self._pending = b""
        self._ended = False
        self._closed_by_us = 0
        self._line = 1
        self._offset = 0

    def skip_header(self) -> None:
        """Drop the first row that is not blank."""
        at, blank = 0, True
        self._fill(self._size_bytes)
        while blank:
            match = self._row.match(self._pending, at, at + MAX_ROW_BYTES)
            if match is not None:
                blank, at = not match[0].strip(b"\r\n"), match.end()
            elif not self._ended and len(self._pending) - at < MAX_ROW_BYTES:
                self._fill(len(self._pending) + self._size_bytes)
            elif at < len(self._pending):
                raise UnreadableFile(
                    f"line {self._line}: the header has no end within {MAX_ROW_BYTES} bytes; "
                    "is a quote left open?"
                )
            else:
                break
        self._take(at)

    def blocks(self) -> Iterator[Block]:
        number = 0
        unending: list[UnendingRow] = []
        while True:
            self._fill(self._size_bytes)
            data = self._pending
            plain = is_plain(data)
            end = self._end_of_rows(data, plain=plain)
            if end == 0 and len(data) < MAX_ROW_BYTES and not self._ended:
                self._fill(len(data) + self._size_bytes)
                continue
            if end == 0 and data:
                unending.append(self._skip_unending_line())
                continue
            first_line = self._line
            data = self._take(end)
            last = self._ended and not self._pending
            yield Block(
                number=number,
                first_line=first_line,
                lines=self._line - first_line,
                end=self._offset,
                data=data,
                plain=plain or is_plain(data),
                unending=tuple(unending),
                last=last,
            )
            if last:
                return
            number += 1
            unending = []

    def _fill(self, size_bytes: int) -> None:
        """Read until so much is pending or the content ends."""
        pieces = [self._pending]
        missing = size_bytes - len(self._pending)
        while missing > 0 and not self._ended:
            piece = self._content.read(missing)
            if not piece:
                self._ended = True
                tail = next((each for each in reversed(pieces) if each), b"\n")
                if not tail.endswith(b"\n"):
                    pieces.append(b"\n")
                    self._closed_by_us = 1
            pieces.append(piece)
            missing -= len(piece)
        self._pending = b"".join(pieces) if len(pieces) > 1 else self._pending

    def _take(self, end: int) -> bytes:
        taken = self._pending if end == len(self._pending) else self._pending[:end]
        self._pending = self._pending[end:]
        self._line += line_count(taken)
        self._offset += end
        if self._ended and not self._pending:
            self._offset -= self._closed_by_us
            self._closed_by_us = 0
        return taken

    def _end_of_rows(self, data: bytes, *, plain: bool) -> int:
        """Where the last whole row ends, or the last one before a row without an end."""
        at = 0
        while at < len(data):
            window = min(at + MAX_ROW_BYTES, len(data))
            if plain:
                end = data.rfind(b"\n", at, window) + 1
            else:
                match = self._rows.match(data, at, window)
                end = match.end() if match is not None else 0
            if end <= at:
                return at
            at = end
        return at

    def _skip_unending_line(self) -> UnendingRow:
        """Give up the pending bytes up to the first line end, however far it is."""
        match = _LINE_END.search(self._pending, 0, MAX_ROW_BYTES)
        row = UnendingRow(
            line=self._line,
            code="line-too-long" if match is None else "unclosed-quote",
            text=self._pending[: min(_KEPT_TEXT_BYTES, match.start() if match else MAX_ROW_BYTES)],
        )
        while match is None:
            match = _LINE_END.search(self._pending)
            if match is None:
                kept = b"\r" if self._pending.endswith(b"\r") else b""
                self._offset += len(self._pending) - len(kept)
                self._pending = kept
                self._fill(self._size_bytes + len(kept))
                if not self._pending:
                    return row
        self._take(match.end())
        return row
