"""Ingest one file: understand it, pin what judges it, commit chunk by chunk, store.

An ingestion that was begun may go on under what it pinned, whatever would be said of it now.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final, Literal, TypeAlias

from attrs import evolve, frozen

from fleetcore.application.attempts import attempt_for
from fleetcore.application.chunk_commits import commit_chunks, perhaps_unsent
from fleetcore.application.fleet import Fleet
from fleetcore.application.ingestion_ids import beginning_of
from fleetcore.application.reading_options import ReadingOptions
from fleetcore.application.storing import drain
from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.application.understanding import SAMPLE_BYTES, understand, vehicle_id_in_name
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ingestion_events import Fail, Receive, Received, Sizes
from fleetcore.domain.interpretation import Interpretation
from fleetcore.domain.ledger import Ledger, RowCounts
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.errors import (
    FleetcoreError,
    IllegalCommand,
    RowsDead,
    SourceChanged,
    StorageUnavailable,
    UnknownIngestion,
    UnreadableFile,
)
from fleetcore.ports.origins import Origin
from fleetcore.ports.source import Source
from fleetcore.ports.vehicle_directory import VehicleDirectory

Status: TypeAlias = Literal["completed", "pending", "already-ingested", "failed"]

NOTHING: Final = Ledger(rows=RowCounts())


@frozen(kw_only=True, slots=True)
class Metadata:
    """Vehicles' metadata, and which content it is: `sha256:<hex>`."""

    content_id: str
    directory: VehicleDirectory


@frozen(kw_only=True, slots=True)
class Request:
    """How files are to be ingested. `parent` is the ingestion whose rejects are replayed."""

    reading: ReadingOptions = ReadingOptions()
    settings: FleetSettings = FleetSettings()
    metadata: Metadata | None = None
    again: bool = False
    sizes: Sizes = Sizes()
    parent: str | None = None


@frozen(kw_only=True, slots=True)
class Ingested:
    """What became of one file. `ingestion` is None where it could not be understood.

    `parts` and `size_bytes` are of what the ingestion wrote and of the file as it lies.
    """

    name: str
    ingestion: str | None
    status: Status
    error: FleetcoreError | None
    ledger: Ledger
    parts: int
    size_bytes: int
    seconds: float


@frozen(kw_only=True, slots=True)
class Understood:
    """How a file is read, and the vehicle id taken from its name."""

    interpretation: Interpretation
    vehicle_id: str | None


class Watcher:
    """Is told how an ingestion gets on; this one takes no notice."""

    def understood(self, name: str, meaning: Interpretation, vehicle_id: str | None) -> None:
        """A file is understood, before its work starts."""

    def committed(self, state: Ingestion) -> None:
        """A chunk is committed."""


_UNWATCHED: Final = Watcher()


def ingest(
    fleet: Fleet,
    source: Source,
    request: Request,
    watcher: Watcher = _UNWATCHED,
    *,
    understood: Understood | None = None,
    is_enough: Callable[[], bool] = lambda: False,
    stores: bool = True,
) -> Ingested:
    """Take a file in and store its events; errors of the file come back in the result.

    The same content and interpretation again is not read again unless `request.again`; an
    ingestion that was interrupted goes on behind its last committed chunk. `understood` takes
    the place of what the file's first bytes tell. `is_enough` is asked behind each chunk: the
    file stays pending, and the next run goes on. Unless it `stores`, the messages of all that is
    committed are left on the lanes for other workers.
    """
    started_ms = fleet.clock.now_ms()
    stream: IngestionStream | None = None
    error: FleetcoreError | None = None
    is_over = False
    try:
        received, vehicle_id = _received(fleet, source, request, understood)
        watcher.understood(source.name, received.interpretation, vehicle_id)
        origin = Origin(name=source.name, vehicle_id=vehicle_id)
        attempt = attempt_for(fleet, received, origin, again=request.again)
        stream = IngestionStream(fleet.events, attempt.ingestion)
        is_over = attempt.is_over
        if not is_over:
            fleet.origins.note(attempt.ingestion, origin)
            stream.carry_out(Receive(received=evolve(received, ingestion=attempt.ingestion)))
            fleet.lanes.send(perhaps_unsent(stream.state))
            directory = None if request.metadata is None else request.metadata.directory
            commit_chunks(
                fleet,
                source,
                stream,
                vehicle_id=vehicle_id,
                directory=directory,
                committed=watcher.committed,
                is_enough=is_enough,
            )
    except FleetcoreError as caught:
        error = caught
        if stream is not None:
            _give_up(stream, caught, source)
    if stream is not None and not is_over and stores:
        error = _stored(fleet, stream) or error
    state = Ingestion() if stream is None else stream.state
    return _ingested(fleet, source, state, error, is_over=is_over, started_ms=started_ms)


