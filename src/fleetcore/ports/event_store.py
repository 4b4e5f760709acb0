"""Streams of decisions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

from fleetcore.errors import InvalidInput

E = TypeVar("E")

MAX_EVENTS: Final = 90
"""Events in one append: DynamoDB's transactions end at 100 items."""


def checked_size(events: Sequence[object]) -> None:
    """Raise `InvalidInput` for more events than one append takes."""
    if len(events) > MAX_EVENTS:
        raise InvalidInput(f"{len(events)} events in one append; {MAX_EVENTS} is the most")


class EventStore(Protocol[E]):
    """Append-only streams of one aggregate's events, with optimistic concurrency.

    Versions count from 1 without gaps.
    """

    @abstractmethod
    def append(self, stream: str, expected_version: int, events: Sequence[E]) -> int:
        """Append all events, at most `MAX_EVENTS`, or none; the stream's new version.

        Durable when it returns. An empty `events` changes nothing but checks the version. Raises
        `InvalidInput` for more events, `VersionConflict` if the stream is not at
        `expected_version` (0: it does not exist), `StorageUnavailable` if nothing could be
        written, or if an answer was lost and nobody can tell: read and decide again.
        """
        raise NotImplementedError

    @abstractmethod
    def read(self, stream: str) -> tuple[E, ...]:
        """All events of a stream in the order of their versions; empty if there is no stream.

        Reads what every finished `append` wrote. Raises `UndecodableEvent` for an event this
        version cannot read, `StorageUnavailable`.
        """
        raise NotImplementedError

    @abstractmethod
    def streams(self, prefix: str = "") -> tuple[str, ...]:
        """The names of the streams that begin with `prefix`, in the order of their first event.

        Raises `StorageUnavailable`.
        """
        raise NotImplementedError
