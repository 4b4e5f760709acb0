"""The reference engine: one row after the other, in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from fleetcore.domain.blocks import Block, cut
from fleetcore.domain.chunks import Chunk, EncodedPart, RejectedRow, RejectKind, reject_text
from fleetcore.domain.lanes import LANES, Lane, lane_of
from fleetcore.domain.ledger import RowCounts
from fleetcore.domain.parts import StoredEvent
from fleetcore.domain.rows import cells_of, physical_rows, row_reader
from fleetcore.ports.batch_engine import BatchEngine, Work
from fleetcore_adapters.memory import part_file
from fleetcore_adapters.memory.row_judge import Refused, RowJudge


class PlainEngine(BatchEngine):
    """Judges row by row with the scalar rules; what the columnar engine must equal."""

    def chunks(self, content: BinaryIO, work: Work) -> Iterator[Chunk]:
        """See `BatchEngine.chunks`."""
        sizes = work.received.sizes
        dialect = work.received.interpretation.dialect
        file = _File(work)
        for done in work.done:
            for part in done.parts:
                file.judge.remember(part_file.decode(work.fetch(part.key)))
        blocks = cut(
            content,
            size_bytes=sizes.block_bytes,
            delimiter=dialect.delimiter,
            has_header=dialect.has_header,
        )
        chunk: list[Block] = []
        for block in blocks:
            chunk.append(block)
            if len(chunk) == sizes.blocks_per_chunk or block.last:
                number = block.number // sizes.blocks_per_chunk
                if number >= len(work.done):
                    yield file.chunk(number, chunk)
                chunk = []

    def events(self, content: bytes) -> Sequence[StoredEvent]:
        """See `BatchEngine.events`."""
        return part_file.decode(content)


class _File:
    """One file being read: how its rows are understood and judged."""

    def __init__(self, work: Work) -> None:
        received = work.received
        self._delimiter = received.interpretation.dialect.delimiter
        self._read = row_reader(received.interpretation, work.vehicle_id)
        self.judge = RowJudge(
            received.settings, received.now_ms, work.directory, received.ingestion
        )

    def chunk(self, number: int, blocks: Sequence[Block]) -> Chunk:
        tally: Counter[str] = Counter()
        rejected_by: Counter[str] = Counter()
        malformed_by: Counter[str] = Counter()
        warned_by: Counter[str] = Counter()
        rejects: list[RejectedRow] = []
        kept: dict[Lane, list[StoredEvent]] = {lane: [] for lane in LANES}

        def reject(line: int, kind: RejectKind, reasons: tuple[str, ...], text: str) -> None:
            tally[kind] += 1
            (malformed_by if kind == "malformed" else rejected_by).update(reasons)
            rejects.append(RejectedRow(line=line, kind=kind, reasons=reasons, text=text))

        for block in blocks:
            for unending in block.unending:
                text = reject_text(unending.text, cut=True)
                reject(unending.line, "malformed", (unending.code,), text)
            for line, raw in physical_rows(block, self._delimiter):
                row = self._read(cells_of(raw, self._delimiter))
                found = self.judge.judged(row, line)
                warned_by.update(found.warnings)
                if isinstance(found, Refused):
                    reject(line, found.code, found.reasons, reject_text(raw))
                    continue
                tally[found.kind] += 1
                if found.kind != "duplicate":
                    event = found.stored.event
                    kept[lane_of(event.status, event.speed_kmh)].append(found.stored)
        return Chunk(
            number=number,
            end=blocks[-1].end,
            counts=RowCounts(
                read=sum(tally.values()),
                **tally,
                rejected_by=dict(rejected_by),
                malformed_by=dict(malformed_by),
                warned_by=dict(warned_by),
            ),
            parts=tuple(_encoded(lane, events) for lane, events in kept.items() if events),
            rejects=tuple(sorted(rejects, key=lambda reject: reject.line)),
            last=blocks[-1].last,
        )


def _encoded(lane: Lane, events: list[StoredEvent]) -> EncodedPart:
    return EncodedPart(
        lane=lane,
        rows=len(events),
        content=part_file.encode_sorted(events),
        suffix=part_file.SUFFIX,
    )
