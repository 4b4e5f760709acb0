"""The ingestion of one file as an aggregate: `initial`, `decide`, `evolve`.

    received -> chunk processed*
             -> (part stored | part dead-lettered | part redriven
                 | rows forgotten | rejects erased)*
             -> (completed) | failed | superseded

A chunk's event is its commit point: messages are made from it, never before. Completed is not an
event but what the counts say: the last chunk is committed and no row is pending; so a redrive
reopens it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Literal, TypeAlias, assert_never

from attrs import evolve as changed
from attrs import field, frozen

from fleetcore.domain.ingestion_events import (
    ChunkProcessed,
    CommitChunk,
    EraseRejects,
    Fail,
    Forget,
    GiveUpPart,
    IngestionCommand,
    IngestionEvent,
    IngestionFailed,
    IngestionSuperseded,
    PartDeadLettered,
    PartRedriven,
    PartStored,
    Receive,
    Received,
    RecordOutcome,
    Redrive,
    RejectsErased,
    RowsForgotten,
    Supersede,
)
from fleetcore.domain.ledger import Ledger, RowCounts, StoreOutcome
from fleetcore.domain.parts import LaneMessage, Part
from fleetcore.errors import IllegalCommand

IngestionStatus: TypeAlias = Literal["pending", "completed", "failed", "superseded"]


@frozen(kw_only=True, slots=True)
class Ingestion:
    """The state of one ingestion.

    By a part's key: `outcomes`, of all its rows, or of those that were stored before the rest
    died; `dead`, how many of its rows are dead letters; `redriven`, how often it was.
    `forgotten` are rows the log held, by the key of their vehicle's tombstone.
    """

    received: Received | None = None
    chunks: tuple[ChunkProcessed, ...] = ()
    outcomes: Mapping[str, StoreOutcome] = field(factory=dict)
    dead: Mapping[str, int] = field(factory=dict)
    redriven: Mapping[str, int] = field(factory=dict)
    forgotten: Mapping[str, int] = field(factory=dict)
    failure: IngestionFailed | None = None
    superseded_by: str | None = None

    @property
    def read_to_end(self) -> bool:
        """Whether the last chunk is committed."""
        return bool(self.chunks) and self.chunks[-1].last

    @property
    def open(self) -> bool:
        """Whether more chunks may come."""
        return not (self.read_to_end or self.failure or self.superseded_by)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every committed part, in order."""
        return tuple(part for chunk in self.chunks for part in chunk.parts)

    @property
    def unsettled(self) -> tuple[LaneMessage, ...]:
        """The outbox: a message for every committed part that has pending rows."""
        return tuple(self.message(part) for part in self.parts if self.pending(part))

    def message(self, part: Part) -> LaneMessage:
        """The message that asks for a part to be stored."""
        attempt = 1 + self.redriven.get(part.key, 0)
        if self.received is None:
            raise IllegalCommand("the file was not received")
        return LaneMessage(ingestion=self.received.ingestion, part=part, attempt=attempt)

    def pending(self, part: Part) -> int:
        """How many of a part's rows have no outcome yet."""
        known = self.outcomes.get(part.key)
        return part.rows - (known.rows if known else 0) - self.dead.get(part.key, 0)

    @property
    def ledger(self) -> Ledger:
        """The counts so far; they balance after every event."""
        rows = sum((chunk.counts for chunk in self.chunks), RowCounts())
        store = sum(self.outcomes.values(), StoreOutcome())
        dead = sum(self.dead.values())
        return Ledger(
            rows=rows,
            store=store.forgetting(sum(self.forgotten.values())),
            dead_lettered=dead,
            pending=rows.to_store - store.rows - dead,
        )

    @property
    def status(self) -> IngestionStatus:
        """How far it is; `completed` is derived."""
        if self.failure is not None:
            return "failed"
        if self.superseded_by is not None:
            return "superseded"
        return "completed" if self.read_to_end and not self.unsettled else "pending"


def initial() -> Ingestion:
    """An ingestion of which nothing is known."""
    return Ingestion()


def decide(command: IngestionCommand, state: Ingestion) -> tuple[IngestionEvent, ...]:
    """The events a command leads to; none where it was carried out before.

    Raises `IllegalCommand` for what the state does not allow.
    """
    match command:
        case Receive(received=received):
            return _receive(received, state)
        case CommitChunk(chunk=chunk):
            return _commit(chunk, state)
        case RecordOutcome(key=key, outcome=outcome):
            return _record(key, outcome, state)
        case GiveUpPart():
            return _give_up(command, state)
        case Redrive(key=key, attempt=attempt):
            latest = state.message(_part(key, state)).attempt
            is_dead = key in state.dead and attempt == latest
            return (PartRedriven(key=key),) if is_dead else ()
        case Forget(key=key, rows=rows):
            return _forget(key, rows, state)
        case EraseRejects(key=key, by=by):
            is_named = any(chunk.rejects == key for chunk in _begun(state).chunks)
            return (RejectsErased(key=key, by=by),) if is_named else ()
        case Fail() | Supersede():
            return _end(command, state)
        case _:
            assert_never(command)


