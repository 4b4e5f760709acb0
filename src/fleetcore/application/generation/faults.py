"""Kinds of file faults: what is odd about a whole file. They change no count but where told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FAULTS: Final[Mapping[str, str]] = {
    "crlf": "lines end with CR LF",
    "mixed-line-ends": "some lines end with CR LF, some with LF",
    "bom": "starts with a UTF-8 byte order mark",
    "utf-16": "UTF-16, little-endian, with a byte order mark",
    "gzip": "compressed by gzip",
    "truncated-gzip": "compressed by gzip, its end cut off: the file cannot be read to the end",
    "no-final-newline": "the last line does not end",
    "quoted-cells": "every cell is quoted",
    "quoted-newlines": "some cells of an extra column `note` hold a line break",
    "nul-bytes": "some cells of an extra column `note` hold a NUL",
    "invalid-utf-8": "some cells of an extra column `note` are Latin-1",
    "unclosed-quote": "the last row opens a quote that nothing closes: it is malformed",
    "other-delimiter": "semicolons between cells",
    "no-header": "the first line is a row",
}
"""Every kind of file fault and what it does."""

EXCLUSIVE: Final[tuple[frozenset[str], ...]] = (
    frozenset({"crlf", "mixed-line-ends"}),
    frozenset({"bom", "utf-16"}),
    frozenset({"invalid-utf-8", "utf-16"}),
)
"""Faults that cannot be in one file."""
