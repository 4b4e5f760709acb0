"""The columnar engine: blocks in parallel, chunks in order.

Two worker threads parse and judge blocks and encode parts; a third cuts the file and deduplicates
chunk after chunk, which depends on the order of the file, while the caller stores the last chunk.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from attrs import evolve, frozen

from fleetcore.domain.blocks import Block, cut
from fleetcore.domain.chunks import Chunk, EncodedPart
from fleetcore.domain.lanes import Lane
from fleetcore.domain.ledger import RowCounts
from fleetcore.domain.parts import StoredEvent
from fleetcore.errors import FleetcoreError
from fleetcore.ports.batch_engine import BatchEngine, Work
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.chunk_rows import deduplicated, merged, part_tables, remember
from fleetcore_adapters.arrow.columns import Mask
from fleetcore_adapters.arrow.identities import Identities
from fleetcore_adapters.arrow.judged_block import BlockJudge, JudgedBlock
from fleetcore_adapters.arrow.payloads import TextTable
from fleetcore_adapters.arrow.rows import Rows, lanes_of
from fleetcore_adapters.arrow.vehicles import SortedIds, VehicleTable

_WORKERS: Final = 2
_BLOCKS_AHEAD: Final = 3
_LIKELY_ROW_BYTES: Final = 64
_LIKELY_PACKED: Final = 8
_OUTSIDE_COLUMNS: Final = frozenset({"vehicle_id", "observed_at", "source"})


class ArrowEngine(BatchEngine):
    """Parses with Arrow's CSV reader and judges, deduplicates and enriches with numpy."""

    def __init__(self, spool_folder: Path | None = None) -> None:
        """`spool_folder` takes what was met in a file while it is read; see `Identities`."""
        self._spool_folder = spool_folder

    def chunks(self, content: BinaryIO, work: Work) -> Iterator[Chunk]:
        """See `BatchEngine.chunks`."""
        with (
            Identities(_expected_rows(work), self._spool_folder) as identities,
            ThreadPoolExecutor(_WORKERS, thread_name_prefix="fleetcore") as pool,
            ThreadPoolExecutor(1, thread_name_prefix="fleetcore") as ahead,
        ):
            made = _made(_File(work, identities, pool), content)
            coming = ahead.submit(next, made, None)
            while (chunk := coming.result()) is not None:
                coming = ahead.submit(next, made, None)
                yield chunk

    def events(self, content: bytes) -> Sequence[StoredEvent]:
        """See `BatchEngine.events`."""
        return part_file.events_of(part_file.decode(content))


def _made(file: _File, content: BinaryIO) -> Iterator[Chunk]:
    """The chunks; the parts of one are encoded while the next one is deduplicated.

    An error is raised behind the chunks that are complete without it.
    """
    ready: deque[_Pending] = deque()
    failure: FleetcoreError | None = None
    try:
        for number, blocks in file.judged(content):
            ready.append(file.pending(number, blocks))
            if len(ready) > 1:
                yield ready.popleft().result()
    except FleetcoreError as error:
        failure = error
    while ready:
        yield ready.popleft().result()
    if failure is not None:
        raise failure


@frozen(slots=True, eq=False)
class _Pending:
    """A chunk whose parts are being encoded."""

    chunk: Chunk
    parts: list[Future[EncodedPart]]

    def result(self) -> Chunk:
        return evolve(self.chunk, parts=tuple(part.result() for part in self.parts))


class _File:
    """One file being read."""

    def __init__(self, work: Work, identities: Identities, pool: ThreadPoolExecutor) -> None:
        self._work = work
        self._pool = pool
        self._identities = identities
        self._vehicles = VehicleTable(work.directory)
        self._texts = {"status": TextTable(), "city": TextTable()}
        self._judge = BlockJudge(work, self._vehicles)
        self._remember_done()

    def _remember_done(self) -> None:
        mapping = self._work.received.interpretation.mapping
        names = [name for name in mapping if name not in _OUTSIDE_COLUMNS]
        for done in self._work.done:
            for part in done.parts:
                table = part_file.decode(self._work.fetch(part.key))
                remember(table, self._vehicles, self._texts, names, self._identities)

    def judged(self, content: BinaryIO) -> Iterator[tuple[int, list[JudgedBlock]]]:
        """The judged blocks of each chunk that is not committed, in order.

        An error of `content` is raised when the blocks before it are through, one of a block at
        once: what comes behind it makes no chunk.
        """
        sizes = self._work.received.sizes
        running: deque[Future[JudgedBlock]] = deque()
        chunk: list[JudgedBlock] = []
        number = len(self._work.done)

        def finish() -> bool:
            chunk.append(running.popleft().result())
            return len(chunk) == sizes.blocks_per_chunk or chunk[-1].last

        blocks = self._blocks(content)
        failure: FleetcoreError | None = None
        reading = True
        while reading or running:
            if reading and len(running) <= _BLOCKS_AHEAD:
                try:
                    running.append(self._pool.submit(self._judge.judge, next(blocks)))
                except StopIteration:
                    reading = False
                except FleetcoreError as error:
                    reading, failure = False, error
            elif finish():
                yield number, chunk
                number, chunk = number + 1, []
        if failure is not None:
            raise failure

    def _blocks(self, content: BinaryIO) -> Iterator[Block]:
        sizes = self._work.received.sizes
        dialect = self._work.received.interpretation.dialect
        done = len(self._work.done) * sizes.blocks_per_chunk
        for block in cut(
            content,
            size_bytes=sizes.block_bytes,
            delimiter=dialect.delimiter,
            has_header=dialect.has_header,
        ):
            if block.number >= done:
                yield block

    def pending(self, number: int, blocks: list[JudgedBlock]) -> _Pending:
        """Deduplicate a chunk and start to encode its parts; the list of blocks is emptied."""
        tally: Counter[str] = sum((block.tally for block in blocks), Counter())
        refused = RowCounts(
            read=tally.total(),
            rejected=tally["rejected"],
            malformed=tally["malformed"],
            rejected_by=dict(sum((block.rejected_by for block in blocks), Counter())),
            malformed_by=dict(sum((block.malformed_by for block in blocks), Counter())),
            warned_by=dict(sum((block.warned_by for block in blocks), Counter())),
        )
        chunk = Chunk(
            number=number,
            end=blocks[-1].end,
            counts=refused,
            parts=(),
            rejects=tuple(reject for block in blocks for reject in block.rejects),
            last=blocks[-1].last,
        )
        rows = merged([block.rows for block in blocks], self._texts)
        # Let go of at once: the rows of a chunk, before and after, are the peak of memory.
        blocks.clear()
        vehicles = self._vehicles.sorted()
        found = deduplicated(rows, vehicles.ranks, self._identities)
        del rows
        return _Pending(
            evolve(chunk, counts=refused + found.counts),
            [
                self._pool.submit(self._encoded, lane, found.rows, mask, vehicles)
                for lane, mask in lanes_of(found.rows).items()
                if mask.any()
            ],
        )

    def _encoded(self, lane: Lane, rows: Rows, mask: Mask, vehicles: SortedIds) -> EncodedPart:
        chosen = rows if mask.all() else rows.take(np.flatnonzero(mask))
        tables = part_tables(chosen, vehicles, self._work.received.ingestion)
        return EncodedPart(
            lane=lane,
            rows=len(chosen.times),
            content=part_file.encode(*tables),
            suffix=part_file.SUFFIX,
        )


def _expected_rows(work: Work) -> int:
    received = work.received
    packed = received.interpretation.dialect.compression != "none"
    return received.size_bytes * (_LIKELY_PACKED if packed else 1) // _LIKELY_ROW_BYTES