def go_on(
    fleet: Fleet,
    source: Source,
    ingestion: str,
    directory_of: Callable[[str], VehicleDirectory],
    watcher: Watcher = _UNWATCHED,
    *,
    is_enough: Callable[[], bool] = lambda: False,
) -> Ingested:
    """Go on with an ingestion as it was begun, behind its last committed chunk.

    Everything is as the ingestion pinned it; `directory_of` gives the vehicles' metadata with
    a content id. Errors come back in the result: `SourceChanged` where the source holds other
    bytes, `UnreadableFile` of a file that was given up. For the rest see `ingest`; the messages
    are left on the lanes for other workers.
    """
    started_ms = fleet.clock.now_ms()
    stream: IngestionStream | None = None
    error: FleetcoreError | None = None
    is_over = False
    try:
        stream = IngestionStream(fleet.events, ingestion)
        received = _begun(stream.state, ingestion)
        is_over = stream.state.status == "completed"
        fleet.lanes.send(perhaps_unsent(stream.state))
        if stream.state.open:
            if source.content().id != received.content:
                raise SourceChanged(f"{source.name}: it holds other bytes than {ingestion} read")
            vehicle_id = _noted_vehicle_id(fleet, received)
            directory = None if received.directory is None else directory_of(received.directory)
            watcher.understood(source.name, received.interpretation, vehicle_id)
            commit_chunks(
                fleet,
                source,
                stream,
                vehicle_id=vehicle_id,
                directory=directory,
                committed=watcher.committed,
                is_enough=is_enough,
            )
    except FleetcoreError as caught:
        error = caught
        if stream is not None:
            _give_up(stream, caught, source)
    state = Ingestion() if stream is None else stream.state
    return _ingested(fleet, source, state, error, is_over=is_over, started_ms=started_ms)


def pending_ingestion(fleet: Fleet, source: Source) -> str | None:
    """The latest ingestion of these bytes, however understood, that is not over; or None.

    Raises `UnreadableFile`, `StorageUnavailable`, `UndecodableEvent`.
    """
    content = source.content().id
    for ingestion in reversed([*ingestions(fleet.events, beginning_of(content))]):
        state = IngestionStream(fleet.events, ingestion).state
        received = state.received
        if received is None or (received.content, received.parent) != (content, None):
            continue
        if state.status == "pending":
            return ingestion
    return None


def _begun(state: Ingestion, ingestion: str) -> Received:
    if state.received is None:
        raise UnknownIngestion(f"no ingestion is {ingestion!r}; `fleetcore ledger` lists them")
    if state.failure is not None:
        raise UnreadableFile(f"the file was given up: {state.failure.message}")
    return state.received


def _noted_vehicle_id(fleet: Fleet, received: Received) -> str | None:
    """The vehicle id taken from the name, as it was when the file was received."""
    if not received.interpretation.vehicle_from_name:
        return None
    origin = fleet.origins.read().get(received.ingestion)
    if origin is None or origin.vehicle_id is None:
        raise UnreadableFile(f"{received.ingestion}: the file's name was forgotten")
    return origin.vehicle_id


