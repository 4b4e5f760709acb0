"""Appending parts to the log: what is new becomes a file of it, once.

An append is compared with all files that may hold rows of the same identities. The catalogue
refuses one beside which others appended such rows meanwhile; it is compared again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final

import numpy as np
import pyarrow as pa
from attrs import evolve, frozen

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import Part
from fleetcore.errors import CorruptObject, StorageUnavailable
from fleetcore.ports.catalogue import Appended, Catalogue, Listing, LogFile
from fleetcore.ports.object_store import ObjectStore
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.buried import Buried
from fleetcore_adapters.arrow.columns import Mask, Words
from fleetcore_adapters.arrow.identity_runs import IdentityRuns
from fleetcore_adapters.arrow.log_files import LogFiles, on_listing, parsed_footer, spanned
from fleetcore_adapters.arrow.membership import Arrivals, are_twins, identity_words

MOST_ROWS_COMPARED: Final = 700_000
"""Arriving rows that are compared with the log at once."""

_SMALL_ROWS: Final = part_file.ROW_GROUP_ROWS


@frozen(kw_only=True, slots=True)
class _Arrival:
    """A part that is what its sha256 says, as the file of the log it may become."""

    part: Part
    file: LogFile | None


class Appends:
    """Appends parts to a log. Safe to share between threads."""

    def __init__(self, catalogue: Catalogue, objects: ObjectStore, files: LogFiles) -> None:
        self._catalogue = catalogue
        self._objects = objects
        self._files = files
        self._buried = Buried(catalogue)
        self._small = IdentityRuns()

    def append(self, parts: Sequence[Part]) -> tuple[StoreOutcome, ...]:
        """See `LocationLog.append`."""
        known = self._catalogue.outcomes({part.key for part in parts})
        missing = {part.key: part for part in parts if part.key not in known}
        for batch in self._batches(missing.values()):
            self._append(batch)
        outcomes = {**known, **self._catalogue.outcomes(missing)}
        return tuple(outcomes[part.key] for part in parts)

    def _batches(self, parts: Iterable[Part]) -> Iterator[list[_Arrival]]:
        """Arrivals of one ingestion, not too many rows at once."""
        batch: list[_Arrival] = []
        for part in parts:
            arrival = self._arrival(part)
            rows = part.rows + sum(other.part.rows for other in batch)
            if batch and (rows > MOST_ROWS_COMPARED or _ingestions([*batch, arrival]) > 1):
                yield batch
                batch = []
            batch.append(arrival)
        if batch:
            yield batch

    def _arrival(self, part: Part) -> _Arrival:
        content = self._objects.get(part.key)
        if hashlib.sha256(content).hexdigest() != part.sha256:
            raise CorruptObject(
                f"{part.key!r} is not the part that was committed: sha256 differs; "
                "run `fleetcore doctor`"
            )
        footer = parsed_footer(part.key, content)
        if footer.rows != part.rows:
            raise CorruptObject(
                f"{part.key!r} has {footer.rows} rows, not {part.rows}; run `fleetcore doctor`"
            )
        if not part.rows:
            return _Arrival(part=part, file=None)
        if footer.ingestion is None:
            raise CorruptObject(
                f"{part.key!r} has rows of more than one ingestion; run `fleetcore doctor`"
            )
        file = LogFile(
            key=part.key,
            kind="fresh",
            rows=part.rows,
            extent=footer.extent,
            size_bytes=len(content),
            sha256=part.sha256,
            origin=part.key,
            ingestion=footer.ingestion,
        )
        return _Arrival(part=part, file=file)

    def _append(self, batch: Sequence[_Arrival]) -> None:
        files = [arrival.file for arrival in batch if arrival.file is not None]
        extent = spanned([file.extent for file in files]) if files else None

        refused: set[tuple[int, int]] = set()

        def appended(listing: Listing) -> bool:
            if (listing.sequence, listing.buried) in refused:
                raise StorageUnavailable(
                    "the catalogue refuses what it lists no reason against; "
                    "it is damaged: run fleetcore doctor"
                )
            held = [entry.file for entry in listing.entries]
            rows = self._new_rows(files, held, self._gone(files, listing.buried))
            parts = [self._appended(arrival, rows.get(arrival.part.key)) for arrival in batch]
            if self._catalogue.append(parts, listing.sequence, listing.buried):
                return True
            refused.add((listing.sequence, listing.buried))
            return False

        while not on_listing(lambda: self._catalogue.files(extent), appended):
            pass  # Others appended rows that may be siblings of these: compare with them too.

    def _gone(self, files: Sequence[LogFile], buried: int) -> dict[str, Mask]:
        """The rows of forgotten vehicles, by the keys of those files that have any."""
        gone = {}
        for file in files if buried else ():
            groups = self._groups(file, ("vehicle_id",))
            columns = [group.column("vehicle_id").chunk(0) for group in groups]
            rows = np.concatenate([self._buried.rows_of(ids, buried) for ids in columns])
            if rows.any():
                gone[file.key] = rows
        return gone

    def _new_rows(
        self, files: Sequence[LogFile], held: Sequence[LogFile], gone: Mapping[str, Mask]
    ) -> dict[str, tuple[StoreOutcome, Mask]]:
        """What becomes of the rows of those arriving files that are not certainly all new."""
        found: dict[str, tuple[StoreOutcome, Mask]] = {}
        contested: list[LogFile] = []
        for file in files:
            others = [other for other in held if _may_share_rows(file, other)]
            if file.key not in gone and any(self._are_twins(file, other) for other in others):
                outcome = StoreOutcome(already_stored=file.rows)
                found[file.key] = outcome, np.zeros(file.rows, dtype=np.bool_)
            elif others or file.key in gone:
                contested.append(file)
        if contested:
            self._compare(contested, held, gone, found)
        return found

    def _are_twins(self, file: LogFile, other: LogFile) -> bool:
        if (file.rows, file.extent) != (other.rows, other.extent):
            return False
        with self._files.opened(file.key) as one, self._files.opened(other.key) as another:
            return are_twins(one, another)

    def _compare(
        self,
        contested: Sequence[LogFile],
        held: Sequence[LogFile],
        gone: Mapping[str, Mask],
        found: dict[str, tuple[StoreOutcome, Mask]],
    ) -> None:
        def groups(columns: Sequence[str]) -> Iterator[pa.Table]:
            for file in contested:
                yield from self._groups(file, columns)

        rows = sum(file.rows for file in contested)
        arrivals = Arrivals(str(contested[0].ingestion), rows, groups)
        extents = [file.extent for file in contested]
        rivals = [
            other for other in held if any(_may_share_rows(file, other) for file in contested)
        ]
        for other in self._meeting(rivals, contested):
            with self._files.opened(other.key) as opened:
                arrivals.compare(opened, extents)
        if gone:
            left_out = [gone.get(file.key, np.zeros(file.rows, np.bool_)) for file in contested]
            arrivals.forget(np.concatenate(left_out))
        starts = accumulate((file.rows for file in contested), initial=0)
        for file, start in zip(contested, starts, strict=False):
            found[file.key] = arrivals.outcome(start, file.rows)

    def _meeting(
        self, rivals: Sequence[LogFile], contested: Sequence[LogFile]
    ) -> Iterator[LogFile]:
        """The rivals that may hold an identity of the contested files.

        Of small files, which are many, that is remembered: each is read once, and not once for
        each file that arrives after it.
        """
        known = {other.key for other in rivals if other.key in self._small}
        met = frozenset[str]()
        if known:
            met = self._small.meeting(np.concatenate([self._hashes(file) for file in contested]))
        for other in rivals:
            if other.key in met or other.key not in known:
                yield other
            if other.rows <= _SMALL_ROWS and other.key not in known:
                self._small.add(other.key, self._hashes(other))

    def _hashes(self, file: LogFile) -> Words:
        """The hashes of a file's identities."""
        groups = self._groups(file, ("vehicle_id", "observed_at"))
        return np.concatenate([identity_words(group) for group in groups])

    def _appended(self, arrival: _Arrival, rows: tuple[StoreOutcome, Mask] | None) -> Appended:
        part, file = arrival.part, arrival.file
        if rows is None:
            return Appended(origin=part.key, outcome=StoreOutcome(stored=part.rows), file=file)
        outcome, new = rows
        if file is None or not new.any():
            return Appended(origin=part.key, outcome=outcome, file=None)
        if not new.all():
            file = self._written(file, new)
        return Appended(origin=part.key, outcome=outcome, file=file)

    def _written(self, part: LogFile, new: Mask) -> LogFile:
        """A file of some of a part's rows."""
        table = pa.concat_tables(self._groups(part)).filter(pa.array(new))
        content = part_file.encode(*part_file.sliced(table))
        sha256 = hashlib.sha256(content).hexdigest()
        key = f"{part.key.removesuffix(part_file.SUFFIX)}-new-{sha256[:16]}{part_file.SUFFIX}"
        self._objects.put_if_absent(key, content)
        footer = parsed_footer(key, content)
        return evolve(
            part,
            key=key,
            rows=footer.rows,
            extent=footer.extent,
            size_bytes=len(content),
            sha256=sha256,
        )

    def _groups(
        self, file: LogFile, columns: Sequence[str] = part_file.SCHEMA.names
    ) -> Iterator[pa.Table]:
        with self._files.opened(file.key) as opened:
            for group in opened.groups():
                yield opened.read(group, columns)


def _may_share_rows(file: LogFile, other: LogFile) -> bool:
    return other.ingestion != file.ingestion and other.extent.meets(file.extent)


def _ingestions(batch: Sequence[_Arrival]) -> int:
    return len({arrival.file.ingestion for arrival in batch if arrival.file is not None})
