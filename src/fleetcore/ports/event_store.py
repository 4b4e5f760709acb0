"""Streams of decisions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from fleetcore.domain.ingestion import IngestionEvent


class EventStore(Protocol):
    """Append-only streams with optimistic concurrency. Versions count from 1 without gaps."""

    @abstractmethod
    def append(self, stream: str, expected_version: int, events: Sequence[IngestionEvent]) -> int:
        """Append all events or none and return the stream's new version.

        Durable when it returns. An empty `events` changes nothing but checks the version.
        Raises `VersionConflict` if the stream is not at `expected_version` (0: it does not
        exist), `StorageUnavailable` if nothing could be written.
        """
        raise NotImplementedError

    @abstractmethod
    def read(self, stream: str) -> tuple[IngestionEvent, ...]:
        """All events of a stream in the order of their versions; empty if there is no stream.

        Reads what every finished `append` wrote. Raises `UndecodableEvent` for an event this
        version cannot read, `StorageUnavailable`.
        """
        raise NotImplementedError

    @abstractmethod
    def streams(self) -> tuple[str, ...]:
        """The names of all streams in the order of their first event."""
        raise NotImplementedError
