"""Where a region's snapshots lie."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from fleetcore.errors import InvalidInput

_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,99}\Z")


def checked_name(name: str) -> str:
    """The name itself. Raises `InvalidInput` if it is none: letters, digits, `.` and `-`."""
    if _NAME.match(name) is None:
        raise InvalidInput(f"{name!r} is no name of a snapshot; `fleetcore snapshot list` has them")
    return name


class SnapshotStore(Protocol):
    """Streams too large to hold, under names, each with the SHA-256 of its bytes.

    Every method raises `StorageUnavailable`, and `InvalidInput` for what is no name.
    """

    @abstractmethod
    def write(self, name: str, content: Iterable[bytes]) -> int:
        """Keep the content under a name, in the place of what was there; its size in bytes.

        Durable when it returns. Where `content` raises nothing has changed, and so where the
        process dies; dying while it replaces it may leave what `read` finds to be corrupt.
        """
        raise NotImplementedError

    @abstractmethod
    def read(self, name: str) -> Iterator[bytes]:
        """The content in pieces of at most a MiB.

        Raises `ObjectMissing` where there is none, and behind the last piece `CorruptObject`
        where the bytes are not those that were written.
        """
        raise NotImplementedError

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Every name, sorted."""
        raise NotImplementedError

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove what is under a name; nothing where there is nothing."""
        raise NotImplementedError
