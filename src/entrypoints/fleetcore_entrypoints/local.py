"""A fleet in a folder on this machine: the Python API, and what the command line stands on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from fleetcore.application import tracks
from fleetcore.application.ingesting import NOTHING, Ingested, Request, Watcher, ingest
from fleetcore.application.storing import resume
from fleetcore.application.trips import journey
from fleetcore.domain.parts import StoredEvent
from fleetcore.domain.tracks.trips import Journey
from fleetcore.errors import FleetcoreError, InvalidInput
from fleetcore_adapters.files.stored_source import StoredSource
from fleetcore_adapters.local.object_store import UNFINISHED_FOLDER
from fleetcore_adapters.local.source import FileSource
from fleetcore_adapters.local.source_list import STDIN, sources
from fleetcore_entrypoints.options import PathText, id_asked_for, judges_at, request_of
from fleetcore_entrypoints.wiring.local import LocalApp, wire_local

DEFAULT_FOLDER: Final = "fleetcore-data"
_UNWATCHED: Final = Watcher()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


class LocalFleet:
    """A fleet whose data lies in one folder. Close it, or use it in a `with` block.

    `app` is what it is made of.
    """

    def __init__(self, app: LocalApp) -> None:
        self.app = app

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder; the fleet cannot be used afterwards."""
        self.app.close()

    def ingest(
        self,
        path: PathText,
        *,
        map: Mapping[str, str | int] | None = None,  # noqa: A002 - as on the command line
        columns: Sequence[str] = (),
        delimiter: str | None = None,
        encoding: str | None = None,
        timezone: str | None = None,
        vehicle_from_filename: str | None = None,
        speed_unit: str | None = None,
        vehicles: PathText | None = None,
        config: PathText | None = None,
        again: bool = False,
    ) -> Ingested:
        """Take one CSV file in (plain, gzip or zstd) and store its events.

        `map` gives the column of a field, by name or by number from 1, where its header does not
        say it; `columns` the names of a file without a header; `vehicles` a JSON or CSV file of
        vehicles' metadata, or its URL; `config` a `fleet.toml`. The same content again is
        recognised, unless `again`. What is wrong with the file comes back in the result, with the
        status `failed`.
        Raises `InvalidConfiguration` for an option that is not allowed, `InvalidInput` where the
        file `vehicles` cannot be read.
        """
        request = request_of(
            mapping=map,
            columns=columns,
            delimiter=delimiter,
            encoding=encoding,
            timezone=timezone,
            vehicle_from_filename=vehicle_from_filename,
            speed_unit=speed_unit,
            vehicles=vehicles,
            config=config,
            again=again,
        )
        return ingest(self.app.fleet, FileSource(Path(path)), request)

    def ingest_each(
        self,
        names: Sequence[str],
        request: Request,
        watcher_of: Callable[[StoredSource], Watcher] = lambda _source: _UNWATCHED,
        *,
        stdin: BinaryIO | None = None,
    ) -> Iterator[Ingested]:
        """Take in every file behind names, one after the other: what became of each.

        A name is a path, a folder, a glob or `-` for `stdin`. One that leads to no file comes
        back as failed, as a bad file does, and stops nothing. The data folder's own files are
        no input unless they are named. `watcher_of` gives the watcher of each file.
        """
        for each in self._found(names, sys.stdin.buffer if stdin is None else stdin):
            if isinstance(each, Ingested):
                yield each
            else:
                yield ingest(self.app.fleet, each, request, watcher_of(each))

    def _found(self, names: Sequence[str], stdin: BinaryIO) -> Iterator[StoredSource | Ingested]:
        folder = self.app.folder.resolve()
        seen: set[str] = set()
        for name in names:
            try:
                found = sources([name], stdin=stdin, spool=folder / UNFINISHED_FOLDER)
            except FleetcoreError as error:
                yield _unfound(name, error)
                continue
            for source in found:
                path = Path(source.name)
                own = source.name not in (name, STDIN) and path.resolve().is_relative_to(folder)
                if not own and source.name not in seen:
                    seen.add(source.name)
                    yield source

    def track(
        self,
        vehicle_id: str,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        clean: bool = False,
        vehicles: PathText | None = None,
        config: PathText | None = None,
    ) -> tuple[StoredEvent, ...]:
        """A vehicle's events in event order, `start <= observed_at < end`.

        Every payload of an instant is in it; `clean` leaves only the winner of each, and none
        that a track rule rejects: by the limits of `config`, a `fleet.toml`, for the class that
        `vehicles`, metadata as in `ingest`, says. Raises `InvalidInput` for a time without an
        offset from UTC.
        """
        asked, span = id_asked_for(vehicle_id), _span(start, end)
        if not clean:
            return tracks.track(self.app.fleet, asked, *span)
        judge_of = judges_at(config, vehicles)
        return tracks.clean_track(self.app.fleet, asked, *span, judge_of=judge_of).events

    def trips(
        self,
        vehicle_id: str,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        vehicles: PathText | None = None,
        config: PathText | None = None,
    ) -> Journey:
        """A vehicle's stops, trips and silences, in order, that lie even partly in a span.

        They are found in its clean track; see `track` for the limits and what is raised.
        """
        judge_of = judges_at(config, vehicles)
        return journey(
            self.app.fleet, id_asked_for(vehicle_id), *_span(start, end), judge_of=judge_of
        )

    def latest(self, *vehicle_ids: str) -> tuple[StoredEvent, ...]:
        """Where each vehicle is now, by vehicle id; without ids, all vehicles."""
        return tracks.latest(self.app.fleet, [id_asked_for(each) for each in vehicle_ids] or None)


def open_local(folder: PathText = DEFAULT_FOLDER) -> LocalFleet:
    """The fleet of a data folder, which is made if it does not exist.

    What an interrupted ingestion committed but did not store is stored first. Raises
    `StorageUnavailable` where the folder cannot be opened.
    """
    app = wire_local(Path(folder))
    try:
        resume(app.fleet)
    except BaseException:
        app.close()
        raise
    return LocalFleet(app)


def _span(start: datetime | None, end: datetime | None) -> tuple[int, int]:
    return (
        tracks.BEGINNING_MS if start is None else _epoch_ms(start),
        tracks.END_MS if end is None else _epoch_ms(end),
    )


def _epoch_ms(instant: datetime) -> int:
    if instant.utcoffset() is None:
        raise InvalidInput(f"the time {instant.isoformat()} has no offset from UTC; give it one")
    return (instant - _EPOCH) // _MS


def _unfound(name: str, error: FleetcoreError) -> Ingested:
    return Ingested(
        name=name,
        ingestion=None,
        status="failed",
        error=error,
        ledger=NOTHING,
        parts=0,
        size_bytes=0,
        seconds=0.0,
    )
