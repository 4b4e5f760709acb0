"""What happens to the ingestion of one file, and what may be asked of it: events and commands."""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from fleetcore.domain.interpretation import Interpretation
from fleetcore.domain.ledger import RowCounts, StoreOutcome
from fleetcore.domain.parts import Part
from fleetcore.domain.rules.settings import FleetSettings


@frozen(kw_only=True, slots=True)
class Sizes:
    """How a file is cut: bytes a block, blocks a chunk."""

    block_bytes: int = 2 << 20
    blocks_per_chunk: int = 4


@frozen(kw_only=True, slots=True)
class Received:
    """A file was taken in; everything that judges it is pinned here.

    `content` names the bytes (`xxh3-128:<hex>`), `directory` those of the vehicles' metadata
    (`sha256:<hex>`), `parent` the ingestion whose rejects are replayed. `now_ms` is the instant
    the time rules use.
    """

    ingestion: str
    content: str
    size_bytes: int
    interpretation: Interpretation
    settings: FleetSettings
    sizes: Sizes
    now_ms: int
    directory: str | None = None
    parent: str | None = None


@frozen(kw_only=True, slots=True)
class ChunkProcessed:
    """A chunk is judged and its parts and rejects are durable."""

    number: int
    end: int
    counts: RowCounts
    parts: tuple[Part, ...]
    rejects: str | None
    last: bool


@frozen(kw_only=True, slots=True)
class PartStored:
    """The log took a part's rows, all of them; the first such outcome is the one that counts."""

    key: str
    outcome: StoreOutcome


@frozen(kw_only=True, slots=True)
class PartDeadLettered:
    """Storing a part was given up: `outcome` is of the rows that the log took, if any.

    `rows` are dead, for the reason with this code: `RowsRefused`, or the error of the last try.
    """

    key: str
    outcome: StoreOutcome
    rows: int
    code: str


@frozen(kw_only=True, slots=True)
class PartRedriven:
    """The dead rows of a part are pending again; it is sent as another attempt."""

    key: str


@frozen(kw_only=True, slots=True)
class RowsForgotten:
    """The log lets go of rows it held, because their vehicle is forgotten.

    `key` is that of its tombstone.
    """

    key: str
    rows: int


@frozen(kw_only=True, slots=True)
class RejectsErased:
    """The rejects under a key lost what named a forgotten vehicle; they are kept under another."""

    key: str
    by: str


@frozen(kw_only=True, slots=True)
class IngestionFailed:
    """Reading ended early; what was committed stays."""

    code: str
    message: str


@frozen(kw_only=True, slots=True)
class IngestionSuperseded:
    """Another ingestion of the same content, understood otherwise, took this one's place."""

    by: str


IngestionEvent: TypeAlias = (
    Received
    | ChunkProcessed
    | PartStored
    | PartDeadLettered
    | PartRedriven
    | RowsForgotten
    | RejectsErased
    | IngestionFailed
    | IngestionSuperseded
)


@frozen(kw_only=True, slots=True)
class Receive:
    """Take a file in."""

    received: Received


@frozen(kw_only=True, slots=True)
class CommitChunk:
    """Commit a chunk whose parts are durable."""

    chunk: ChunkProcessed


@frozen(kw_only=True, slots=True)
class RecordOutcome:
    """Record what the log said of a part."""

    key: str
    outcome: StoreOutcome


@frozen(kw_only=True, slots=True)
class GiveUpPart:
    """Record that the rest of a part's rows are dead letters; of an older attempt it is nothing."""

    key: str
    attempt: int
    code: str
    outcome: StoreOutcome = StoreOutcome()


@frozen(kw_only=True, slots=True)
class Redrive:
    """Make the rows of a part that died in this attempt pending again."""

    key: str
    attempt: int


@frozen(kw_only=True, slots=True)
class Forget:
    """Record that so many rows the log holds are forgotten, once a tombstone's key."""

    key: str
    rows: int


@frozen(kw_only=True, slots=True)
class EraseRejects:
    """Name the rejects under `by`, which are durable, in the place of those under `key`."""

    key: str
    by: str


@frozen(kw_only=True, slots=True)
class Fail:
    """Give the file up."""

    code: str
    message: str


@frozen(kw_only=True, slots=True)
class Supersede:
    """Close an unfinished ingestion in favour of another."""

    by: str


IngestionCommand: TypeAlias = (
    Receive
    | CommitChunk
    | RecordOutcome
    | GiveUpPart
    | Redrive
    | Forget
    | EraseRejects
    | Fail
    | Supersede
)
