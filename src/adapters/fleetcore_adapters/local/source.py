"""Files on this machine and standard input as sources."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import weakref
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

import xxhash

from fleetcore.domain.dialects import compression_of
from fleetcore.domain.interpretation import Dialect
from fleetcore.errors import SourceChanged, UnreadableFile
from fleetcore.ports.source import Content, Sample, Source
from fleetcore_adapters.local.decoding import (
    Chunked,
    DamagedContent,
    decompressed,
    is_utf8,
    transcoded,
    without_mark,
)
from fleetcore_adapters.local.storage_errors import translated

_READ_BYTES: Final = 1 << 20


class StoredSource(Source):
    """A source whose bytes lie in a file that can be read from its beginning again."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._content: Content | None = None
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
    def _raw(self) -> BinaryIO:
        """The bytes as they lie, unbuffered, from the first."""
        raise NotImplementedError

    def content(self) -> Content:
        """See `Source.content`."""
        with _readable(self._name), self._raw() as raw:
            digest, size_bytes = xxhash.xxh3_128(), 0
            buffer = memoryview(bytearray(_READ_BYTES))
            while read := cast("io.RawIOBase", raw).readinto(buffer):
                digest.update(buffer[:read])
                size_bytes += read
        self._content = Content(id=f"xxh3-128:{digest.hexdigest()}", size_bytes=size_bytes)
        return self._content

    def sample(self, size_bytes: int) -> Sample:
        """See `Source.sample`."""
        with _readable(self._name), self._raw() as raw:
            chunks = iter(lambda: raw.read(_READ_BYTES), b"")
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
        expected = self._content or self.content()
        try:
            raw = self._raw()
        except OSError as error:
            raise SourceChanged(f"{self._name}: the file vanished while it was read") from error
        with raw:
            checked = _Checked(raw, self._name, expected)
            if dialect.compression == "none" and is_utf8(dialect.encoding):
                yield cast("BinaryIO", without_mark(checked))
                return
            chunks = iter(lambda: checked.read(_READ_BYTES), b"")
            plain = decompressed(chunks, dialect.compression)
            text = self._measured(transcoded(plain, dialect.encoding), checked)
            yield cast("BinaryIO", without_mark(Chunked(_explained(text, checked))))

    def _measured(self, chunks: Iterator[bytes], checked: _Checked) -> Iterator[bytes]:
        self._plain_bytes_read = 0
        for chunk in chunks:
            self._raw_bytes_read = checked.bytes_read
            self._plain_bytes_read += len(chunk)
            yield chunk


class FileSource(StoredSource):
    """A file under a path."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path

    def _raw(self) -> BinaryIO:
        return cast("BinaryIO", self._path.open("rb", buffering=0))


class SpooledSource(StoredSource):
    """A stream that can be read only once, such as standard input, copied into a folder first.

    The copy has no name and goes with this object. Raises `StorageUnavailable` if it cannot be
    written.
    """

    def __init__(self, name: str, stream: BinaryIO, folder: Path) -> None:
        super().__init__(name)
        with translated(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder, buffering=0) as copy:
                shutil.copyfileobj(stream, copy, _READ_BYTES)
                self._descriptor = os.dup(copy.fileno())
        weakref.finalize(self, os.close, self._descriptor)

    def _raw(self) -> BinaryIO:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return cast("BinaryIO", io.FileIO(self._descriptor, "rb", closefd=False))


class _Checked(io.RawIOBase):
    """Reads bytes as they lie and checks at their end that they are those seen before."""

    def __init__(self, raw: BinaryIO, name: str, expected: Content) -> None:
        self._raw = raw
        self.name = name
        self._expected = expected
        self._digest = xxhash.xxh3_128()
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; raises `SourceChanged` at an end that differs."""
        try:
            data = self._raw.read(size)
        except OSError as error:
            raise UnreadableFile(f"{self.name}: {error.strerror or error}") from error
        self._digest.update(data)
        self.bytes_read += len(data)
        if not data or size < 0:
            self._check()
        return data

    def drain(self) -> None:
        """Read what is left, for the check."""
        while self.read(_READ_BYTES):
            pass

    def _check(self) -> None:
        if f"xxh3-128:{self._digest.hexdigest()}" != self._expected.id:
            raise SourceChanged(
                f"{self.name}: the file changed while it was read; run again when it is at rest"
            )


def _explained(chunks: Iterator[bytes], checked: _Checked) -> Iterator[bytes]:
    """The chunks; damage is `SourceChanged` if the bytes changed, else `UnreadableFile`."""
    try:
        yield from chunks
    except DamagedContent as error:
        checked.drain()
        raise UnreadableFile(f"{checked.name}: {error}") from None


def _prepended(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from chunks


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Say in words why the operating system does not let a file be read."""
    try:
        yield
    except FileNotFoundError:
        raise UnreadableFile(f"{name}: there is no such file") from None
    except IsADirectoryError:
        raise UnreadableFile(f"{name}: this is a folder, not a file") from None
    except PermissionError:
        raise UnreadableFile(f"{name}: permission to read the file is denied") from None
    except OSError as error:
        raise UnreadableFile(f"{name}: {error.strerror or error}") from error