def _ingested(
    fleet: Fleet,
    source: Source,
    state: Ingestion,
    error: FleetcoreError | None,
    *,
    is_over: bool,
    started_ms: int,
) -> Ingested:
    status = _status(state, is_over=is_over)
    return Ingested(
        name=source.name,
        ingestion=None if state.received is None else state.received.ingestion,
        status=status,
        error=_reason(state, error) if status in ("failed", "pending") or state.dead else None,
        ledger=state.ledger,
        parts=len(state.parts),
        size_bytes=state.received.size_bytes if state.received else 0,
        seconds=(fleet.clock.now_ms() - started_ms) / 1000,
    )


def _status(state: Ingestion, *, is_over: bool) -> Status:
    if state.status == "completed":
        return "already-ingested" if is_over else "completed"
    return "pending" if state.status == "pending" and state.received else "failed"


def _reason(state: Ingestion, error: FleetcoreError | None) -> FleetcoreError | None:
    """What to tell: of an ingestion that is over, why it is, rather than that it is."""
    if error is None and state.dead:
        return RowsDead(
            f"{sum(state.dead.values()):,} rows could not be stored and are dead letters: mend the "
            "cause (`fleetcore dead-letters list`), then `fleetcore dead-letters redrive`"
        )
    if error is None or isinstance(error, IllegalCommand):
        return _failure(state) or error
    return error


def _failure(state: Ingestion) -> FleetcoreError | None:
    """Why an ingestion is over that another process ended."""
    if state.failure is not None:
        return IllegalCommand(f"another process gave the file up: {state.failure.message}")
    if state.superseded_by is not None:
        return IllegalCommand(
            f"the file is read in another way by {state.superseded_by}; this ingestion is closed"
        )
    return None


def _give_up(stream: IngestionStream, error: FleetcoreError, source: Source) -> None:
    """Close the ingestion of a file that cannot be read; what can be tried again stays open.

    The stream does not learn the file's name, which may be a vehicle's.
    """
    if isinstance(error, StorageUnavailable | IllegalCommand):
        return
    # Where even this cannot be written the ingestion stays open: the next run gives it up.
    with suppress(StorageUnavailable, IllegalCommand):
        stream.carry_out(Fail(code=error.code, message=str(error).replace(source.name, "the file")))


def _stored(fleet: Fleet, stream: IngestionStream) -> FleetcoreError | None:
    """Store what is committed; what stands against it."""
    try:
        fleet.lanes.send(stream.state.unsettled)
        failed = drain(fleet)
        state = stream.refresh()
    except FleetcoreError as error:
        return error
    return next((failed[key] for part in state.parts if (key := part.key) in failed), None)


def _received(
    fleet: Fleet, source: Source, request: Request, understood: Understood | None
) -> tuple[Received, str | None]:
    """What pins a file's meaning, and the vehicle id taken from its name."""
    # In this order: opening the file checks that its bytes are those of this first pass, so
    # they are also those the sample is taken of.
    content = source.content()
    meaning = understood or _understood(source, request.reading)
    received = Received(
        ingestion="",
        content=content.id,
        size_bytes=content.size_bytes,
        interpretation=meaning.interpretation,
        settings=request.settings,
        sizes=request.sizes,
        now_ms=fleet.clock.now_ms(),
        directory=None if request.metadata is None else request.metadata.content_id,
        parent=request.parent,
    )
    return received, meaning.vehicle_id


def _understood(source: Source, reading: ReadingOptions) -> Understood:
    pattern = reading.vehicle_from_filename
    return Understood(
        interpretation=understand(source.sample(SAMPLE_BYTES), source.name, reading),
        vehicle_id=None if pattern is None else vehicle_id_in_name(source.name, pattern),
    )
