"""One upload taken in, as far as there is time, and how that ended."""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from fleetcore.application.ingesting import Ingested, go_on, ingest, pending_ingestion
from fleetcore.errors import (
    FleetcoreError,
    IllegalCommand,
    ObjectMissing,
    StorageUnavailable,
    UnbalancedLedger,
    UndecodableEvent,
    UnreadableFile,
)
from fleetcore.ports.source import Source
from fleetcore_entrypoints.lambdas.app import FilesApp
from fleetcore_entrypoints.lambdas.notices import Upload
from fleetcore_entrypoints.lambdas.pace import Pace


@frozen(slots=True)
class TakenIn:
    """The whole file is committed, by this run or another: its parts are on the lanes."""

    ingested: Ingested


@frozen(slots=True)
class Unfinished:
    """Some chunks were committed and time is short: another run goes on with the ingestion."""

    ingestion: str


@frozen(slots=True)
class Gone:
    """There is no such object any more: it was deleted before its notification came."""

    error: FleetcoreError


@frozen(slots=True)
class Superseded:
    """Another worker closed the ingestion: it reads the file in another way, or gave it up.

    What was committed stays; the other one tells how it ended.
    """

    error: FleetcoreError


@frozen(slots=True)
class BadFile:
    """It cannot be read, and never will be; or what was begun is gone, or was replaced.

    `ingestion` is None where it was not understood.
    """

    error: FleetcoreError
    ingestion: str | None


@frozen(slots=True)
class Trouble:
    """A service failed: the message has to be handed out again."""

    error: FleetcoreError


Ended: TypeAlias = TakenIn | Unfinished | Gone | Superseded | BadFile | Trouble


def take_in(app: FilesApp, upload: Upload, pace: Pace, ingestion: str | None = None) -> Ended:
    """Ingest an upload chunk by chunk until its end, or until the pace says it is enough.

    Goes on with this `ingestion`, or one of the same object that is pending, as it was begun:
    vehicles' metadata and configuration may change meanwhile, and from process to process.
    Once more is harmless, at any time and in any order: what is committed is not read again.
    Raises `InvalidInput` where the fleet's own configuration cannot be used.
    """
    source = app.source(upload.bucket, upload.key, upload.version_id)
    try:
        begun = ingestion or pending_ingestion(app.fleet, source)
    except UnreadableFile as error:
        return _failed(error, None)
    except (StorageUnavailable, UndecodableEvent) as error:
        return Trouble(error)
    try:
        done = _ingested(app, source, pace, begun)
    except (StorageUnavailable, UnbalancedLedger, UndecodableEvent) as error:
        return Trouble(error)
    match done:
        case Ingested(status="failed", error=FleetcoreError() as reason):
            return _failed(reason, done.ingestion)
        # A service that was slow behind a chunk is asked again by the next run.
        case Ingested(status="pending", error=FleetcoreError() as reason) if not (
            pace.chunks and pace.is_enough()
        ):
            return Trouble(reason)
        case Ingested(ingestion=str(going_on)) if pace.is_over:
            return Unfinished(going_on)
        case _:
            return TakenIn(done)


def _ingested(app: FilesApp, source: Source, pace: Pace, begun: str | None) -> Ingested:
    if begun is not None:
        return go_on(app.fleet, source, begun, app.directory, pace, is_enough=pace.is_enough)
    request = app.request()
    return ingest(app.fleet, source, request, pace, is_enough=pace.is_enough, stores=False)


def _failed(error: FleetcoreError, ingestion: str | None) -> Ended:
    match error:
        case UnreadableFile(__cause__=ObjectMissing()) if ingestion is None:
            return Gone(error)
        case StorageUnavailable() | UnbalancedLedger() | UndecodableEvent():
            return Trouble(error)
        case IllegalCommand():
            return Superseded(error)
        case _:
            return BadFile(error, ingestion)
