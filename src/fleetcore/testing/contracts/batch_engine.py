"""What every batch engine does."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import BinaryIO, Final

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings

from fleetcore.domain.chunks import Chunk
from fleetcore.domain.ingestion_events import Sizes
from fleetcore.domain.ledger import RowCounts
from fleetcore.domain.vehicles import Vehicle
from fleetcore.errors import CorruptObject, SourceChanged, StorageUnavailable
from fleetcore.ports.batch_engine import BatchEngine
from fleetcore.testing.contracts.batch_results import (
    GOOD,
    HEADER,
    SMALL,
    WHOLE,
    committed,
    csv,
    hostile_rows,
    result,
    row,
)
from fleetcore.testing.contracts.batch_rows import BatchRowsContract
from fleetcore.testing.csv_strategies import CsvFile, KnownVehicles, files_in_two_orders

STRANGE_IDS: Final = (
    *("a b", "\u00e9", "\u8eca 1", "\U0001f69a", "\ufeffa", "x" * 64, "x" * 65, "y" * 1024),
    *("\ufeffb", "plain", "\u00e9" * 40, "a  b"),
)
"""Ids that are no printable ASCII without blanks, or as long as words of hashes and beyond."""


class BatchEngineContract(BatchRowsContract):
    """Needs the fixture `open_batch_engine`."""

    @pytest.mark.parametrize("content", [b"", HEADER, HEADER.rstrip(), HEADER + b"\n\r\n"])
    def test_a_file_without_rows_is_one_empty_chunk(
        self, engine: BatchEngine, content: bytes
    ) -> None:
        """Nothing, a header alone, or blank lines behind it: one last chunk, nothing counted."""
        file = evolve(csv(), content=content)

        (chunk,) = result(engine, file).chunks

        assert (0, RowCounts(), (), (), True) == (
            chunk.number,
            chunk.counts,
            chunk.parts,
            chunk.rejects,
            chunk.last,
        )
        assert len(content) == chunk.end

    def test_counts_balance_with_parts_and_rejects(self, engine: BatchEngine) -> None:
        """In every chunk the parts hold what is to be stored and the rejects are the rest."""
        found = result(engine, csv(*hostile_rows(), sizes=SMALL))

        assert len(found.chunks) > 3
        for chunk in found.chunks:
            kinds = Counter(reject.kind for reject in chunk.rejects)
            assert chunk.counts.to_store == sum(part.rows for part in chunk.parts)
            assert chunk.counts.rejected == kinds["rejected"]
            assert chunk.counts.malformed == kinds["malformed"]
        counts = found.counts
        assert min(counts.accepted, counts.duplicate, counts.conflicting) > 0
        assert min(counts.rejected, counts.malformed) > 0

    def test_parts_hold_as_many_rows_as_they_say(self, engine: BatchEngine) -> None:
        """A part's count is that of its events, no part is empty, and a lane has one a chunk."""
        for chunk in result(engine, csv(*hostile_rows(), sizes=SMALL)).chunks:
            assert [part.rows for part in chunk.parts] == [
                len(engine.events(part.content)) for part in chunk.parts
            ]
            assert all(part.rows for part in chunk.parts)
            assert len(chunk.parts) == len({part.lane for part in chunk.parts})

    def test_chunks_are_numbered_and_end_with_the_file(self, engine: BatchEngine) -> None:
        """Numbers count from 0, ends grow to the content's, and only the last chunk is last."""
        file = csv(*hostile_rows(), sizes=SMALL)
        chunks = result(engine, file).chunks

        assert list(range(len(chunks))) == [chunk.number for chunk in chunks]
        assert sorted({chunk.end for chunk in chunks}) == [chunk.end for chunk in chunks]
        assert len(file.content) == chunks[-1].end
        assert [*([False] * (len(chunks) - 1)), True] == [chunk.last for chunk in chunks]

    @pytest.mark.parametrize("sizes", [WHOLE, SMALL, Sizes(block_bytes=1, blocks_per_chunk=1)])
    def test_repeats_are_counted_wherever_they_lie(self, engine: BatchEngine, sizes: Sizes) -> None:
        """Inside a chunk or across: a first payload is accepted, others conflict or repeat."""
        rows = [row("a", speed_kmh=1), row("b"), row("a", speed_kmh=2)] * 4 + [row("a", second=1)]
        found = result(engine, csv(*rows, sizes=sizes))

        assert (3, 9, 1) == (
            found.counts.accepted,
            found.counts.duplicate,
            found.counts.conflicting,
        )
        assert [2, 3, 4, 14] == sorted(stored.line for stored in found.stored)

    @pytest.mark.parametrize("sizes", [WHOLE, Sizes(block_bytes=1, blocks_per_chunk=1)])
    def test_minus_zero_is_zero_and_missing_is_not(self, engine: BatchEngine, sizes: Sizes) -> None:
        """Payloads that differ in the sign of zero are equal; null and zero are not."""
        start = b"a,1700000000000,1.5,"
        rows = [start + b"0.0,0,idle\n", start + b"-0.0,-0,idle\n", start + b"0,,idle\n"]
        counts = result(engine, csv(*rows, sizes=sizes)).counts

        assert (1, 1, 1) == (counts.accepted, counts.duplicate, counts.conflicting)

    @settings(
        max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(files=files_in_two_orders())
    def test_the_order_of_rows_does_not_matter(
        self, engine: BatchEngine, files: tuple[CsvFile, CsvFile]
    ) -> None:
        """However rows are shuffled and cut: the same counts, by kind and by code."""
        one, other = (result(engine, file) for file in files)

        assert one.whatever_the_order == other.whatever_the_order

    @pytest.mark.parametrize("block_bytes", [1, 50, 1000, 1 << 20])
    @pytest.mark.parametrize("blocks_per_chunk", [1, 3])
    def test_sizes_do_not_matter(
        self, engine: BatchEngine, block_bytes: int, blocks_per_chunk: int
    ) -> None:
        """However the file is cut: the same counts, rejects and events with the same lines."""
        whole = result(engine, csv(*hostile_rows()))
        sizes = Sizes(block_bytes=block_bytes, blocks_per_chunk=blocks_per_chunk)

        cut = result(engine, csv(*hostile_rows(), sizes=sizes))

        assert (whole.counts, whole.rejects) == (cut.counts, cut.rejects)
        assert set(whole.stored) == set(cut.stored)
        assert len(whole.stored) == len(cut.stored)

    def test_parts_are_sorted_by_vehicle_and_time(self, engine: BatchEngine) -> None:
        """Inside a part rows are in the order of id, time and line, whatever the file's."""
        for chunk in result(engine, csv(*hostile_rows())).chunks:
            for part in chunk.parts:
                keys = [
                    (each.event.vehicle_id, each.event.observed_at, each.line)
                    for each in engine.events(part.content)
                ]
                assert sorted(keys) == keys

    def test_vehicles_sort_by_code_point(self, engine: BatchEngine) -> None:
        """Ids sort as their UTF-8 bytes do, in any script and without a collation."""
        ids = ["b", "B", "10", "9", "a", "\u00e9", "\uffee", "\U0001f69a"]
        found = result(engine, csv(*map(row, ids)))

        assert sorted(ids) == [each.event.vehicle_id for each in found.stored]

    def test_a_byte_order_mark_inside_a_file_is_text(self, engine: BatchEngine) -> None:
        """Wherever it stands, the first cell of a block included."""
        marked = [f"\ufeff{number}" for number in range(20)]
        found = result(engine, csv(*map(row, marked), sizes=SMALL))

        assert sorted(marked) == sorted(each.event.vehicle_id for each in found.stored)

    def test_moving_comes_first(self, engine: BatchEngine) -> None:
        """A chunk's parts are in the order of their lanes' priority."""
        (chunk,) = result(engine, csv(row("a", status="idle"), row("b"))).chunks

        assert ["moving", "idle"] == [part.lane for part in chunk.parts]

    def test_a_second_run_is_the_same_to_the_byte(
        self, open_batch_engine: Callable[[], BatchEngine]
    ) -> None:
        """The same file gives the same chunks, their parts' bytes included."""
        file = csv(*hostile_rows(), sizes=SMALL)

        assert result(open_batch_engine(), file).chunks == result(open_batch_engine(), file).chunks

    @pytest.mark.parametrize("vehicles", [(), STRANGE_IDS], ids=["hostile", "strange-ids"])
    def test_resuming_after_any_prefix_is_the_undisturbed_run(
        self, engine: BatchEngine, vehicles: tuple[str, ...]
    ) -> None:
        """With any number of chunks committed the rest comes out the same, to the byte."""
        file = csv(*(map(row, vehicles * 3) if vehicles else hostile_rows()), sizes=SMALL)
        chunks = result(engine, file).chunks
        for count in range(len(chunks)):
            done, contents = committed(chunks[:count])

            rest = engine.chunks(
                io.BytesIO(file.content), file.work(done=done, fetch=contents.__getitem__)
            )

            assert chunks[count:] == tuple(rest)

    def test_parts_of_committed_chunks_are_fetched_by_key(self, engine: BatchEngine) -> None:
        """A worker that resumes asks for every part of the committed chunks and no other."""
        file = csv(*hostile_rows(), sizes=SMALL)
        chunks = result(engine, file).chunks
        done, contents = committed(chunks[:3])
        asked: list[str] = []

        def fetch(key: str) -> bytes:
            asked.append(key)
            return contents[key]

        list(engine.chunks(io.BytesIO(file.content), file.work(done=done, fetch=fetch)))

        assert sorted(contents) == sorted(asked)

    def test_the_first_chunk_comes_before_the_file_is_read(self, engine: BatchEngine) -> None:
        """A file is streamed: the first chunk is there while most of the content is not."""
        rows = [row(f"cab-{number}") for number in range(5000)]
        file = csv(*rows, sizes=SMALL)
        content = io.BytesIO(file.content)

        first = next(iter(engine.chunks(content, file.work())))

        assert 0 == first.number
        assert content.tell() < len(file.content) / 2

    @pytest.mark.parametrize("content", [b"not a part", GOOD * 10 + b"x", b"\0" * 1000])
    def test_a_part_that_cannot_be_read_is_corrupt(
        self, engine: BatchEngine, content: bytes
    ) -> None:
        """What was never a part is refused with a typed error."""
        with pytest.raises(CorruptObject):
            engine.events(content)

    def test_half_a_part_is_corrupt(self, engine: BatchEngine) -> None:
        """A part that was cut off is not taken for a shorter one."""
        (chunk,) = result(engine, csv(row("a"), row("b"))).chunks
        content = chunk.parts[0].content

        with pytest.raises(CorruptObject):
            engine.events(content[: len(content) - 3])

    def test_errors_of_the_content_pass_through(self, engine: BatchEngine) -> None:
        """What goes wrong while a file is read is the caller's to see, behind the chunks before."""
        file = csv(*(row(f"cab-{number}") for number in range(200)), sizes=SMALL)
        whole = result(engine, file).chunks
        read = _until_it_changed(engine.chunks(_changing(file.content), file.work()))
        surely = [chunk for chunk in whole if chunk.end < _READABLE_BYTES - SMALL.block_bytes]

        assert tuple(read) == whole[: len(read)]
        assert len(surely) <= len(read) < len(whole)

    def test_rows_whose_vehicle_cannot_be_looked_up_are_in_no_chunk(
        self, engine: BatchEngine
    ) -> None:
        """The error passes through, behind whole chunks only: none lacks a block."""
        file = csv(*(row(f"cab-{number}") for number in range(40)), sizes=SMALL)
        whole = result(engine, file).chunks
        work = evolve(file.work(), directory=_Unreachable({}))
        read: list[Chunk] = []
        with pytest.raises(StorageUnavailable):
            read.extend(engine.chunks(io.BytesIO(file.content), work))

        told = [(chunk.number, chunk.end, chunk.counts.accepted) for chunk in whole]
        assert [(each.number, each.end, each.counts.accepted) for each in read] == told[: len(read)]
        assert len(read) < len(whole)


class _Unreachable(KnownVehicles):
    """A directory that breaks down over one vehicle."""

    def find(self, vehicle_ids: Collection[str]) -> Mapping[str, Vehicle]:
        if "cab-20" in vehicle_ids:
            raise StorageUnavailable("the directory cannot be reached")
        return super().find(vehicle_ids)


_READABLE_BYTES: Final = 4000


class _Changing(io.BytesIO):
    """A file that is truncated while it is read."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > _READABLE_BYTES:
            raise SourceChanged("the file was truncated")
        return super().read(size)


def _changing(content: bytes) -> BinaryIO:
    return _Changing(content)


def _until_it_changed(chunks: Iterator[Chunk]) -> list[Chunk]:
    read: list[Chunk] = []
    with pytest.raises(SourceChanged):
        read.extend(chunks)
    return read
