"""The log's tail: live batches, each exactly what the log did not hold.

Most rows of a batch are newer than all there is, and a look at hashes of recent identities says
so. What may be in the log is compared with it, payload by payload. The catalogue refuses a batch
beside which others appended such rows meanwhile; it is compared again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from threading import Lock
from typing import Final

import numpy as np
import pyarrow as pa
from attrs import frozen

from fleetcore.domain.judging import Payload, payload_of
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.messages import EventBatch
from fleetcore.domain.provenance import live_ingestion
from fleetcore.errors import CorruptObject
from fleetcore.ports.catalogue import TAIL, Appended, Catalogue, Extent, Listing, LogFile
from fleetcore.ports.object_store import checked_key
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.buried import Buried
from fleetcore_adapters.arrow.columns import Ints, Mask, Words
from fleetcore_adapters.arrow.identity_runs import IdentityRuns
from fleetcore_adapters.arrow.log_files import Footer, LogFiles, on_listing, parsed_footer
from fleetcore_adapters.arrow.membership import Arrivals, hashes_in, identity_words, outcome_of
from fleetcore_adapters.arrow.recent_rows import RecentRows
from fleetcore_adapters.arrow.rounds import in_rounds

_MOST_REMEMBERED: Final = 500_000
"""Rows of a file whose identities are remembered once all of it had to be read."""


@frozen(kw_only=True, slots=True, eq=False)
class _Arriving:
    """Batches as they are read: all rows in their order, one chunk.

    `content` is theirs with its footer, where it can be stored as it came.
    """

    ingestion: str
    content: tuple[bytes, Footer] | None
    rows: pa.Table
    hashes: Words
    times: Ints


@frozen(slots=True, eq=False)
class _Judged:
    outcome: StoreOutcome
    new: Mask


class Tail:
    """Appends live batches to a log. Safe to share between threads."""

    def __init__(self, catalogue: Catalogue, files: LogFiles) -> None:
        self._catalogue = catalogue
        self._files = files
        self._buried = Buried(catalogue)
        self._lock = Lock()
        self._recent = RecentRows(lambda file: hashes_in(files, file.key))
        self._older = IdentityRuns()

    def append(self, batches: Sequence[EventBatch]) -> StoreOutcome:
        """See `LiveLog.append_batches`."""
        if not batches:
            return StoreOutcome()
        ingestion = live_ingestion([batch.ingestion for batch in batches])
        checked_key(f"{TAIL}{ingestion}")
        filled = [batch for batch in batches if batch.rows]
        if not filled:
            return StoreOutcome()
        arriving = _read(filled, ingestion)
        with self._lock:
            return self._append(arriving)

    def _append(self, arriving: _Arriving) -> StoreOutcome:
        def outcome() -> StoreOutcome | None:
            listing = on_listing(
                lambda: self._catalogue.files(after=self._recent.seen), self._recent.take
            )
            judged = self._judged(arriving, listing)
            if not judged.new.any():
                return judged.outcome
            appended = _appended(arriving, judged)
            if not self._catalogue.append([appended], listing.sequence, listing.buried):
                return None
            if appended.file is not None:
                self._recent.add(appended.file, arriving.hashes[judged.new])
            return judged.outcome

        return in_rounds(self._catalogue, outcome)

    def _judged(self, arriving: _Arriving, listing: Listing) -> _Judged:
        ids = arriving.rows.column("vehicle_id").chunk(0)
        gone = self._buried.rows_of(ids, listing.buried)
        doubled = _doubled(arriving.hashes)
        suspects = ~gone & (doubled | self._recent.may_hold(arriving.hashes, arriving.times))
        held, siblings = np.zeros((2, len(gone)), dtype=np.bool_)
        if suspects.any():
            rows = np.flatnonzero(suspects)
            held[rows], siblings[rows] = self._looked_up(arriving.rows.take(pa.array(rows)))
            _compare_doubled(arriving.rows, np.flatnonzero(doubled & ~gone), held, siblings)
        return _Judged(*outcome_of(gone, held, siblings))

    def _looked_up(self, rows: pa.Table) -> tuple[Mask, Mask]:
        """Which rows the log holds, and which have siblings in it."""
        rows = rows.combine_chunks()
        hashes = identity_words(rows)
        extent = _extent_of(rows)

        def compared(listing: Listing) -> Arrivals:
            arrivals = Arrivals(None, rows.num_rows, lambda columns: [rows.select(columns)])
            met = self._recent.meeting(hashes) | self._older.meeting(hashes)
            for entry in listing.entries:
                file = entry.file
                known = file.key in self._recent or file.key in self._older
                # Of rows far apart, most of what lies between them is of no interest.
                if (file.key in met) if known else arrivals.meet(file.extent):
                    self._compare(arrivals, file, known=known)
            return arrivals

        arrivals = on_listing(lambda: self._catalogue.files(extent), compared)
        return arrivals.held, arrivals.siblings

    def _compare(self, arrivals: Arrivals, file: LogFile, *, known: bool) -> None:
        """Compare rows with a file; what had to be read whole is remembered."""
        with self._files.opened(file.key) as opened:
            extents = opened.footer.extents
            groups = [at for at, extent in enumerate(extents) if arrivals.meet(extent)]
            arrivals.compare(opened, groups)
        if not known and len(groups) == len(extents) and file.rows <= _MOST_REMEMBERED:
            hashes = hashes_in(self._files, file.key)
            if not self._older.add(file.key, hashes):
                self._older = IdentityRuns()
                self._older.add(file.key, hashes)


def _read(batches: Sequence[EventBatch], ingestion: str) -> _Arriving:
    try:
        tables = [part_file.decode(batch.content) for batch in batches]
    except CorruptObject as error:
        raise CorruptObject(f"a batch of {ingestion!r}: {error}") from error
    for batch, table in zip(batches, tables, strict=True):
        if table.num_rows != batch.rows:
            raise CorruptObject(
                f"a batch of {ingestion!r} has {table.num_rows} rows, not {batch.rows}"
            )
    rows = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    content = None
    if len(batches) == 1 and part_file.is_in_order(rows):
        footer = parsed_footer(f"a batch of {ingestion}", batches[0].content)
        if footer.ingestion == ingestion:
            content = batches[0].content, footer
    return _Arriving(
        ingestion=ingestion,
        content=content,
        rows=rows,
        hashes=identity_words(rows),
        times=part_file.times_of(rows),
    )


def _doubled(hashes: Words) -> Mask:
    """Which hashes are there more than once."""
    order = np.argsort(hashes)
    same = hashes[order][1:] == hashes[order][:-1]
    found: Mask = np.zeros(len(hashes), dtype=np.bool_)
    found[order[1:][same]] = True
    found[order[:-1][same]] = True
    return found


def _compare_doubled(table: pa.Table, rows: Ints, held: Mask, siblings: Mask) -> None:
    """Count, of rows with one identity, equal payloads as held and others as siblings."""
    met: dict[tuple[str, int], set[Payload]] = {}
    if not len(rows):
        return
    for row, stored in zip(
        rows.tolist(), part_file.rows_of(table.take(pa.array(rows))), strict=True
    ):
        payloads = met.setdefault(stored.event.identity, set())
        payload = payload_of(stored.event)
        if payload in payloads:
            held[row] = True
        siblings[row] |= bool(payloads)
        payloads.add(payload)


def _appended(arriving: _Arriving, judged: _Judged) -> Appended:
    ingestion = arriving.ingestion
    if arriving.content is not None and judged.new.all():
        content, footer = arriving.content
    else:
        rows = arriving.rows.filter(pa.array(judged.new))
        content = part_file.batch_content(part_file.of_ingestion(rows, ingestion))
        footer = parsed_footer(f"a batch of {ingestion}", content)
    sha256 = hashlib.sha256(content).hexdigest()
    key = f"{TAIL}{ingestion}/{sha256[:32]}{part_file.SUFFIX}"
    file = LogFile(
        key=key,
        kind="tail",
        rows=footer.rows,
        extent=footer.extent,
        size_bytes=len(content),
        sha256=sha256,
        origin=key,
        ingestion=ingestion,
    )
    return Appended(origin=key, outcome=judged.outcome, file=file, content=content)


def _extent_of(rows: pa.Table) -> Extent:
    """What rows lie in that are not sorted; there is at least one."""
    ids: Sequence[str] = rows.column("vehicle_id").unique().to_pylist()
    times = part_file.times_of(rows)
    return Extent(
        min_vehicle_id=min(ids),
        max_vehicle_id=max(ids),
        min_observed_at=int(times.min()),
        max_observed_at=int(times.max()),
    )
