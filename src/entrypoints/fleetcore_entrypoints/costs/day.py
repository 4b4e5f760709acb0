"""The shape of a day: its files, alike, and what storing them takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from attrs import frozen

from fleetcore.domain.ingestion_events import Sizes
from fleetcore.domain.lanes import LANES, Lane
from fleetcore_adapters.aws.dynamodb.appends import ROWS_AT_ONCE
from fleetcore_entrypoints.costs.assumptions import Assumptions
from fleetcore_entrypoints.costs.calls import ChunkShape, PartShape
from fleetcore_entrypoints.costs.item_sizes import ItemSizes


@frozen(kw_only=True, slots=True)
class FileShape:
    """One of a day's files: its rows, its bytes, its chunks."""

    rows: int
    size_bytes: int
    chunks: Sequence[ChunkShape]

    @property
    def parts(self) -> list[PartShape]:
        """Of all chunks."""
        return [part for chunk in self.chunks for part in chunk.parts]

    @property
    def stored_rows(self) -> int:
        """Rows of all parts."""
        return sum(part.rows for part in self.parts)

    def runs(self, parts_a_run: int) -> Iterator[Sequence[PartShape]]:
        """What each run of `store_events` is handed: parts of one lane."""
        for lane in LANES:
            parts = [part for part in self.parts if part.lane == lane]
            for start in range(0, len(parts), parts_a_run):
                yield parts[start : start + parts_a_run]

    def stream_bytes(self, sizes: ItemSizes) -> int:
        """Of its stream when it is completed."""
        chunks = sum(sizes.chunk_event(len(chunk.parts)) for chunk in self.chunks)
        return sizes.received + chunks + len(self.parts) * sizes.part_stored


def typical_file(given: Assumptions, sizes: Sizes) -> FileShape:
    """One of the day's files; rows and chunks are rounded up."""
    rows = ceil(given.events_per_day / given.files_per_day)
    size_bytes = rows * given.row_bytes
    chunk_bytes = sizes.block_bytes * sizes.blocks_per_chunk
    cuts = range(0, rows, max(1, chunk_bytes // given.row_bytes))
    return FileShape(
        rows=rows,
        size_bytes=size_bytes,
        chunks=[_chunk(given, min(cuts.step, rows - start)) for start in cuts],
    )


def item_sizes(given: Assumptions) -> ItemSizes:
    """The sizes of items, as far as they are assumed."""
    return ItemSizes(log_item=given.item_bytes, index_share=given.city_share)


def _chunk(given: Assumptions, rows: int) -> ChunkShape:
    rejected = round(rows * given.reject_share)
    moving = round((rows - rejected) * given.moving_share)
    by_lane: dict[Lane, int] = {"moving": moving, "idle": rows - rejected - moving}
    return ChunkShape(
        parts=[_part(given, lane, count) for lane, count in by_lane.items() if count],
        rejects_bytes=rejected * given.reject_bytes if rejected else None,
    )


def _part(given: Assumptions, lane: Lane, rows: int) -> PartShape:
    maybe = ceil(rows * given.maybe_share) if given.redis_nodes else rows
    known = min(maybe, round(rows * given.known_share))
    slices = ceil(rows / ROWS_AT_ONCE)
    return PartShape(
        lane=lane,
        rows=rows,
        maybe=maybe,
        known=known,
        # New reports of a vehicle lie behind those of it that are known: one query finds none.
        look_ups=min(maybe, slices * given.vehicles),
        # A day without a filter is remembered by the process.
        day_reads=slices if given.redis_nodes else 0,
        size_bytes=rows * given.part_row_bytes,
    )
