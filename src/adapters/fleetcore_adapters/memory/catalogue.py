"""A catalogue in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence

from fleetcore.domain.ledger import StoreOutcome
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
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._outcomes: dict[str, StoreOutcome] = {}
        self._retired: dict[str, int] = {}

    def files(self, extent: Extent | None = None, after: int = 0) -> Listing:
        with self._lock:
            found = [
                entry
                for entry in self._entries.values()
                if entry.sequence > after and (extent is None or extent.meets(entry.file.extent))
            ]
            last = len(self._outcomes)
        found.sort(key=lambda entry: (entry.sequence, entry.file.key))
        return Listing(entries=tuple(found), sequence=last)

    def outcomes(self, origins: Collection[str]) -> Mapping[str, StoreOutcome]:
        with self._lock:
            return {key: self._outcomes[key] for key in origins if key in self._outcomes}

    def recorded(self) -> Mapping[str, Recorded]:
        with self._lock:
            return {
                key: Recorded(sequence=sequence, outcome=outcome)
                for sequence, (key, outcome) in enumerate(self._outcomes.items(), 1)
            }

    def append(self, parts: Sequence[Appended], seen: int) -> bool:
        with self._lock:
            since = [entry.file for entry in self._entries.values() if entry.sequence > seen]
            if any(_met(part.file, file) for part in parts if part.file for file in since):
                return False
            for part in parts:
                if part.origin not in self._outcomes:
                    self._outcomes[part.origin] = part.outcome
                    if part.file is not None:
                        entry = Entry(sequence=len(self._outcomes), file=part.file)
                        self._entries[part.file.key] = entry
            return True

    def replace(self, old: Collection[str], new: Sequence[LogFile], now_ms: int) -> bool:
        with self._lock:
            if not all(key in self._entries for key in old):
                return False
            gone = [self._entries.pop(key) for key in set(old)]
            highest = max((entry.sequence for entry in gone), default=0)
            self._retired |= {entry.file.key: now_ms for entry in gone}
            for file in new:
                self._entries[file.key] = Entry(sequence=highest, file=file)
                self._retired.pop(file.key, None)
            return True

    def retired(self) -> Mapping[str, int]:
        with self._lock:
            return dict(self._retired)

    def forget(self, keys: Collection[str]) -> None:
        with self._lock:
            for key in keys:
                self._retired.pop(key, None)


def _met(mine: LogFile, other: LogFile) -> bool:
    return mine.ingestion != other.ingestion and mine.extent.meets(other.extent)
