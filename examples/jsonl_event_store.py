"""An event store on plain files, written from scratch: a JSON line an event, a file a stream.

Run the suite of its port on it:

    fleetcore conformance examples.jsonl_event_store:open_store
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Generic

from attrs import asdict

from fleetcore.codec.envelope import Envelope
from fleetcore.codec.event_codec import EventCodec
from fleetcore.codec.ingestion_events import INGESTION_EVENTS
from fleetcore.domain.ingestion_events import IngestionEvent
from fleetcore.errors import VersionConflict
from fleetcore.ports.event_store import E, EventStore, checked_size


class JsonLinesEventStore(EventStore[E], Generic[E]):
    """Keeps a stream in `<number>.jsonl`; `streams.json` says which number is whose.

    One lock serialises writers. An append puts a new file in the place of the old one, so readers
    and crashes find one of them, whole.
    """

    def __init__(self, folder: Path, codec: EventCodec[E]) -> None:
        self._folder = folder
        self._codec = codec
        folder.mkdir(parents=True, exist_ok=True)

    def append(self, stream: str, expected_version: int, events: Sequence[E]) -> int:
        checked_size(events)
        with self._locked():
            lines = self._lines(stream)
            if len(lines) != expected_version:
                raise VersionConflict(stream, expected_version, len(lines))
            if events:
                whole = [*lines, *(json.dumps(asdict(self._codec.encode(e))) for e in events)]
                self._replace(self._path(stream), "".join(f"{line}\n" for line in whole))
            return expected_version + len(events)

    def read(self, stream: str) -> tuple[E, ...]:
        return tuple(
            self._codec.decode(Envelope(**json.loads(line))) for line in self._lines(stream)
        )

    def streams(self, prefix: str = "") -> tuple[str, ...]:
        return tuple(
            name for name in self._names() if name.startswith(prefix) and self._lines(name)
        )

    def _lines(self, stream: str) -> list[str]:
        names = self._names()
        if stream not in names:
            return []
        path = self._folder / f"{names.index(stream)}.jsonl"
        text = path.read_text("utf-8") if path.exists() else ""
        return text.split("\n")[:-1]

    def _names(self) -> list[str]:
        path = self._folder / "streams.json"
        return list(json.loads(path.read_text("utf-8"))) if path.exists() else []

    def _path(self, stream: str) -> Path:
        """The file of a stream, which gets the next number where it has none."""
        names = self._names()
        if stream not in names:
            names.append(stream)
            self._replace(self._folder / "streams.json", json.dumps(names))
        return self._folder / f"{names.index(stream)}.jsonl"

    def _replace(self, path: Path, text: str) -> None:
        """Put a text in the place of another; a reader sees one of them whole."""
        unfinished = path.with_suffix(".unfinished")
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def open_store(folder: Path) -> Callable[[], EventStore[IngestionEvent]]:
    """What `fleetcore conformance` asks for: given a folder, what opens a handle on its state."""
    return lambda: JsonLinesEventStore(folder, INGESTION_EVENTS)
