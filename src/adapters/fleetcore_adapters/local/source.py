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
from typing import BinaryIO, cast

import xxhash

from fleetcore.errors import SourceChanged, UnreadableFile
from fleetcore.ports.source import Content
from fleetcore_adapters.files.stored_source import READ_BYTES, StoredBytes, StoredSource
from fleetcore_adapters.local.storage_errors import translated


class LocalSource(StoredSource):
    """A source whose bytes lie in a file of this machine."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._content: Content | None = None

    @abstractmethod
    def _raw(self) -> BinaryIO:
        """The bytes as they lie, unbuffered, from the first."""
        raise NotImplementedError

    def content(self) -> Content:
        """See `Source.content`."""
        with self._looked_at() as raw:
            digest, size_bytes = xxhash.xxh3_128(), 0
            buffer = memoryview(bytearray(READ_BYTES))
            while read := cast("io.RawIOBase", raw).readinto(buffer):
                digest.update(buffer[:read])
                size_bytes += read
        self._content = Content(id=f"xxh3-128:{digest.hexdigest()}", size_bytes=size_bytes)
        return self._content

    @contextmanager
    def _looked_at(self) -> Iterator[BinaryIO]:
        with _readable(self.name), self._raw() as raw:
            yield raw

    @contextmanager
    def _told_of(self) -> Iterator[StoredBytes]:
        expected = self._content or self.content()
        try:
            raw = self._raw()
        except OSError as error:
            raise SourceChanged(f"{self.name}: the file vanished while it was read") from error
        with raw:
            yield _Checked(raw, self.name, expected)


class FileSource(LocalSource):
    """A file under a path."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path

    def _raw(self) -> BinaryIO:
        return cast("BinaryIO", self._path.open("rb", buffering=0))


class SpooledSource(LocalSource):
    """A stream that can be read only once, such as standard input, copied into a folder first.

    The copy has no name and goes with this object. Raises `StorageUnavailable` if it cannot be
    written.
    """

    def __init__(self, name: str, stream: BinaryIO, folder: Path) -> None:
        super().__init__(name)
        with translated(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder, buffering=0) as copy:
                shutil.copyfileobj(stream, copy, READ_BYTES)
                self._descriptor = os.dup(copy.fileno())
        weakref.finalize(self, os.close, self._descriptor)

    def _raw(self) -> BinaryIO:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return cast("BinaryIO", io.FileIO(self._descriptor, "rb", closefd=False))


class _Checked(StoredBytes):
    """Reads bytes as they lie and checks at their end that they are those seen before."""

    def __init__(self, raw: BinaryIO, name: str, expected: Content) -> None:
        self._raw = raw
        self._name = name
        self._expected = expected
        self._digest = xxhash.xxh3_128()
        self._bytes_read = 0

    @property
    def bytes_read(self) -> int:
        return self._bytes_read

    def read(self, size: int = -1, /) -> bytes:
        try:
            data = self._raw.read(size)
        except OSError as error:
            raise UnreadableFile(f"{self._name}: {error.strerror or error}") from error
        self._digest.update(data)
        self._bytes_read += len(data)
        if (not data or size < 0) and self._is_other():
            raise SourceChanged(
                f"{self._name}: the file changed while it was read; run again when it is at rest"
            )
        return data

    def check(self) -> None:
        while self.read(READ_BYTES):
            pass

    def _is_other(self) -> bool:
        return f"xxh3-128:{self._digest.hexdigest()}" != self._expected.id


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
