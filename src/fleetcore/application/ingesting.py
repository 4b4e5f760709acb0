"""Ingest one file: understand it, pin what judges it, commit chunk by chunk, store."""

from __future__ import annotations

import hashlib
from typing import Final, Literal, TypeAlias

from attrs import evolve, frozen

from fleetcore.application import rejects
from fleetcore.application.fleet import Fleet
from fleetcore.application.ingestion_ids import attempt, ingestion_id
from fleetcore.application.reading_options import ReadingOptions
from fleetcore.application.storing import drain
from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.application.understanding import SAMPLE_BYTES, understand, vehicle_id_in_name
from fleetcore.domain.chunks import Chunk, EncodedPart
from fleetcore.domain.ingestion import (
    ChunkProcessed,
    CommitChunk,
    Fail,
    Ingestion,
    Receive,
    Received,
    Sizes,
    Supersede,
)
from fleetcore.domain.interpretation import Interpretation
from fleetcore.domain.ledger import Ledger, RowCounts
from fleetcore.domain.parts import LaneMessage, Part
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.errors import FleetcoreError, IllegalCommand, StorageUnavailable
from fleetcore.ports.batch_engine import Work
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


class Watcher:
    """Is told how an ingestion gets on; this one takes no notice."""

    def understood(self, name: str, meaning: Interpretation, vehicle_id: str | None) -> None:
        """A file is understood, before its work starts."""

    def committed(self, state: Ingestion) -> None:
        """A chunk is committed."""


_UNWATCHED: Final = Watcher()


def ingest(
    fleet: Fleet, source: Source, request: Request, watcher: Watcher = _UNWATCHED
) -> Ingested:
    """Take a file in and store its events; errors of the file come back in the result.

    The same content and interpretation again is not read again unless `request.again`; an
    ingestion that was interrupted goes on behind its last committed chunk.
    """
    started_ms = fleet.clock.now_ms()
    stream: IngestionStream | None = None
    ingestion: str | None = None
    error: FleetcoreError | None = None
    again = False
    try:
        received, vehicle_id = _received(fleet, source, request)
        watcher.understood(source.name, received.interpretation, vehicle_id)
        ingestion, again = _attempt(fleet, received, vehicle_id, request)
        stream = IngestionStream(fleet.events, ingestion)
        if not again:
            fleet.origins.note(ingestion, Origin(name=source.name, vehicle_id=vehicle_id))
            stream.carry_out(Receive(received=evolve(received, ingestion=ingestion)))
            _read(fleet, source, stream, vehicle_id, request, watcher)
    except FleetcoreError as caught:
        error = caught
        if stream is not None and not isinstance(caught, StorageUnavailable | IllegalCommand):
            stream.carry_out(Fail(code=caught.code, message=str(caught)))
    if stream is not None and stream.state.unsettled:
        error = _stored(fleet, stream) or error
    state = stream.refresh() if stream is not None else Ingestion()
    return Ingested(
        name=source.name,
        ingestion=ingestion,
        status=_status(state, error, again=again),
        error=error,
        ledger=state.ledger,
        parts=len(state.parts),
        size_bytes=state.received.size_bytes if state.received else 0,
        seconds=(fleet.clock.now_ms() - started_ms) / 1000,
    )


def _status(state: Ingestion, error: FleetcoreError | None, *, again: bool) -> Status:
    if again and state.status == "completed":
        return "already-ingested"
    if state.status == "completed" or (state.status == "pending" and state.received):
        return state.status if error is None or state.status == "pending" else "failed"
    return "failed"


def _stored(fleet: Fleet, stream: IngestionStream) -> FleetcoreError | None:
    try:
        fleet.lanes.send(stream.state.unsettled)
        drain(fleet)
    except FleetcoreError as error:
        return error
    return None


