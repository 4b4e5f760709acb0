"""Reading a file on: each chunk is made durable, committed by one event, and its parts are sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from fleetcore.application import rejects
from fleetcore.application.fleet import Fleet
from fleetcore.application.streams import IngestionStream
from fleetcore.domain.chunks import Chunk, EncodedPart
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ingestion_events import ChunkProcessed, CommitChunk
from fleetcore.domain.parts import LaneMessage, Part
from fleetcore.ports.batch_engine import Work
from fleetcore.ports.source import Source
from fleetcore.ports.vehicle_directory import VehicleDirectory


def perhaps_unsent(state: Ingestion) -> list[LaneMessage]:
    """What an earlier run committed and may not have sent: no more than its last chunk.

    Each chunk's messages are sent before the next chunk is committed.
    """
    return _unsettled_of(state, state.chunks[-1]) if state.chunks else []


def _unsettled_of(state: Ingestion, chunk: ChunkProcessed) -> list[LaneMessage]:
    keys = {part.key for part in chunk.parts}
    return [message for message in state.unsettled if message.part.key in keys]


def commit_chunks(
    fleet: Fleet,
    source: Source,
    stream: IngestionStream,
    *,
    vehicle_id: str | None,
    directory: VehicleDirectory | None,
    committed: Callable[[Ingestion], None],
    is_enough: Callable[[], bool],
) -> None:
    """Commit what follows the last committed chunk, to the end or until it `is_enough`.

    `committed` is told the state behind each. Nothing is read of an ingestion that is over.
    """
    received = stream.state.received
    if received is None or not stream.state.open:
        return
    work = Work(
        received=received,
        vehicle_id=vehicle_id,
        directory=directory,
        done=stream.state.chunks,
        fetch=fleet.objects.get,
    )
    with source.open(received.interpretation.dialect) as content:
        for chunk in fleet.engine.chunks(content, work):
            processed = _durable(fleet, received.ingestion, chunk)
            stream.carry_out(CommitChunk(chunk=processed))
            # Of another worker's chunk, which this one adopted, parts may be stored already.
            fleet.lanes.send(_unsettled_of(stream.state, stream.state.chunks[chunk.number]))
            committed(stream.state)
            if is_enough():
                return


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
