"""Rows as the bytes of a file, file faults included."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Final, cast

from fleetcore.application.generation.notes import columns_of
from fleetcore.application.generation.spec import FleetSpec

_COMPRESSION_LEVEL: Final = 4
_HELD_BACK_BYTES: Final = 1 << 16
_OTHER_DELIMITER: Final = ";"


class RowWriter:
    """Lines of a file: what a row looks like as text, and text as bytes."""

    def __init__(self, spec: FleetSpec, sink: BinaryIO) -> None:
        self._sink = sink
        self._faults = spec.faults
        self._encoding = "utf-16-le" if "utf-16" in spec.faults else "utf-8"
        self._end = "\r\n" if "crlf" in spec.faults else "\n"
        self._delimiter = _OTHER_DELIMITER if "other-delimiter" in spec.faults else spec.delimiter
        self._quoted = "quoted-cells" in spec.faults
        self._plain = not spec.faults & {"quoted-cells", "quoted-newlines"}
        self._lines = 0
        if "utf-16" in spec.faults:
            sink.write(codecs.BOM_UTF16_LE)
        if "bom" in spec.faults:
            sink.write(codecs.BOM_UTF8)
        if "no-header" not in spec.faults:
            self.write([self.line(spec.headings.get(name, name) for name in columns_of(spec))])

    def lines(self, rows: Iterable[Sequence[str]]) -> Iterable[str]:
        """The lines of many rows."""
        return map(self._delimiter.join if self._plain else self.line, rows)

    def line(self, cells: Iterable[str]) -> str:
        """The line of any cells."""
        if self._quoted:
            return '"' + f'"{self._delimiter}"'.join(cells) + '"'
        return self._delimiter.join(f'"{cell}"' if "\n" in cell else cell for cell in cells)

    def unclosed_line(self, cells: Sequence[str]) -> str:
        """The line of a row whose last cell opens a quote that nothing closes."""
        opened = [*cells[:-1], "unclosed"]
        if self._quoted:
            return self.line(opened).removesuffix('"')
        return self._delimiter.join([*cells[:-1], '"unclosed'])

    def write(self, lines: Sequence[str]) -> None:
        """Append lines. The end of the last one is left open until more follow."""
        if not lines:
            return
        if "mixed-line-ends" in self._faults:
            text = "".join(map(self._after_mixed_end, lines))
        else:
            text = (self._end if self._lines else "") + self._end.join(lines)
            self._lines += len(lines)
        self._sink.write(text.encode(self._encoding, "surrogateescape"))

    def close(self) -> None:
        """End the last line."""
        if self._lines and "no-final-newline" not in self._faults:
            self._sink.write(self._end.encode(self._encoding))

    def _after_mixed_end(self, line: str) -> str:
        self._lines += 1
        if self._lines == 1:
            return line
        return ("\n" if self._lines % 3 else "\r\n") + line


@contextmanager
def compressed(sink: BinaryIO, faults: frozenset[str]) -> Iterator[BinaryIO]:
    """The sink itself, or one that compresses into it, and then perhaps loses the end."""
    if not faults & {"gzip", "truncated-gzip"}:
        yield sink
        return
    cut = _CutSink(sink) if "truncated-gzip" in faults else None
    with gzip.GzipFile("", "wb", _COMPRESSION_LEVEL, cut or sink, mtime=0) as file:
        yield cast("BinaryIO", file)
    if cut is not None:
        cut.lose_end()


class _CutSink:
    """Passes on all but the end of what is written to it."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._held = b""

    def write(self, data: bytes) -> int:
        self._held += data
        passed = max(0, len(self._held) - _HELD_BACK_BYTES)
        self._sink.write(self._held[:passed])
        self._held = self._held[passed:]
        return len(data)

    def flush(self) -> None:
        self._sink.flush()

    def lose_end(self) -> None:
        """Write the first half of what was held back."""
        self._sink.write(self._held[: len(self._held) // 2])
