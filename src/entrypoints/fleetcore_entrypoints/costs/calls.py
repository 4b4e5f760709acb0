"""The requests that a file costs, by its shape: what the use cases and the adapters do, counted.

`taking_in` follows `fleetcore.application.ingesting` from a new upload to its messages, and
`storing` follows `fleetcore.application.storing` from these to outcomes, without faults: nothing
is asked twice. Both count what the process itself asks for, and not what hands it its messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Final, Literal, TypeAlias

from attrs import frozen

from fleetcore.domain.lanes import LANES, Lane
from fleetcore_adapters.aws.dynamodb.appends import ROWS_AT_ONCE
from fleetcore_adapters.aws.dynamodb.requests import BATCH_BYTES, BATCH_WRITES
from fleetcore_adapters.aws.s3.object_store import PART_BYTES
from fleetcore_adapters.aws.sqs.queue import BATCH_ENTRIES
from fleetcore_entrypoints.costs.item_sizes import ItemSizes

Service: TypeAlias = Literal["dynamodb", "s3", "sqs-fifo", "sqs-standard"]

QUEUES: Final[dict[Lane, Service]] = {"moving": "sqs-fifo", "idle": "sqs-standard"}

WRITE_UNIT_BYTES: Final = 1024
READ_UNIT_BYTES: Final = 4096
TRANSACTION_FACTOR: Final = 2
"""DynamoDB's documentation of capacity: what a unit holds; a transaction prepares and commits."""


@frozen(kw_only=True, slots=True)
class Call:
    """So many requests of one operation, named as in the service's documentation.

    `units` are DynamoDB's write units where it writes and read units where it reads, of all of
    them together.
    """

    service: Service
    operation: str
    count: int
    units: float = 0.0


@frozen(kw_only=True, slots=True)
class PartShape:
    """A part: of its rows `maybe` may be in the log already, and `known` of these are.

    The maybe-rows are looked up in `look_ups` queries, one a vehicle at the least and one a row
    at the most. `day_reads` batches of windows' records are read, `new_days` of them begun.
    """

    lane: Lane
    rows: int
    maybe: int = 0
    known: int = 0
    look_ups: int = 0
    day_reads: int = 0
    new_days: int = 0
    size_bytes: int = 0


@frozen(kw_only=True, slots=True)
class ChunkShape:
    """A chunk's parts, and how large its object of rejects is: None where it has none."""

    parts: Sequence[PartShape]
    rejects_bytes: int | None = None


def taking_in(chunks: Sequence[ChunkShape], sizes: ItemSizes) -> Iterator[Call]:
    """What a new upload costs that is taken in by one run."""
    yield Call(service="s3", operation="HeadObject", count=1)
    yield Call(service="s3", operation="GetObject", count=2)  # its first MiB, then the whole
    # Which attempts there are, and the stream of the new one, which is empty.
    yield _reads("Query", 2, bytes_each=0)
    yield _writes("PutItem", [sizes.origin])
    yield _writes("UpdateItem", [sizes.counter])
    yield _transaction([sizes.stream, sizes.received])
    before = sizes.received
    for chunk in chunks:
        stored = [part.size_bytes for part in chunk.parts]
        stored += [] if chunk.rejects_bytes is None else [chunk.rejects_bytes]
        for size_bytes in stored:
            yield from _object(size_bytes)
        event = sizes.chunk_event(len(chunk.parts))
        yield _transaction([before, event])
        before = event
        for lane in LANES:
            messages = sum(part.lane == lane for part in chunk.parts)
            if messages:
                count = ceil(messages / BATCH_ENTRIES)
                yield Call(service=QUEUES[lane], operation="SendMessageBatch", count=count)


def storing(
    parts: Sequence[PartShape], sizes: ItemSizes, *, stream_bytes: int = 0
) -> Iterator[Call]:
    """What it costs to store these parts, of ingestions whose streams are `stream_bytes` long."""
    for part in parts:
        yield _reads("BatchGetItem", 1, bytes_each=0)
        yield from _appended(part, sizes)
        yield _reads("Query", 1, bytes_each=stream_bytes)
        yield _transaction([sizes.chunk_event(1), sizes.part_stored])


def _appended(part: PartShape, sizes: ItemSizes) -> Iterator[Call]:
    yield Call(service="s3", operation="GetObject", count=1)
    yield _reads("BatchGetItem", part.day_reads, bytes_each=0)
    yield _writes("PutItem", [sizes.window] * part.new_days)
    row = ceil(sizes.log_item / WRITE_UNIT_BYTES) * (1 + sizes.index_share)
    new = part.rows - part.maybe
    batches = sum(_batches(each, sizes.log_item) for each in _slices(new, part.rows))
    yield Call(service="dynamodb", operation="BatchWriteItem", count=batches, units=new * row)
    if part.look_ups:
        each = sizes.log_item * part.known / part.look_ups
        yield _reads("Query", part.look_ups, bytes_each=each)
    put = part.maybe - part.known
    yield Call(service="dynamodb", operation="PutItem", count=put, units=put * row)
    yield _reads("GetItem", 1, bytes_each=sizes.counter)
    yield _transaction([sizes.outcome, sizes.record, sizes.counter])


def counted(calls: Iterable[Call]) -> Counter[tuple[Service, str]]:
    """Requests by service and operation."""
    total: Counter[tuple[Service, str]] = Counter()
    for call in calls:
        if call.count:
            total[call.service, call.operation] += call.count
    return total


def _object(size_bytes: int) -> Iterator[Call]:
    if size_bytes <= PART_BYTES:
        yield Call(service="s3", operation="PutObject", count=1)
        return
    yield Call(service="s3", operation="CreateMultipartUpload", count=1)
    yield Call(service="s3", operation="UploadPart", count=ceil(size_bytes / PART_BYTES))
    yield Call(service="s3", operation="CompleteMultipartUpload", count=1)


def _slices(new: int, rows: int) -> Iterator[int]:
    """The new rows among each `ROWS_AT_ONCE` of a part, were they spread evenly."""
    before = 0
    for start in range(0, rows, ROWS_AT_ONCE):
        upto = new * min(start + ROWS_AT_ONCE, rows) // rows
        yield upto - before
        before = upto


def _batches(items: int, item_bytes: int) -> int:
    return ceil(items / max(1, min(BATCH_WRITES, BATCH_BYTES // item_bytes)))


def _reads(operation: str, count: int, *, bytes_each: float, items: int | None = None) -> Call:
    """Strongly consistent reads; one that finds nothing is a unit too, in a batch an item."""
    units = (count if items is None else items) * max(1, ceil(bytes_each / READ_UNIT_BYTES))
    return Call(service="dynamodb", operation=operation, count=count, units=units)


def _writes(operation: str, items: Sequence[int]) -> Call:
    units = sum(ceil(size / WRITE_UNIT_BYTES) for size in items)
    return Call(service="dynamodb", operation=operation, count=len(items), units=units)


def _transaction(items: Sequence[int]) -> Call:
    """A check of an item costs what a write of it does."""
    units = TRANSACTION_FACTOR * sum(ceil(size / WRITE_UNIT_BYTES) for size in items)
    return Call(service="dynamodb", operation="TransactWriteItems", count=1, units=units)