def _receive(received: Received, state: Ingestion) -> tuple[IngestionEvent, ...]:
    if state.received is None:
        return (received,)
    if state.received.ingestion != received.ingestion:
        raise IllegalCommand(f"the stream belongs to {state.received.ingestion}")
    return ()


def _begun(state: Ingestion) -> Ingestion:
    if state.received is None:
        raise IllegalCommand("the file was not received")
    return state


def _commit(chunk: ChunkProcessed, state: Ingestion) -> tuple[IngestionEvent, ...]:
    _begun(state)
    if chunk.number < len(state.chunks):
        return ()
    if not state.open:
        raise IllegalCommand(f"chunk {chunk.number}: the ingestion is over")
    if chunk.number > len(state.chunks):
        raise IllegalCommand(f"chunk {chunk.number} follows chunk {len(state.chunks) - 1}")
    if sum(part.rows for part in chunk.parts) != chunk.counts.to_store:
        raise IllegalCommand(f"chunk {chunk.number}: its parts do not hold its accepted rows")
    return (chunk,)


def _record(key: str, outcome: StoreOutcome, state: Ingestion) -> tuple[IngestionEvent, ...]:
    part = _part(key, state)
    known = state.outcomes.get(key)
    if known is not None and known.rows == part.rows:
        return ()
    if outcome.rows != part.rows:
        raise IllegalCommand(f"{outcome.rows} outcomes for the {part.rows} rows of {key!r}")
    return (PartStored(key=key, outcome=outcome),)


def _give_up(command: GiveUpPart, state: Ingestion) -> tuple[IngestionEvent, ...]:
    part = _part(command.key, state)
    if not state.pending(part) or command.attempt != state.message(part).attempt:
        return ()
    # A row stays stored: what an earlier try stored of the part counts, if this one tells less.
    known = state.outcomes.get(part.key, StoreOutcome())
    outcome = max(command.outcome, known, key=lambda each: each.rows)
    rows = part.rows - outcome.rows
    if rows < 1:
        raise IllegalCommand(f"{outcome.rows} of the {part.rows} rows of {part.key!r} are stored")
    return (PartDeadLettered(key=part.key, outcome=outcome, rows=rows, code=command.code),)


def _end(command: Fail | Supersede, state: Ingestion) -> tuple[IngestionEvent, ...]:
    if not _begun(state).open:
        return ()
    if isinstance(command, Supersede):
        return (IngestionSuperseded(by=command.by),)
    return (IngestionFailed(code=command.code, message=command.message),)


def _forget(key: str, rows: int, state: Ingestion) -> tuple[IngestionEvent, ...]:
    store = _begun(state).ledger.store
    if rows < 1 or key in state.forgotten:
        return ()
    if rows > store.stored + store.conflicting:
        held = store.stored + store.conflicting
        raise IllegalCommand(f"{rows} rows forgotten of {held} that the log has of it")
    return (RowsForgotten(key=key, rows=rows),)


def _part(key: str, state: Ingestion) -> Part:
    part = next((part for part in _begun(state).parts if part.key == key), None)
    if part is None:
        raise IllegalCommand(f"no chunk names the part {key!r}")
    return part


def evolve(state: Ingestion, event: IngestionEvent) -> Ingestion:
    """The state after an event."""
    match event:
        case Received():
            return changed(state, received=event)
        case ChunkProcessed():
            return changed(state, chunks=(*state.chunks, event))
        case PartStored(key=key, outcome=outcome):
            outcomes = {**state.outcomes, key: outcome}
            return changed(state, outcomes=outcomes, dead=_dead_but(key, state))
        case PartDeadLettered(key=key, outcome=outcome, rows=rows):
            known = {key: outcome} if outcome.rows else {}
            return changed(
                state,
                outcomes={**state.outcomes, **known},
                dead={**state.dead, key: rows},
            )
        case PartRedriven(key=key):
            times = state.redriven.get(key, 0) + 1
            redriven = {**state.redriven, key: times}
            return changed(state, dead=_dead_but(key, state), redriven=redriven)
        case RowsForgotten(key=key, rows=rows):
            return changed(state, forgotten={**state.forgotten, key: rows})
        case RejectsErased(key=key, by=by):
            chunks = (
                changed(chunk, rejects=by) if chunk.rejects == key else chunk
                for chunk in state.chunks
            )
            return changed(state, chunks=tuple(chunks))
        case IngestionFailed():
            return changed(state, failure=event)
        case IngestionSuperseded(by=by):
            return changed(state, superseded_by=by)
        case _:
            assert_never(event)


def _dead_but(key: str, state: Ingestion) -> dict[str, int]:
    return {each: rows for each, rows in state.dead.items() if each != key}


def replayed(events: tuple[IngestionEvent, ...]) -> Ingestion:
    """The state after all events of a stream."""
    return reduce(evolve, events, initial())
