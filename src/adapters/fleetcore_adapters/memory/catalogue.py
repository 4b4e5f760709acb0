"""A catalogue in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from attrs import evolve

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.tombstones import Tombstone
from fleetcore.errors import ObjectMissing
from fleetcore.ports.catalogue import (
    Appended,
    Catalogue,
    Entry,
    Extent,
    Listing,
    LogFile,
    Recorded,
)


class MemoryCatalogue(Catalogue):
    """Names files as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._last = 0
        self._entries: dict[str, Entry] = {}
        self._recorded: dict[str, Recorded] = {}
        self._contents: dict[str, bytes] = {}
        self._retired: dict[str, int] = {}
        self._tombstones: dict[str, Tombstone] = {}

    def files(self, extent: Extent | None = None, after: int = 0) -> Listing:
        with self._lock:
            found = [
                entry
                for entry in self._entries.values()
                if entry.sequence > after and (extent is None or extent.meets(entry.file.extent))
            ]
            last, buried = self._last, len(self._tombstones)
        found.sort(key=lambda entry: (entry.sequence, entry.file.key))
        return Listing(entries=tuple(found), sequence=last, buried=buried)

    def outcomes(self, origins: Collection[str]) -> Mapping[str, StoreOutcome]:
        with self._lock:
            return {key: self._recorded[key].outcome for key in origins if key in self._recorded}

    def recorded(self) -> Mapping[str, Recorded]:
        with self._lock:
            return dict(self._recorded)

    def content(self, key: str) -> bytes:
        with self._lock:
            content = self._contents.get(key)
        if content is None:
            raise ObjectMissing(f"no {key!r} in the log's tail; run `fleetcore doctor`")
        return content

    def append(self, parts: Sequence[Appended], seen: int, buried: int = 0) -> bool:
        with self._lock:
            since = [entry.file for entry in self._entries.values() if entry.sequence > seen]
            if len(self._tombstones) > buried or any(
                _met(part.file, file) for part in parts if part.file for file in since
            ):
                return False
            for part in parts:
                if part.origin not in self._recorded:
                    self._record(part)
            return True

    def _record(self, part: Appended) -> None:
        self._last += 1
        self._recorded[part.origin] = Recorded(sequence=self._last, outcome=part.outcome)
        if part.file is not None:
            self._entries[part.file.key] = Entry(sequence=self._last, file=part.file)
            if part.content is not None:
                self._contents[part.file.key] = part.content

    @contextmanager
    def locked(self) -> Iterator[None]:
        with self._lock:
            yield

    def replace(
        self,
        old: Collection[str],
        new: Sequence[LogFile],
        now_ms: int,
        forgotten: Mapping[str, int] | None = None,
    ) -> bool:
        with self._lock:
            if not all(key in self._entries for key in old):
                return False
            gone = [self._entries.pop(key) for key in set(old)]
            highest = max((entry.sequence for entry in gone), default=0)
            for entry in gone:
                if entry.file.kind == "tail":
                    self._cut_off(entry.file)
                else:
                    self._retired[entry.file.key] = now_ms
            for file in new:
                self._entries[file.key] = Entry(sequence=highest, file=file)
                self._retired.pop(file.key, None)
            for ingestion, lost in (forgotten or {}).items():
                if record := self._recorded.get(f"tail/{ingestion}"):
                    outcome = record.outcome.forgetting(lost)
                    self._recorded[f"tail/{ingestion}"] = evolve(record, outcome=outcome)
            return True

    def _cut_off(self, file: LogFile) -> None:
        """Remove a content of the tail, and add its outcome to the sum of its ingestion."""
        del self._contents[file.key]
        record = f"tail/{file.ingestion}"
        last = self._recorded.pop(str(file.origin))
        before = self._recorded.get(record, Recorded(sequence=0, outcome=StoreOutcome()))
        self._recorded[record] = Recorded(
            sequence=max(before.sequence, last.sequence), outcome=before.outcome + last.outcome
        )

    def bury(self, tombstones: Sequence[Tombstone]) -> None:
        with self._lock:
            for each in tombstones:
                self._tombstones.setdefault(each.key, each)

    def tombstones(self) -> tuple[Tombstone, ...]:
        with self._lock:
            return tuple(self._tombstones[key] for key in sorted(self._tombstones))

    def retired(self) -> Mapping[str, int]:
        with self._lock:
            return dict(self._retired)

    def forget(self, keys: Collection[str]) -> None:
        with self._lock:
            for key in keys:
                self._retired.pop(key, None)


def _met(mine: LogFile, other: LogFile) -> bool:
    return (mine.kind == "tail" or mine.ingestion != other.ingestion) and mine.extent.meets(
        other.extent
    )
