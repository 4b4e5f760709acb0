"""The engine that turns a file into chunks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Protocol

from attrs import frozen

from fleetcore.domain.chunks import Chunk
from fleetcore.domain.ingestion_events import ChunkProcessed, Received
from fleetcore.domain.parts import StoredEvent
from fleetcore.ports.vehicle_directory import VehicleDirectory


@frozen(kw_only=True, slots=True)
class Work:
    """One file's work: what pins its meaning, and what is already done.

    `vehicle_id` is the id taken from the file's name, if it was. `done` are the committed
    chunks, a prefix of the file; `fetch` gets the content of one of their parts by key.
    """

    received: Received
    vehicle_id: str | None
    directory: VehicleDirectory | None
    done: tuple[ChunkProcessed, ...]
    fetch: Callable[[str], bytes]


class BatchEngine(Protocol):
    """Parses, judges, deduplicates and enriches a file, chunk by chunk. Writes nothing."""

    @abstractmethod
    def chunks(self, content: BinaryIO, work: Work) -> Iterator[Chunk]:
        """The chunks that follow `work.done`, in order; the last one says so.

        `content` is the decoded content from its first byte, the header included. The result
        is a pure function of the bytes and `work.received`: any engine yields the same counts,
        rejects and events, and one engine the same parts to the byte. A file without rows
        yields one empty, last chunk. Errors of `content` pass through.
        """
        raise NotImplementedError

    @abstractmethod
    def events(self, content: bytes) -> Sequence[StoredEvent]:
        """The rows of a part this engine encoded, in the part's order.

        Raises `CorruptObject` if it cannot be read.
        """
        raise NotImplementedError
