"""The form of a file, told from its first bytes: compression, encoding, delimiter."""

from __future__ import annotations

import codecs
import string
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from fleetcore.domain.blocks import row_pattern
from fleetcore.domain.interpretation import Compression
from fleetcore.domain.rows import cells_of

DELIMITERS: Final[Mapping[str, str]] = {
    ",": "comma",
    ";": "semicolon",
    "\t": "tab",
    "|": "pipe",
    " ": "space",
}
"""Delimiters that are recognised, with their names; of equals the first is taken."""

MAX_SNIFFED_ROWS: Final = 100

_COMPRESSIONS: Final[Mapping[bytes, Compression]] = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_MARKS: Final[Sequence[tuple[bytes, str]]] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_KINDS: Final[Mapping[bytes, str]] = {
    b"PAR1": "a Parquet file",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
    b"ARROW1": "an Arrow file",
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"SQLite format 3": "an SQLite database",
    b"%PDF": "a PDF document",
    b"BZh": "compressed with bzip2 (gzip and zstd are read)",
    b"\xfd7zXZ": "compressed with xz (gzip and zstd are read)",
    b"\x04\x22\x4d\x18": "compressed with lz4 (gzip and zstd are read)",
    b"\x1f\x8b": "compressed twice",
    b"\x28\xb5\x2f\xfd": "compressed twice",
    b"{": "JSON",
    b"<": "XML or HTML",
}
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
_LOOKED_AT_BYTES: Final = 1 << 16
_BINARY_SHARE: Final = 0.05


def compression_of(first: bytes) -> Compression:
    """The compression that a file's first bytes show, whatever its name says."""
    for magic, compression in _COMPRESSIONS.items():
        if first.startswith(magic):
            return compression
    return "none"


def encoding_of(sample: bytes, stated: str | None) -> str:
    """The codec of a text: as its byte order mark says, else as stated, else UTF-8.

    UTF-16 without a mark is told by the zero bytes that every ASCII character brings.
    """
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    if stated is not None:
        return stated
    even, odd = sample[:_LOOKED_AT_BYTES:2], sample[1:_LOOKED_AT_BYTES:2]
    for zeros, others, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if zeros.count(0) > len(zeros) * 0.6 and others.count(0) < len(others) * 0.05:
            return name
    return "utf-8"


def other_kind(text: bytes) -> str | None:
    """What a decoded sample is, if it is no delimited text."""
    for magic, kind in _OTHER_KINDS.items():
        if text.lstrip().startswith(magic):
            return kind
    looked_at = text[:_LOOKED_AT_BYTES]
    controls = len(looked_at) - len(looked_at.translate(None, _CONTROLS))
    return "binary" if controls > len(looked_at) * _BINARY_SHARE else None


def rows_in(text: bytes, delimiter: str) -> Iterator[list[str]]:
    """The cells of each whole row of a UTF-8 sample; blank lines are no rows.

    A line on which a quote is left open is passed over. Bytes that are not UTF-8 are replaced.
    """
    pattern, at, skipped = row_pattern(delimiter), 0, 0
    while at < len(text):
        match = pattern.match(text, at)
        if match is None:
            at, skipped = text.find(b"\n", at) + 1, skipped + 1
            if at == 0 or skipped > MAX_SNIFFED_ROWS:
                return
            continue
        at = match.end()
        if row := match[0].rstrip(b"\r\n"):
            yield [cell.decode(errors="replace") for cell in cells_of(row, delimiter)]


def sniffed_delimiter(
    text: bytes, *, width: int | None, known: Callable[[Sequence[str]], int]
) -> str:
    """The delimiter that makes the most sense of a sample's first rows.

    In this order: as many columns as `width`, known names in the first row (as `known` counts
    them), rows of one width, no quotes left inside cells, any delimiter rather than space, more
    columns.
    """

    def score(delimiter: str) -> tuple[bool, int, float, int, bool, int]:
        rows = list(islice(rows_in(text, delimiter), MAX_SNIFFED_ROWS))
        if not rows or max(map(len, rows)) == 1:
            return (False, 0, 0.0, 0, False, 0)
        usual, times = Counter(map(len, rows)).most_common(1)[0]
        share = 0.0 if usual == 1 else round(times / len(rows), 1)
        quotes = sum('"' in cell for row in rows for cell in row)
        return (usual == width, known(rows[0]), share, -quotes, delimiter != " ", usual)

    return max(DELIMITERS, key=score)


def is_delimiter(text: str) -> bool:
    """Whether a text can part cells: one ASCII character that no plain cell needs."""
    taken = string.ascii_letters + string.digits + '"\r\n.+-\0'
    return len(text) == 1 and text.isascii() and text not in taken
