"""Rejected and malformed rows as objects beside the parts: gzip of one JSON object a line."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from json.encoder import encode_basestring_ascii
from typing import Final

from attrs import evolve

from fleetcore.domain.chunks import RejectedRow
from fleetcore.errors import CorruptObject

_SUFFIX: Final = ".jsonl.gz"


def encoded(rows: Sequence[RejectedRow]) -> bytes:
    """The rows' object; equal rows give equal bytes. Lone surrogates survive as escapes."""
    reasons = {each: json.dumps(each) for each in {row.reasons for row in rows}}
    lines = [
        f'{{"line": {row.line}, "kind": "{row.kind}", "reasons": {reasons[row.reasons]}, '
        f'"text": {encode_basestring_ascii(row.text)}}}\n'
        for row in rows
    ]
    return gzip.compress("".join(lines).encode("ascii"), compresslevel=1, mtime=0)


def decoded(content: bytes, key: str) -> Iterator[RejectedRow]:
    """The rows of an object. Raises `CorruptObject`."""
    try:
        if not content:
            raise EOFError("it is empty")
        for line in gzip.decompress(content).splitlines():
            row = json.loads(line)
            yield RejectedRow(
                line=row["line"],
                kind=row["kind"],
                reasons=tuple(row["reasons"]),
                text=row["text"],
            )
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise CorruptObject(
            f"{key!r} is not a readable list of rejected rows: {error}; run `fleetcore doctor`"
        ) from error


def without(rows: Sequence[RejectedRow], names: Callable[[str], bool]) -> tuple[RejectedRow, ...]:
    """The rows, without the texts that name somebody: line and reasons stay, and are counted."""
    return tuple(evolve(row, text="") if names(row.text) else row for row in rows)


def key_of(ingestion: str, chunk: int, content: bytes) -> str:
    """Where a chunk's rejects are kept."""
    return f"rejects/{ingestion}/{chunk:05d}-{_digest(content)}{_SUFFIX}"


def is_key_of(key: str, content: bytes) -> bool:
    """Whether a key is one under which this content would be kept."""
    return key.endswith(f"-{_digest(content)}{_SUFFIX}")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
