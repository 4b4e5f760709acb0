"""Appending parts to the log: what is new becomes a file of it, once.

An append is compared with all files that may hold rows of the same identities. The catalogue
refuses one beside which others appended such rows meanwhile; it is compared with these, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from typing import Final

import numpy as np
import pyarrow as pa
from attrs import evolve, frozen

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import Part
from fleetcore.errors import CorruptObject
from fleetcore.ports.catalogue import Appended, Catalogue, LogFile
from fleetcore.ports.object_store import ObjectStore
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.buried import Buried
from fleetcore_adapters.arrow.columns import Mask
from fleetcore_adapters.arrow.comparison import Comparison
from fleetcore_adapters.arrow.identity_runs import IdentityRuns
from fleetcore_adapters.arrow.log_files import LogFiles, on_listing, parsed_footer, spanned
from fleetcore_adapters.arrow.rounds import in_rounds

MOST_ROWS_COMPARED: Final = 700_000
"""Arriving rows that are compared with the log at once."""


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
        compared = Comparison(files, self._files, self._small)
        gone_of = cache(partial(self._gone, files))
        written: dict[tuple[str, bytes], LogFile] = {}

        def appended() -> Sequence[Appended] | None:
            listing = on_listing(
                lambda: self._catalogue.files(extent, after=compared.seen), compared.take
            )
            outcomes = compared.outcomes(gone_of(listing.buried))
            parts = [
                self._appended(arrival, outcomes.get(arrival.part.key), written)
                for arrival in batch
            ]
            done = self._catalogue.append(parts, listing.sequence, listing.buried)
            return parts if done else None

        in_rounds(self._catalogue, appended)

    def _gone(self, files: Sequence[LogFile], buried: int) -> dict[str, Mask]:
        """The rows of forgotten vehicles, by the keys of those files that have any."""
        gone = {}
        for file in files if buried else ():
            tables = self._files.tables(file.key, ("vehicle_id",))
            columns = [table.column("vehicle_id").chunk(0) for table in tables]
            rows = np.concatenate([self._buried.rows_of(ids, buried) for ids in columns])
            if rows.any():
                gone[file.key] = rows
        return gone

    def _appended(
        self,
        arrival: _Arrival,
        rows: tuple[StoreOutcome, Mask] | None,
        written: dict[tuple[str, bytes], LogFile],
    ) -> Appended:
        """What is appended of a part; `written` are the files of some rows of parts so far."""
        part, file = arrival.part, arrival.file
        if rows is None:
            return Appended(origin=part.key, outcome=StoreOutcome(stored=part.rows), file=file)
        outcome, new = rows
        if file is None or not new.any():
            return Appended(origin=part.key, outcome=outcome, file=None)
        if not new.all():
            same = file.key, np.packbits(new).tobytes()
            if same not in written:
                written[same] = self._written(file, new)
            file = written[same]
        return Appended(origin=part.key, outcome=outcome, file=file)

    def _written(self, part: LogFile, new: Mask) -> LogFile:
        """A file of some of a part's rows."""
        table = pa.concat_tables(self._files.tables(part.key)).filter(pa.array(new))
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


def _ingestions(batch: Sequence[_Arrival]) -> int:
    return len({arrival.file.ingestion for arrival in batch if arrival.file is not None})
