"""The reference engine: one row after the other, in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from fleetcore.domain.blocks import Block, cut
from fleetcore.domain.chunks import Chunk, EncodedPart, RejectedRow, RejectKind, reject_text
from fleetcore.domain.judging import Payload, clearing, judge_for, payload_of
from fleetcore.domain.lanes import LANES, Lane, lane_of
from fleetcore.domain.ledger import RowCounts
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.parts import StoredEvent
from fleetcore.domain.rows import Row, cells_of, physical_rows, row_reader
from fleetcore.domain.vehicles import Vehicle, distance_from_depot_m
from fleetcore.ports.batch_engine import BatchEngine, Work
from fleetcore_adapters.memory import part_file


class PlainEngine(BatchEngine):
    """Judges row by row with the scalar rules; what the columnar engine must equal."""

    def chunks(self, content: BinaryIO, work: Work) -> Iterator[Chunk]:
        """See `BatchEngine.chunks`."""
        sizes = work.received.sizes
        dialect = work.received.interpretation.dialect
        file = _File(work)
        for done in work.done:
            for part in done.parts:
                file.remember(part_file.decode(work.fetch(part.key)))
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
    """One file being read: how its rows are judged, and the payloads met so far."""

    def __init__(self, work: Work) -> None:
        received = work.received
        with_directory = work.directory is not None
        self._work = work
        self._delimiter = received.interpretation.dialect.delimiter
        self._read = row_reader(received.interpretation, work.vehicle_id)
        self._judge = judge_for(received.settings, received.now_ms, with_directory=with_directory)
        self._event_of = clearing(received.settings, with_directory=with_directory)
        self._seen: dict[tuple[str, int], list[Payload]] = {}

    def remember(self, events: Sequence[StoredEvent]) -> None:
        """Take note of the rows of a committed part."""
        for stored in events:
            self._seen.setdefault(stored.event.identity, []).append(payload_of(stored.event))

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
                if row.faults:
                    reject(line, "malformed", row.faults, reject_text(raw))
                    continue
                vehicle = self._vehicle(row)
                verdict = self._judge(row.reading, vehicle)
                warned_by.update(row.warnings)
                warned_by.update(verdict.warnings)
                if not verdict.accepted:
                    reject(line, "rejected", verdict.broken, reject_text(raw))
                    continue
                event = self._event_of(row.reading, verdict)
                kind = self._sort_in(event)
                tally[kind] += 1
                if kind != "duplicate":
                    kept[lane_of(event.status, event.speed_kmh)].append(
                        StoredEvent(
                            event=event,
                            distance_from_depot_m=distance_from_depot_m(event, vehicle),
                            ingestion=self._work.received.ingestion,
                            line=line,
                        )
                    )
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

    def _vehicle(self, row: Row) -> Vehicle | None:
        vehicle_id = row.reading.vehicle_id
        if self._work.directory is None or vehicle_id is None:
            return None
        return self._work.directory.find((vehicle_id,)).get(vehicle_id)

    def _sort_in(self, event: LocationEvent) -> str:
        """Whether the event is accepted, conflicting or a duplicate of one met before."""
        siblings = self._seen.setdefault(event.identity, [])
        payload = payload_of(event)
        if payload in siblings:
            return "duplicate"
        siblings.append(payload)
        return "accepted" if len(siblings) == 1 else "conflicting"


def _by_vehicle_and_time(stored: StoredEvent) -> tuple[str, int, int]:
    return (stored.event.vehicle_id, stored.event.observed_at, stored.line)


def _encoded(lane: Lane, events: list[StoredEvent]) -> EncodedPart:
    return EncodedPart(
        lane=lane,
        rows=len(events),
        content=part_file.encode(sorted(events, key=_by_vehicle_and_time)),
        suffix=part_file.SUFFIX,
    )
