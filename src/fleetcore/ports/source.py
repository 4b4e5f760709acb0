"""A file to be ingested, wherever it lies."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from attrs import frozen

from fleetcore.domain.interpretation import Compression, Dialect


@frozen(kw_only=True, slots=True)
class Content:
    """Which bytes a source holds, as they lie, and their number.

    Equal ids, equal bytes: `xxh3-128:<hex>` of the bytes, or `s3:<hex>` of an object's place,
    version and ETag.
    """

    id: str
    size_bytes: int


@frozen(kw_only=True, slots=True)
class Sample:
    """The first bytes of a source, decompressed but not decoded.

    `complete`: there is nothing behind them.
    """

    content: bytes
    compression: Compression = "none"
    complete: bool = True


class Source(Protocol):
    """One file. Its bytes can be read more than once."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What to call it in messages: a path, or `<stdin>`."""
        raise NotImplementedError

    @abstractmethod
    def content(self) -> Content:
        """Which bytes these are: where the storage cannot tell, a first pass over all of them.

        Raises `UnreadableFile`; `StorageUnavailable` if a service does not answer, as do all
        others.
        """
        raise NotImplementedError

    @abstractmethod
    def sample(self, size_bytes: int) -> Sample:
        """At most `size_bytes` of the beginning, decompressed as its first bytes ask for.

        Content that breaks off or is damaged further on yields what comes before. Raises
        `UnreadableFile` where nothing can be read.
        """
        raise NotImplementedError

    @abstractmethod
    def open(self, dialect: Dialect) -> AbstractContextManager[BinaryIO]:
        """The content decompressed and as UTF-8 without a byte order mark.

        Reading raises `UnreadableFile` where it cannot be decompressed or decoded, and, at the
        latest at its end, `SourceChanged` if the bytes are not those `content()` told of.
        """
        raise NotImplementedError
