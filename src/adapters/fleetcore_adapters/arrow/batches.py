"""What other regions lack: rows taken in here, live or from files, however they lie by now.

A cursor is the sequence to read next, times `PAGES`, plus a page of it. A batch of the tail is
handed on as it is. Of larger files, and of all that compaction put under one sequence, a page
has the vehicles of some hashes: wherever their rows are moved to meanwhile, the pages behind
the cursor still hold them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

import numpy as np
import pyarrow as pa

from fleetcore.domain.messages import EventBatch
from fleetcore.domain.provenance import is_own
from fleetcore.ports.catalogue import Catalogue, Entry, Listing
from fleetcore.ports.live_log import Batches
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.columns import Ints
from fleetcore_adapters.arrow.log_files import LogFiles, OpenFile, on_listing
from fleetcore_adapters.arrow.texts import text_hashes

PAGES: Final = 4_096
"""Stored format: other regions keep cursors."""


class OwnBatches:
    """Reads them behind a cursor."""

    def __init__(self, catalogue: Catalogue, files: LogFiles) -> None:
        self._catalogue = catalogue
        self._files = files

    def since(self, cursor: int, limit: int) -> Batches:
        """See `LiveLog.batches_since`."""
        first, page = divmod(cursor, PAGES)

        def read(listing: Listing) -> Batches:
            if cursor > (listing.sequence + 1) * PAGES:
                # One of another log, of which this is what was restored, or began anew.
                return self.since(0, limit)
            found: list[EventBatch] = []
            left = limit
            for sequence, entries in groupby(listing.entries, lambda entry: entry.sequence):
                batches, reached = self._read(list(entries), page if sequence == first else 0, left)
                found += batches
                left -= sum(batch.rows for batch in batches)
                if left <= 0 or reached < PAGES:
                    return Batches(batches=tuple(found), cursor=sequence * PAGES + reached)
            return Batches(batches=tuple(found), cursor=(listing.sequence + 1) * PAGES)

        return on_listing(lambda: self._catalogue.files(after=first - 1), read)

    def _read(
        self, entries: Sequence[Entry], page: int, limit: int
    ) -> tuple[list[EventBatch], int]:
        """Batches of one sequence from a page on, and the page behind them."""
        own = [entry for entry in entries if _may_be_own(entry)]
        if all(entry.file.kind == "tail" for entry in own):
            return [self._whole(entry) for entry in own], PAGES
        end = self._end(own, page, limit)
        found: dict[str, list[pa.Table]] = {}
        for entry in own:
            for file, group, rows, pages in self._own_rows(entry):
                chosen = rows[(pages[rows] >= page) & (pages[rows] < end)]
                if len(chosen):
                    for name, table in _by_ingestion(file.read(group).take(pa.array(chosen))):
                        found.setdefault(name, []).append(table)
        return [_encoded(name, found[name]) for name in sorted(found)], end

    def _end(self, own: Sequence[Entry], page: int, limit: int) -> int:
        """The page behind those that hold about `limit` rows, and at least one."""
        rows_by_page = np.zeros(PAGES, dtype=np.int64)
        for entry in own:
            for _file, _group, rows, pages in self._own_rows(entry):
                rows_by_page += np.bincount(pages[rows], minlength=PAGES)
        rows_by_page[:page] = 0
        total = np.cumsum(rows_by_page)
        end = int(np.searchsorted(total, max(limit, 1))) + 1
        return end if end < PAGES and total[end - 1] < total[-1] else PAGES

    def _whole(self, entry: Entry) -> EventBatch:
        file = entry.file
        return EventBatch(
            ingestion=str(file.ingestion),
            rows=file.rows,
            content=self._catalogue.content(file.key),
        )

    def _own_rows(self, entry: Entry) -> Iterator[tuple[OpenFile, int, Ints, Ints]]:
        """A file's row groups with rows that were taken in here: which, and the pages of all."""
        with self._files.opened(entry.file.key) as file:
            for group in file.groups():
                keys = file.read(group, ("vehicle_id", "ingestion"))
                ids, names = (keys.column(at).chunk(0) for at in range(2))
                own = np.array([is_own(name) for name in names.dictionary.to_pylist()])
                rows = np.flatnonzero(own[names.indices.to_numpy()])
                if len(rows):
                    by_id = (text_hashes(ids.dictionary) % np.uint64(PAGES)).astype(np.int64)
                    yield file, group, rows, by_id[ids.indices.to_numpy()]


def _may_be_own(entry: Entry) -> bool:
    ingestion = entry.file.ingestion
    return ingestion is None or is_own(ingestion)


def _encoded(ingestion: str, tables: Sequence[pa.Table]) -> EventBatch:
    return EventBatch(
        ingestion=ingestion,
        rows=sum(table.num_rows for table in tables),
        content=part_file.batch_content(pa.concat_tables(tables)),
    )


def _by_ingestion(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Rows by the ingestion that brought them."""
    column = table.column("ingestion").combine_chunks()
    names = column.dictionary.to_pylist()
    codes = column.indices.to_numpy()
    for code in np.unique(codes).tolist():
        yield names[code], table.filter(pa.array(codes == code))
