"""Folding: what waits in the log's tail becomes parts, one for each who took events in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

import pyarrow as pa
from attrs import frozen

from fleetcore.errors import CorruptObject, ObjectMissing
from fleetcore.ports.catalogue import FOLDED, Catalogue, Entry, Listing, LogFile
from fleetcore.ports.object_store import ObjectStore
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.log_files import on_listing, parsed_footer

ROWS_AT_ONCE: Final = 1_000_000
"""About how many rows of the tail are in memory at once."""


@frozen(kw_only=True, slots=True)
class Folded:
    """What a folding did: batches taken, parts written in their place, and their rows."""

    batches: int = 0
    parts: int = 0
    rows: int = 0

    def __add__(self, other: Folded) -> Folded:
        return Folded(
            batches=self.batches + other.batches,
            parts=self.parts + other.parts,
            rows=self.rows + other.rows,
        )


class Folding:
    """Moves the tail into parts; never changes what the log says.

    May run beside readers, appends and compaction: a part is durable before one change of the
    catalogue puts it in the place of batches. Killed before that change, it leaves a part that
    nothing names, which `sweep` removes. One process at a time folds and sweeps.
    """

    def __init__(self, catalogue: Catalogue, objects: ObjectStore) -> None:
        self._catalogue = catalogue
        self._objects = objects
        self._ahead: dict[str, pa.Table] = {}

    def read_ahead(self, entries: Sequence[Entry]) -> None:
        """Read batches that will be folded soon, so that folding them takes less at once.

        Raises `CorruptObject`, `StorageUnavailable`.
        """
        for entry in entries:
            if entry.file.key not in self._ahead:
                with suppress(ObjectMissing):  # somebody else folded it
                    self._ahead[entry.file.key] = self._table(entry.file)

    def fold(self, *, now_ms: int, up_to: int | None = None) -> Folded:
        """Fold the batches up to a sequence (None: all there are), oldest first.

        Raises `CorruptObject` if one is not what the catalogue says, `StorageUnavailable`.
        """
        total = Folded()
        while True:
            step = on_listing(
                self._catalogue.files, lambda listing: self._step(listing, up_to, now_ms)
            )
            self._ahead.clear()
            if step is not None and not step.batches:
                return total
            total += step or Folded()

    def _step(self, listing: Listing, up_to: int | None, now_ms: int) -> Folded | None:
        """Fold some batches; None where another process was quicker."""
        entries = list(_oldest(tail_of(listing), listing.sequence if up_to is None else up_to))
        if not entries:
            return Folded()
        tables: dict[str, list[pa.Table]] = {}
        for entry in entries:
            table = self._ahead.get(entry.file.key)
            tables.setdefault(str(entry.file.ingestion), []).append(
                self._table(entry.file) if table is None else table
            )
        parts = [self._part(each, tables[each]) for each in sorted(tables)]
        if not self._catalogue.replace([entry.file.key for entry in entries], parts, now_ms):
            return None
        return Folded(batches=len(entries), parts=len(parts), rows=sum(part.rows for part in parts))

    def _table(self, file: LogFile) -> pa.Table:
        content = self._catalogue.content(file.key)
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise CorruptObject(
                f"{file.key!r} is not what was appended: sha256 differs; run `fleetcore doctor`"
            )
        return part_file.decode(content)

    def _part(self, ingestion: str, tables: Sequence[pa.Table]) -> LogFile:
        """Write the rows of one ingestion as a part."""
        table = part_file.in_order(pa.concat_tables(tables))
        content = part_file.encode(*part_file.sliced(table))
        sha256 = hashlib.sha256(content).hexdigest()
        key = f"fresh/{ingestion}/{FOLDED}{sha256[:32]}{part_file.SUFFIX}"
        self._objects.put_if_absent(key, content)
        footer = parsed_footer(key, content)
        return LogFile(
            key=key,
            kind="fresh",
            rows=footer.rows,
            extent=footer.extent,
            size_bytes=len(content),
            sha256=sha256,
            ingestion=ingestion,
        )

    def sweep(self) -> int:
        """Remove the parts of foldings that were killed; how many. Nobody may fold meanwhile."""
        found = [
            key for key in self._objects.keys("fresh/") if key.rpartition("/")[2].startswith(FOLDED)
        ]
        # In this order: what is named now stays so or is retired, and then it may go as well.
        named = {entry.file.key for entry in self._catalogue.files().entries}
        kept = named.union(self._catalogue.retired())
        orphans = [key for key in found if key not in kept]
        for key in orphans:
            self._objects.remove(key)
        return len(orphans)


class TailWatch:
    """When the tail is to be folded, and up to where; `seen` is the sequence it has looked at.

    It is to be folded as soon as it is long, or a batch of it old; what came in just now stays,
    because those who follow the log would have to read the whole part for it. A batch is as old
    as the look that saw it first: nothing else tells when it came in.
    """

    def __init__(
        self, *, most_rows: int = 300_000, oldest_s: float = 60.0, settled_s: float = 10.0
    ) -> None:
        """`settled_s`: how old a batch has to be."""
        self._most_rows = most_rows
        self._oldest_ms = oldest_s * 1000
        self._settled_ms = settled_s * 1000
        self.clear()

    def clear(self) -> None:
        """Look at all of the tail again, as for the first time."""
        self.seen = 0
        self._since: dict[Entry, int] = {}

    def due(self, listing: Listing, now_ms: int) -> int | None:
        """The sequence to fold up to, if any; `listing` is of what came behind `seen`.

        What was folded since is not missed before `clear`.
        """
        self._since |= dict.fromkeys(tail_of(listing), now_ms)
        self.seen = listing.sequence
        rows = sum(each.file.rows for each in self._since)
        oldest = min(self._since.values(), default=now_ms)
        if rows <= self._most_rows and now_ms - oldest <= self._oldest_ms:
            return None
        return max((each.sequence for each in self.settled(now_ms)), default=None)

    def settled(self, now_ms: int) -> Sequence[Entry]:
        """The batches that did not come just now, oldest first."""
        return [each for each, at_ms in self._since.items() if now_ms - at_ms >= self._settled_ms]


def tail_of(listing: Listing) -> list[Entry]:
    """The batches that are not folded yet, by sequence."""
    return [entry for entry in listing.entries if entry.file.kind == "tail"]


def _oldest(entries: Sequence[Entry], up_to: int) -> Iterator[Entry]:
    """The first batches up to a sequence, at least one, not too many rows at once."""
    rows = 0
    for entry in entries:
        if entry.sequence > up_to or rows > ROWS_AT_ONCE:
            return
        rows += entry.file.rows
        yield entry
