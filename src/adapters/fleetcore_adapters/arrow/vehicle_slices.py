"""Rows of many sorted files by vehicle, a slice in memory at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pyarrow as pa

from fleetcore_adapters.arrow.part_file import SCHEMA


class VehicleSlices:
    """Takes tables that are sorted by vehicle, and gives their rows back slice by slice.

    A slice is the vehicles behind the last one's, up to and with the next of `ends`; the last
    slice holds the others. Rows wait in one file a slice, as they lie in memory: reading them
    again costs far less than reading Parquet.
    """

    def __init__(self, ends: Sequence[str], folder: Path) -> None:
        self._ends = ends
        self._paths = [folder / f"{number}.slice" for number in range(len(ends) + 1)]
        self._files: dict[int, tuple[pa.NativeFile, pa.RecordBatchStreamWriter]] = {}

    def add(self, table: pa.Table) -> None:
        """Cut a table of one chunk and at least one row."""
        (batch,) = table.to_batches()
        ids = batch.column("vehicle_id")
        cuts = [bisect_right(ids, end, key=pa.DictionaryScalar.as_py) for end in self._ends]
        for number, (start, stop) in enumerate(pairwise([0, *cuts, len(ids)])):
            if start < stop:
                self._writer(number).write_batch(_trimmed(batch.slice(start, stop - start)))

    def tables(self) -> Iterator[pa.Table]:
        """The slices that have rows, in order, each one chunk; nothing can be added any more."""
        for sink, writer in self._files.values():
            writer.close()
            sink.close()
        for number in sorted(self._files):
            path = self._paths[number]
            with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as reader:
                table = reader.read_all().unify_dictionaries().combine_chunks()
            path.unlink()
            yield table

    def _writer(self, number: int) -> pa.RecordBatchStreamWriter:
        if number not in self._files:
            sink = pa.OSFile(str(self._paths[number]), "wb")
            self._files[number] = sink, pa.ipc.new_stream(sink, SCHEMA)
        return self._files[number][1]


def _trimmed(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch without dictionaries that are longer than itself: they go into the file with it."""
    for at, column in enumerate(batch.columns):
        if pa.types.is_dictionary(column.type) and len(column.dictionary) > len(column):
            used = column.cast(pa.string()).dictionary_encode()
            batch = batch.set_column(at, SCHEMA.field(at), used)
    return batch
