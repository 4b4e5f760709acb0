"""The growing end of the log: batches in, changes out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from attrs import frozen

from fleetcore.domain.facts import Fact
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.messages import EventBatch
from fleetcore.domain.tombstones import Tombstone


@frozen(kw_only=True, slots=True)
class Changes:
    """What came into a log behind a cursor, and the cursor behind it.

    `facts` are the winner of each vehicle among it: all that a view of winners needs.
    """

    facts: Sequence[Fact]
    cursor: int


@frozen(kw_only=True, slots=True)
class Batches:
    """Batches that came into a log behind a cursor, in order, and the cursor behind them."""

    batches: tuple[EventBatch, ...]
    cursor: int


class LiveLog(Protocol):
    """Takes events in as they come, durably, and tells who follows what is new.

    It is the same log that parts are appended to: one sequence, one set of facts. What is
    appended can be read by every method of `LocationLog` at once.
    """

    @abstractmethod
    def append_batches(self, *batches: EventBatch) -> StoreOutcome:
        """Add every row that the log does not hold, in one step; durable when it returns.

        A row is stored, already stored (an equal payload is in the log, or before it in the
        batches), or conflicting (stored too, beside a sibling), whoever took the others in. Rows
        of forgotten vehicles are not stored: they count as forgotten. What is stored is of the
        batches' ingestion, whatever their content says. Appending again changes nothing.

        Raises `CorruptObject` where a content is not so many readable rows, `InvalidInput` where
        they are of several ingestions, or of one that cannot be part of a key or is that of a
        file (see `fleetcore.domain.provenance`), `StorageUnavailable`: nothing was stored;
        appending again is safe.
        """
        raise NotImplementedError

    @abstractmethod
    def reached(self) -> int:
        """The cursor behind all that was appended so far; cheap. Raises `StorageUnavailable`."""
        raise NotImplementedError

    @abstractmethod
    def changes_since(self, cursor: int) -> Changes:
        """What was appended behind `cursor` (0: from the beginning), folded to winners.

        Facts may come again for a later cursor, none is left out. Raises `StorageUnavailable`.
        """
        raise NotImplementedError

    @abstractmethod
    def batches_since(self, cursor: int, limit: int) -> Batches:
        """About `limit` rows, at least a batch where there is one, that came in behind `cursor`.

        The cursor is one of `Batches` (0: from the beginning), which are not those of `Changes`.
        One beyond the log's end is of a log that was lost: then it begins again. What came from
        another region is left out (its ingestion begins with `replica-`). Rows may come again,
        perhaps in other batches; none is left out. Where no batch comes, the cursor is behind
        all. Raises `StorageUnavailable`.
        """
        raise NotImplementedError

    @abstractmethod
    def bury(self, tombstones: Sequence[Tombstone]) -> None:
        """From now on take no row of these vehicles; of one that is known the first stays.

        It removes nothing. Durable when it returns. Raises `StorageUnavailable`.
        """
        raise NotImplementedError

    @abstractmethod
    def tombstones(self) -> tuple[Tombstone, ...]:
        """Every vehicle that was forgotten, by key. Raises `StorageUnavailable`."""
        raise NotImplementedError
