"""The log of location events."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import Part, StoredEvent


class LocationLog(Protocol):
    """A growing set of location events, keyed by vehicle, instant and fingerprint.

    Nothing in it is ever overwritten with other content, so every write is idempotent under any
    interleaving. Payloads of one identity are siblings; the winner is chosen by the reader.
    """

    @abstractmethod
    def append(self, parts: Sequence[Part]) -> tuple[StoreOutcome, ...]:
        """Add every row of the parts that the log does not hold; an outcome a part, in order.

        A row is stored, already stored (same identity, equal payload), or conflicting: stored
        too, beside a sibling that another part brought. A part appended before returns its
        first outcome and changes nothing. Rows of the parts of one ingestion are never
        duplicates or conflicts of each other. Durable when it returns; of a failing call a
        prefix of the parts, and some rows of the next, may be in the log, and calling again
        completes it. Raises `ObjectMissing`, `CorruptObject` if a part is not what its sha256
        says, `RowsRefused`, `StorageUnavailable`. Of parts that are appended at once a log may
        count an equal row as stored twice, or a conflict on neither side, but stores the same.
        """
        raise NotImplementedError

    @abstractmethod
    def read_vehicle(self, vehicle_id: str, start_ms: int, end_ms: int) -> tuple[StoredEvent, ...]:
        """All events of a vehicle with `start_ms <= observed_at < end_ms`, siblings included.

        Ordered by `observed_at`, then fingerprint. Holds what every finished `append` stored,
        compaction or not.
        """
        raise NotImplementedError

    @abstractmethod
    def read_city(self, city: str, start_ms: int, end_ms: int) -> Iterator[StoredEvent]:
        """All events that reported a city, with `start_ms <= observed_at < end_ms`.

        In no order, siblings included; what is appended meanwhile, or was appended a moment ago,
        may be missing. Raises `StorageUnavailable`.
        """
        raise NotImplementedError

    @abstractmethod
    def scan(self) -> Iterator[StoredEvent]:
        """Every event once, in no order; what is appended meanwhile may be missing."""
        raise NotImplementedError

    @abstractmethod
    def winners_since(self, cursor: int) -> tuple[Iterable[StoredEvent], int]:
        """The winner of each vehicle among the events appended behind `cursor`, and a new cursor.

        The winners can be gone through once. Cursor 0 is behind nothing: from the beginning.
        Events may be returned again for a later cursor (compaction keeps the highest), none is
        left out. Applying the winners and then saving the cursor keeps a view that picks
        winners exact.
        """
        raise NotImplementedError
