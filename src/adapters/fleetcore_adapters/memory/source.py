"""Bytes in memory as a source."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from fleetcore.domain.dialects import compression_of
from fleetcore.domain.interpretation import Compression, Dialect
from fleetcore.errors import SourceChanged, UnreadableFile
from fleetcore.ports.source import Content, Sample, Source


class BytesSource(Source):
    """Bytes under a name, plain or gzip; zstd needs a library and is told apart only.

    `data` may be replaced, as a file may. The content id is a BLAKE2b: no library is needed.
    """

    def __init__(self, name: str, data: bytes) -> None:
        self._name = name
        self.data = data
        self._told: Content | None = None

    @property
    def name(self) -> str:
        """See `Source.name`."""
        return self._name

    def content(self) -> Content:
        """See `Source.content`."""
        self._told = self._content()
        return self._told

    def sample(self, size_bytes: int) -> Sample:
        """See `Source.sample`."""
        compression = compression_of(self.data)
        plain, whole = self.data, True
        if compression == "gzip":
            plain, whole = self._begun()
        elif compression == "zstd":
            plain = self._decompressed("zstd")
        complete = whole and len(plain) <= size_bytes
        return Sample(content=plain[:size_bytes], compression=compression, complete=complete)

    @contextmanager
    def open(self, dialect: Dialect) -> Iterator[BinaryIO]:
        """See `Source.open`."""
        if self._told is not None and self._told != self._content():
            raise SourceChanged(f"{self._name}: the file changed while it was read")
        plain = self._decompressed(dialect.compression)
        if dialect.encoding not in ("utf-8", "utf-8-sig"):
            try:
                plain = plain.decode(dialect.encoding).encode()
            except UnicodeError as error:
                raise UnreadableFile(
                    f"{self._name}: the text is not {dialect.encoding}: {error}; "
                    "say which it is: --encoding NAME"
                ) from None
        yield io.BytesIO(plain.removeprefix(codecs.BOM_UTF8))

    def _content(self) -> Content:
        digest = hashlib.blake2b(self.data, digest_size=16).hexdigest()
        return Content(id=f"blake2b-128:{digest}", size_bytes=len(self.data))

    def _begun(self) -> tuple[bytes, bool]:
        """What comes before any damage, and whether there is none."""
        try:
            return gzip.decompress(self.data), True
        except (OSError, EOFError, zlib.error):
            pass
        try:
            begun = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(self.data)
        except zlib.error as error:
            raise UnreadableFile(f"{self._name}: the gzip data is damaged: {error}") from None
        if not begun:
            raise UnreadableFile(f"{self._name}: the gzip data ends before its first byte")
        return begun, False

    def _decompressed(self, compression: Compression) -> bytes:
        if compression == "none":
            return self.data
        if compression == "zstd":
            raise UnreadableFile(f"{self._name}: zstd is not read from memory")
        try:
            return gzip.decompress(self.data)
        except EOFError:
            raise UnreadableFile(
                f"{self._name}: the gzip data breaks off; the file is incomplete"
            ) from None
        except (OSError, zlib.error) as error:
            raise UnreadableFile(f"{self._name}: the gzip data is damaged: {error}") from None
