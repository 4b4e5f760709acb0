"""A source whose bytes lie in a storage that can be read from the first byte again."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, Final, Protocol, cast

from fleetcore.domain.dialects import compression_of
from fleetcore.domain.interpretation import Dialect
from fleetcore.errors import UnreadableFile
from fleetcore.ports.source import Sample, Source
from fleetcore_adapters.files.decoding import (
    Chunked,
    DamagedContent,
    Readable,
    decompressed,
    is_utf8,
    transcoded,
    without_mark,
)

READ_BYTES: Final = 1 << 20


class StoredBytes(Protocol):
    """The bytes that `content()` told of, as they lie."""

    @property
    @abstractmethod
    def bytes_read(self) -> int:
        """How many have been read."""
        raise NotImplementedError

    @abstractmethod
    def read(self, size: int = -1, /) -> bytes:
        """At most `size` of the next; none only at the end. Raises `SourceChanged`."""
        raise NotImplementedError

    @abstractmethod
    def check(self) -> None:
        """Raises `SourceChanged` if they are others; may read them to their end."""
        raise NotImplementedError


class StoredSource(Source):
    """Decodes what a storage holds; the storage says which bytes these are."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._raw_bytes_read = 0
        self._plain_bytes_read = 0

    @property
    def name(self) -> str:
        """See `Source.name`."""
        return self._name

    def raw_bytes(self, end: int) -> int:
        """About how many bytes, as they lie, hold the content up to an offset already read."""
        if not self._plain_bytes_read:
            return end
        return self._raw_bytes_read * end // self._plain_bytes_read

    @abstractmethod
    def _looked_at(self) -> AbstractContextManager[Readable]:
        """The bytes as they lie, from the first, whatever they are by now.

        Entering it and reading raise `UnreadableFile`.
        """
        raise NotImplementedError

    @abstractmethod
    def _told_of(self) -> AbstractContextManager[StoredBytes]:
        """The bytes as they lie, from the first, if they are those that `content()` tells of."""
        raise NotImplementedError

    def sample(self, size_bytes: int) -> Sample:
        """See `Source.sample`."""
        with self._looked_at() as raw:
            chunks = iter(lambda: raw.read(READ_BYTES), b"")
            first = next(chunks, b"")
            compression = compression_of(first)
            pieces: list[bytes] = []
            found, complete = 0, False
            plain = decompressed(_prepended(first, chunks), compression)
            try:
                while found <= size_bytes:
                    pieces.append(next(plain))
                    found += len(pieces[-1])
            except StopIteration:
                complete = True
            except DamagedContent as error:
                if not found:
                    raise UnreadableFile(f"{self._name}: {error}") from None
        return Sample(
            content=b"".join(pieces)[:size_bytes], compression=compression, complete=complete
        )

    @contextmanager
    def open(self, dialect: Dialect) -> Iterator[BinaryIO]:
        """See `Source.open`."""
        with self._told_of() as raw:
            if dialect.compression == "none" and is_utf8(dialect.encoding):
                yield cast("BinaryIO", without_mark(raw))
                return
            plain = decompressed(iter(lambda: raw.read(READ_BYTES), b""), dialect.compression)
            text = self._measured(transcoded(plain, dialect.encoding), raw)
            yield cast("BinaryIO", without_mark(Chunked(self._explained(text, raw))))

    def _measured(self, chunks: Iterator[bytes], raw: StoredBytes) -> Iterator[bytes]:
        self._plain_bytes_read = 0
        for chunk in chunks:
            self._raw_bytes_read = raw.bytes_read
            self._plain_bytes_read += len(chunk)
            yield chunk

    def _explained(self, chunks: Iterator[bytes], raw: StoredBytes) -> Iterator[bytes]:
        """The chunks; damage is `SourceChanged` if the bytes changed, else `UnreadableFile`."""
        try:
            yield from chunks
        except DamagedContent as error:
            raw.check()
            raise UnreadableFile(f"{self._name}: {error}") from None


def _prepended(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from chunks
