"""Rewriting the log without the rows of forgotten vehicles."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from attrs import evolve, frozen

from fleetcore.ports.catalogue import Catalogue, Listing, LogFile
from fleetcore.ports.object_store import ObjectStore
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.columns import Mask
from fleetcore_adapters.arrow.log_files import (
    LogFiles,
    Opener,
    on_listing,
    opened_from,
    parsed_footer,
    with_tail,
)

_MARK: Final = "-without-"


@frozen(kw_only=True, slots=True)
class Erased:
    """What was taken out of the log: rows, and the files that held them."""

    files: int = 0
    rows: int = 0


class Forgetting:
    """Finds the rows of forgotten vehicles, and takes them out.

    Nothing may fold or compact meanwhile, and the tail must have been folded since nothing of
    these vehicles is taken in any more. Readers and appends go on. A file is durable before it
    takes the place of another one, which is removed at once; killed in between, the next run goes
    on, and what has no name is swept.
    """

    def __init__(
        self, catalogue: Catalogue, objects: ObjectStore, open_file: Opener | None = None
    ) -> None:
        self._catalogue = catalogue
        self._objects = objects
        self._files = LogFiles(with_tail(catalogue, open_file or opened_from(objects)))

    def rows(self, is_forgotten: Callable[[str], bool]) -> Mapping[str, Mapping[str, int]]:
        """How many rows the log holds of each such vehicle, by ingestion."""

        def counted(listing: Listing) -> Mapping[str, Mapping[str, int]]:
            found: dict[str, Counter[str]] = {}
            for entry in listing.entries:
                for vehicle_id, ingestion in self._forgotten_in(entry.file, is_forgotten):
                    found.setdefault(vehicle_id, Counter())[ingestion] += 1
            return found

        return on_listing(self._catalogue.files, counted)

    def _forgotten_in(
        self, file: LogFile, is_forgotten: Callable[[str], bool]
    ) -> Iterator[tuple[str, str]]:
        """Vehicle and ingestion of each row to be forgotten."""
        with self._files.opened(file.key) as opened:
            for group in opened.groups():
                keys = opened.read(group, ("vehicle_id", "ingestion"))
                gone = _rows_of(keys.column("vehicle_id").chunk(0), is_forgotten)
                if gone.any():
                    rows = keys.filter(pa.array(gone)).to_pydict()
                    yield from zip(rows["vehicle_id"], rows["ingestion"], strict=True)

    def erase(self, is_forgotten: Callable[[str], bool], now_ms: int) -> Erased:
        """Take the rows out of all files but the tail's."""
        total = Erased()
        for entry in self._catalogue.files().entries:
            file = entry.file
            lost = Counter(each for _, each in self._forgotten_in(file, is_forgotten))
            if not lost or file.kind == "tail":
                continue
            new = [] if lost.total() == file.rows else [self._without(file, is_forgotten)]
            if self._catalogue.replace([file.key], new, now_ms, lost):
                total = Erased(files=total.files + 1, rows=total.rows + lost.total())
        for key in self._catalogue.retired():
            self._objects.remove(key)
            self._catalogue.forget([key])
        return total

    def _without(self, file: LogFile, is_forgotten: Callable[[str], bool]) -> LogFile:
        """Write a file of the other rows."""
        content = part_file.encode(*self._others(file, is_forgotten))
        sha256 = hashlib.sha256(content).hexdigest()
        stem = file.key.removesuffix(part_file.SUFFIX).partition(_MARK)[0]
        key = f"{stem}{_MARK}{sha256[:16]}{part_file.SUFFIX}"
        self._objects.put_if_absent(key, content)
        footer = parsed_footer(key, content)
        return evolve(
            file,
            key=key,
            rows=footer.rows,
            extent=footer.extent,
            size_bytes=len(content),
            sha256=sha256,
        )

    def _others(self, file: LogFile, is_forgotten: Callable[[str], bool]) -> Sequence[pa.Table]:
        """The rows that stay, a table a row group; no dictionary holds what is gone."""
        tables: list[pa.Table] = []
        with self._files.opened(file.key) as opened:
            for group in opened.groups():
                table = opened.read(group)
                gone = _rows_of(table.column("vehicle_id").chunk(0), is_forgotten)
                tables += part_file.sliced(table.filter(pa.array(~gone)))
        return tables


def _rows_of(ids: pa.DictionaryArray, is_forgotten: Callable[[str], bool]) -> Mask:
    gone = np.array([is_forgotten(each) for each in ids.dictionary.to_pylist()], dtype=np.bool_)
    by_row: Mask = gone[ids.indices.to_numpy()]
    return by_row
