"""From bytes as they lie to plain UTF-8, piece by piece, in bounded memory."""

from __future__ import annotations

import codecs
import io
import zlib
from collections.abc import Callable, Iterator
from typing import Final, Protocol

import zstandard

from fleetcore.domain.interpretation import Compression

_GZIP_INPUT_BYTES: Final = 1 << 14
_ZSTD_INPUT_BYTES: Final = 1 << 11
"""Compressed bytes fed at once: bounds what one step can blow up to (16 and 64 MiB)."""


class DamagedContent(Exception):
    """Content that cannot be decompressed or decoded; told as `UnreadableFile` with its name."""


class _Decompressor(Protocol):
    """What zlib and zstandard have in common: one member or frame."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` of the next bytes, all of them if it is negative; none at the end."""
        raise NotImplementedError


def is_utf8(encoding: str) -> bool:
    """Whether a codec needs no transcoding."""
    return encoding in ("utf-8", "utf-8-sig")


def decompressed(chunks: Iterator[bytes], compression: Compression) -> Iterator[bytes]:
    """The content of all gzip members or zstd frames. Raises `DamagedContent`."""
    match compression:
        case "none":
            return chunks
        case "gzip":
            return _members(
                chunks, "gzip", lambda: zlib.decompressobj(16 + zlib.MAX_WBITS), _GZIP_INPUT_BYTES
            )
        case "zstd":
            return _members(
                chunks, "zstd", zstandard.ZstdDecompressor().decompressobj, _ZSTD_INPUT_BYTES
            )


def _members(
    chunks: Iterator[bytes], name: str, opened: Callable[[], _Decompressor], input_bytes: int
) -> Iterator[bytes]:
    member: _Decompressor | None = None
    for chunk in chunks:
        for at in range(0, len(chunk), input_bytes):
            data = chunk[at : at + input_bytes]
            while data:
                if member is None:
                    # gzip allows zero bytes as padding behind a member.
                    data = data.lstrip(b"\0") if name == "gzip" else data
                    member = opened() if data else None
                    continue
                try:
                    plain = member.decompress(data)
                except (zlib.error, zstandard.ZstdError) as error:
                    raise DamagedContent(f"the {name} data is damaged: {error}") from None
                if plain:
                    yield plain
                data = member.unused_data if member.eof else b""
                member = None if member.eof else member
    if member is not None:
        raise DamagedContent(f"the {name} data breaks off; the file is incomplete")


def transcoded(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The same text in UTF-8. Raises `DamagedContent`."""
    if is_utf8(encoding):
        return chunks
    return _transcoded(chunks, encoding)


def _transcoded(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in chunks:
            if text := decoder.decode(chunk):
                yield text.encode()
        if text := decoder.decode(b"", True):
            yield text.encode()
    except UnicodeError as error:
        raise DamagedContent(
            f"the text is not {encoding}: {error}; say which it is: --encoding NAME"
        ) from None


class Chunked(io.RawIOBase):
    """A reader over pieces."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._pending = b""

    def readable(self) -> bool:
        """It can be read."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, fewer only at the end."""
        pieces, found = [self._pending], len(self._pending)
        while (size < 0 or found < size) and (piece := next(self._chunks, b"")):
            pieces.append(piece)
            found += len(piece)
        whole = b"".join(pieces)
        end = len(whole) if size < 0 else size
        self._pending = whole[end:]
        return whole[:end]


class _Headed(io.RawIOBase):
    """A reader that gives some bytes before the rest."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        """It can be read."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none only at the end."""
        if not self._head:
            return self._rest.read(size)
        if size < 0:
            head, self._head = self._head, b""
            return head + self._rest.read()
        head, self._head = self._head[:size], self._head[size:]
        if self._head or len(head) == size:
            return head
        return head + self._rest.read(size - len(head))


def without_mark(content: Readable) -> io.RawIOBase:
    """UTF-8 content without its byte order mark."""
    head = b""
    while len(head) < len(codecs.BOM_UTF8) and (
        piece := content.read(len(codecs.BOM_UTF8) - len(head))
    ):
        head += piece
    return _Headed(head.removeprefix(codecs.BOM_UTF8), content)
