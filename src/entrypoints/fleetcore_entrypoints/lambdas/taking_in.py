"""One upload taken in, as far as there is time, and how that ended."""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from fleetcore.application.ingesting import Ingested, ingest
from fleetcore.errors import (
    FleetcoreError,
    IllegalCommand,
    ObjectMissing,
    SourceChanged,
    StorageUnavailable,
    UnbalancedLedger,
    UndecodableEvent,
    UnreadableFile,
)
from fleetcore_entrypoints.lambdas.app import FilesApp
from fleetcore_entrypoints.lambdas.notices import Upload
from fleetcore_entrypoints.lambdas.pace import Pace


@frozen(slots=True)
class TakenIn:
    """The whole file is committed, by this run or another: its parts are on the lanes."""

    ingested: Ingested


@frozen(slots=True)
class Unfinished:
    """Some chunks were committed and time is short: another run goes on."""

    ingested: Ingested


@frozen(slots=True)
class Gone:
    """There is no such object any more: it was deleted before its notification came."""

    error: FleetcoreError


@frozen(slots=True)
class Superseded:
    """Another upload, or another way to read it, took the file's place.

    What was committed stays; the other one has a notification of its own.
    """

    error: FleetcoreError


@frozen(slots=True)
class BadFile:
    """It cannot be read, and never will be. `ingestion` is None where it was not understood."""

    error: FleetcoreError
    ingestion: str | None


@frozen(slots=True)
class Trouble:
    """A service failed: the message has to be handed out again."""

    error: FleetcoreError


Ended: TypeAlias = TakenIn | Unfinished | Gone | Superseded | BadFile | Trouble


def take_in(app: FilesApp, upload: Upload, pace: Pace) -> Ended:
    """Ingest an upload chunk by chunk until its end, or until the pace says it is enough.

    Once more is harmless, at any time and in any order: what is committed is not read again.
    Raises `InvalidInput` where the fleet's own configuration cannot be used.
    """
    try:
        request = app.request()
        source = app.source(upload.bucket, upload.key, upload.version_id)
        done = ingest(app.fleet, source, request, pace, is_enough=pace.is_enough, stores=False)
    except (StorageUnavailable, UnbalancedLedger, UndecodableEvent) as error:
        return Trouble(error)
    if done.status == "failed" and done.error is not None:
        return _failed(done.error, done.ingestion)
    if done.status == "pending" and done.error is not None:
        # A service that was slow behind a chunk is asked again by the next run.
        return Unfinished(done) if pace.chunks and pace.is_enough() else Trouble(done.error)
    return Unfinished(done) if pace.is_over else TakenIn(done)


def _failed(error: FleetcoreError, ingestion: str | None) -> Ended:
    match error:
        case UnreadableFile(__cause__=ObjectMissing()):
            return Gone(error)
        case StorageUnavailable() | UnbalancedLedger() | UndecodableEvent():
            return Trouble(error)
        case SourceChanged() | IllegalCommand():
            return Superseded(error)
        case _:
            return BadFile(error, ingestion)
