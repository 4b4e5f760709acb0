"""The catalogue that names the files of an embedded location log, and keeps its tail."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, Literal, Protocol, TypeAlias

from attrs import frozen

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.tombstones import Tombstone

FileKind: TypeAlias = Literal["fresh", "compacted", "tail"]
"""A part; what compaction made of parts; a live batch, whose content the catalogue keeps."""

TAIL: Final = "tail/"
"""Where the keys of live batches lie."""

FOLDED: Final = "tail-"
"""How the names of parts begin that were folded from live batches."""


@frozen(kw_only=True, slots=True)
class Extent:
    """The vehicle ids and instants (epoch ms) that rows lie between, both ends included."""

    min_vehicle_id: str
    max_vehicle_id: str
    min_observed_at: int
    max_observed_at: int

    def meets(self, other: Extent) -> bool:
        """Whether rows of both may have one identity."""
        return (
            self.min_vehicle_id <= other.max_vehicle_id
            and other.min_vehicle_id <= self.max_vehicle_id
            and self.min_observed_at <= other.max_observed_at
            and other.min_observed_at <= self.max_observed_at
        )


@frozen(kw_only=True, slots=True)
class LogFile:
    """An immutable file that holds rows of the log, sorted by vehicle and time.

    `origin` is the key of the part or batch a file's rows came from and `ingestion` the ingestion
    they all belong to; a compacted file has neither, and what was folded from the tail has no
    origin. `sha256` is of the whole file, in hex.
    """

    key: str
    kind: FileKind
    rows: int
    extent: Extent
    size_bytes: int
    sha256: str
    origin: str | None = None
    ingestion: str | None = None


@frozen(kw_only=True, slots=True)
class Entry:
    """A file that the catalogue names, and its place in the log's one sequence.

    A compacted file has the highest sequence among the files it took the place of.
    """

    sequence: int
    file: LogFile


@frozen(kw_only=True, slots=True)
class Listing:
    """Some of the files of the log at one moment, by sequence, and the last sequence given.

    `buried` is how many vehicles were forgotten until then.
    """

    entries: tuple[Entry, ...]
    sequence: int
    buried: int = 0


@frozen(kw_only=True, slots=True)
class Appended:
    """What became of one part: its outcome, and the file of its new rows if it had any.

    `content` is that of a file of the tail.
    """

    origin: str
    outcome: StoreOutcome
    file: LogFile | None
    content: bytes | None = None


@frozen(kw_only=True, slots=True)
class Recorded:
    """The outcome of a part that was appended, and the sequence it got."""

    sequence: int
    outcome: StoreOutcome


class Catalogue(Protocol):
    """Names the files of the log; what it does not name is no part of the log.

    Every change is one atomic step, durable when it returns. Every part whose outcome is
    recorded gets the next sequence inside that step, so who has seen a listing has seen all
    that was appended up to its sequence. Every method raises `StorageUnavailable`.
    """

    @abstractmethod
    def files(self, extent: Extent | None = None, after: int = 0) -> Listing:
        """The files behind the sequence `after` that may hold rows of `extent` (None: all)."""
        raise NotImplementedError

    @abstractmethod
    def outcomes(self, origins: Collection[str]) -> Mapping[str, StoreOutcome]:
        """The recorded outcomes of those parts that were appended."""
        raise NotImplementedError

    @abstractmethod
    def recorded(self) -> Mapping[str, Recorded]:
        """What is recorded of every part that was appended, by its key."""
        raise NotImplementedError

    @abstractmethod
    def content(self, key: str) -> bytes:
        """The content of a file of the tail. Raises `ObjectMissing` if it is not named any more."""
        raise NotImplementedError

    @abstractmethod
    def append(self, parts: Sequence[Appended], seen: int, buried: int = 0) -> bool:
        """Record outcomes, name files and keep contents, in order; whether it was done.

        Nothing is done if a file that meets one of `parts` and belongs to another ingestion
        (to any, where the part is a live batch) has a sequence behind `seen`, or if more
        vehicles than `buried` were forgotten: list what came since, compare, and append again.
        Of a part that has an outcome already nothing is recorded: the first writer wins.
        """
        raise NotImplementedError

    @abstractmethod
    def locked(self) -> AbstractContextManager[None]:
        """Nobody else changes the catalogue meanwhile; who holds it may.

        For a comparison that must not be overtaken again: others wait for it.
        """
        raise NotImplementedError

    @abstractmethod
    def replace(
        self,
        old: Collection[str],
        new: Sequence[LogFile],
        now_ms: int,
        forgotten: Mapping[str, int] | None = None,
    ) -> bool:
        """Name files in the place of others; whether it was done.

        Nothing is done unless every key of `old` is named. The old files are retired at
        `now_ms`; a key in both stays named. Old files of the tail are gone at once: of each of
        their ingestions one record stays, under `tail/<ingestion>`, with the sum of its outcomes.
        `forgotten` counts, by ingestion, the rows that the new files leave out: in the records of
        ingestions whose batches were all folded they are forgotten from now on.
        """
        raise NotImplementedError

    @abstractmethod
    def bury(self, tombstones: Sequence[Tombstone]) -> None:
        """Note forgotten vehicles; of one that is known the first tombstone stays."""
        raise NotImplementedError

    @abstractmethod
    def tombstones(self) -> tuple[Tombstone, ...]:
        """Every forgotten vehicle, by key."""
        raise NotImplementedError

    @abstractmethod
    def retired(self) -> Mapping[str, int]:
        """The keys of files that are no longer named and not yet removed, and since when (ms)."""
        raise NotImplementedError

    @abstractmethod
    def forget(self, keys: Collection[str]) -> None:
        """Strike retired files off after they were removed."""
        raise NotImplementedError