def _received(fleet: Fleet, source: Source, request: Request) -> tuple[Received, str | None]:
    """What pins a file's meaning, and the vehicle id taken from its name."""
    sample = source.sample(SAMPLE_BYTES)
    meaning = understand(sample, source.name, request.reading)
    pattern = request.reading.vehicle_from_filename
    vehicle_id = None if pattern is None else vehicle_id_in_name(source.name, pattern)
    content = source.content()
    received = Received(
        ingestion="",
        content=content.id,
        size_bytes=content.size_bytes,
        interpretation=meaning,
        settings=request.settings,
        sizes=request.sizes,
        now_ms=fleet.clock.now_ms(),
        directory=None if request.metadata is None else request.metadata.content_id,
        parent=request.parent,
    )
    return received, vehicle_id


def _attempt(
    fleet: Fleet, received: Received, vehicle_id: str | None, request: Request
) -> tuple[str, bool]:
    """The attempt to work on, and whether it was finished before.

    An attempt that was interrupted goes on; one that failed is followed by another.
    """
    base = ingestion_id(received, vehicle_id)
    known = list(ingestions(fleet.events))
    earlier = sorted(
        (each for each in known if each.rpartition("-")[0] == base),
        key=lambda each: int(each.rpartition("-")[2]),
    )
    if earlier:
        state = IngestionStream(fleet.events, earlier[-1]).state
        if state.status == "pending":
            return earlier[-1], False
        if state.status == "completed" and not request.again:
            return earlier[-1], True
    _supersede(fleet, received, vehicle_id, base, known)
    return attempt(base, len(earlier) + 1), False


def _supersede(
    fleet: Fleet, received: Received, vehicle_id: str | None, base: str, known: list[str]
) -> None:
    """Close unfinished ingestions of the same content that was understood otherwise."""
    origins = fleet.origins.read()
    for other in known:
        if other.rpartition("-")[0] == base:
            continue
        stream = IngestionStream(fleet.events, other)
        state = stream.state
        if not state.open or state.received is None:
            continue
        if state.received.content != received.content or state.received.parent != received.parent:
            continue
        if other in origins and origins[other].vehicle_id != vehicle_id:
            continue
        stream.carry_out(Supersede(by=attempt(base, 1)))


def _read(  # noqa: PLR0917 - each is another thing a file is read with
    fleet: Fleet,
    source: Source,
    stream: IngestionStream,
    vehicle_id: str | None,
    request: Request,
    watcher: Watcher,
) -> None:
    received = stream.state.received
    if received is None or not stream.state.open:
        return
    work = Work(
        received=received,
        vehicle_id=vehicle_id,
        directory=None if request.metadata is None else request.metadata.directory,
        done=stream.state.chunks,
        fetch=fleet.objects.get,
    )
    with source.open(received.interpretation.dialect) as content:
        for chunk in fleet.engine.chunks(content, work):
            processed = _durable(fleet, received.ingestion, chunk)
            stream.carry_out(CommitChunk(chunk=processed))
            committed = stream.state.chunks[chunk.number]
            fleet.lanes.send(
                [LaneMessage(ingestion=received.ingestion, part=part) for part in committed.parts]
            )
            watcher.committed(stream.state)


def _durable(fleet: Fleet, ingestion: str, chunk: Chunk) -> ChunkProcessed:
    """Store a chunk's parts and rejects; the event that will name them."""
    parts = tuple(_stored_part(fleet, ingestion, chunk.number, part) for part in chunk.parts)
    key = None
    if chunk.rejects:
        content = rejects.encoded(chunk.rejects)
        key = rejects.key_of(ingestion, chunk.number, content)
        fleet.objects.put_if_absent(key, content)
    return ChunkProcessed(
        number=chunk.number,
        end=chunk.end,
        counts=chunk.counts,
        parts=parts,
        rejects=key,
        last=chunk.last,
    )


def _stored_part(fleet: Fleet, ingestion: str, chunk: int, part: EncodedPart) -> Part:
    digest = hashlib.sha256(part.content).hexdigest()
    key = f"fresh/{ingestion}/{chunk:05d}-{part.lane}-{digest[:16]}{part.suffix}"
    fleet.objects.put_if_absent(key, part.content)
    return Part(
        key=key, lane=part.lane, rows=part.rows, size_bytes=len(part.content), sha256=digest
    )
