"""Immutable objects under keys."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator
from typing import Final, Protocol

from fleetcore.errors import InvalidInput

_SEGMENT: Final = r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._=-]{1,200}"
_KEY: Final = re.compile(rf"(?=.{{1,1024}}\Z){_SEGMENT}(?:/{_SEGMENT})*")


def is_key(text: str) -> bool:
    """Whether a text is a key: see `ObjectStore`."""
    return _KEY.fullmatch(text) is not None


def checked_key(key: str) -> str:
    """The key itself. Raises `InvalidInput` if it is none."""
    if not is_key(key):
        raise InvalidInput(
            f"object key {key!r} is not a relative path of ASCII letters, digits and ._=-"
        )
    return key


class ObjectStore(Protocol):
    """Whole objects under keys such as `fresh/<ingestion>/0-moving-<hash>.parquet`.

    Keys are relative paths of at most 1,024 characters: segments of at most 200 ASCII letters,
    digits and `._=-`, joined by `/`, none of them `.` or `..`. Anything else raises
    `InvalidInput`. No key is the folder of another.
    """

    @abstractmethod
    def put_if_absent(self, key: str, content: bytes) -> bool:
        """Store an object unless the key is taken; whether it was stored.

        Atomic: a reader sees the whole object or none. Durable when it returns.
        Raises `StorageUnavailable` if it cannot be written.
        """
        raise NotImplementedError

    @abstractmethod
    def get(self, key: str) -> bytes:
        """The object's content. Raises `ObjectMissing`, `StorageUnavailable`."""
        raise NotImplementedError

    @abstractmethod
    def keys(self, prefix: str) -> Iterator[str]:
        """The keys that begin with `prefix`, sorted; every object whose put has returned."""
        raise NotImplementedError

    @abstractmethod
    def remove(self, key: str) -> None:
        """Remove an object; one that is not there is nothing. Raises `StorageUnavailable`."""
        raise NotImplementedError
