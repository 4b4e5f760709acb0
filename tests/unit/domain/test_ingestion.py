"""The ingestion aggregate: given events, when a command, then events, or a refusal."""

from __future__ import annotations

import pytest
from attrs import evolve as changed
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.ingestion import Ingestion, IngestionStatus, decide, evolve, initial, replayed
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
    Sizes,
    Supersede,
)
from fleetcore.domain.interpretation import Dialect, Interpretation
from fleetcore.domain.lanes import Lane
from fleetcore.domain.ledger import Ledger, RowCounts, StoreOutcome
from fleetcore.domain.parts import LaneMessage, Part
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.errors import IllegalCommand
from fleetcore.testing.histories import ingestion_commands, ingestion_histories

RECEIVED = Received(
    ingestion="1f",
    content="xxh3-128:00",
    size_bytes=1000,
    interpretation=Interpretation(
        dialect=Dialect(columns=("id", "t")), mapping={"vehicle_id": 0}, time_format="iso"
    ),
    settings=FleetSettings(),
    sizes=Sizes(),
    now_ms=1_700_000_000_000,
)


def _part(key: str, lane: Lane, rows: int) -> Part:
    return Part(key=key, lane=lane, rows=rows, size_bytes=10, sha256="0f" * 32)


MOVING = _part("0-moving", "moving", 3)
IDLE = _part("0-idle", "idle", 2)
FIRST = ChunkProcessed(
    number=0,
    end=600,
    counts=RowCounts(read=7, accepted=4, conflicting=1, duplicate=1, rejected=1),
    parts=(MOVING, IDLE),
    rejects="rejects/0",
    last=False,
)
LAST = ChunkProcessed(
    number=1,
    end=1000,
    counts=RowCounts(read=2, malformed=2),
    parts=(),
    rejects="rejects/1",
    last=True,
)
MOVING_STORED = PartStored(key="0-moving", outcome=StoreOutcome(stored=2, conflicting=1))
IDLE_STORED = PartStored(key="0-idle", outcome=StoreOutcome(already_stored=2))
FAILED = IngestionFailed(code="source-changed", message="it grew")
SUPERSEDED = IngestionSuperseded(by="2e")

NOTHING: tuple[IngestionEvent, ...] = ()
BEGUN = (RECEIVED,)
HALF = (RECEIVED, FIRST)
READ = (RECEIVED, FIRST, LAST)
COMPLETED = (RECEIVED, FIRST, MOVING_STORED, LAST, IDLE_STORED)
SOME_DEAD = PartDeadLettered(
    key="0-moving", outcome=StoreOutcome(stored=2), rows=1, code="rows-refused"
)
ALL_DEAD = PartDeadLettered(key="0-moving", outcome=StoreOutcome(), rows=3, code="corrupt-object")
REDRIVEN = PartRedriven(key="0-moving")
FORGOTTEN = RowsForgotten(key="9f", rows=2)
ERASED = RejectsErased(key="rejects/0", by="rejects/2")
BURIED = (RECEIVED, FIRST, SOME_DEAD, LAST, IDLE_STORED)
GIVEN_UP = (RECEIVED, FIRST, FAILED)
REPLACED = (RECEIVED, FIRST, SUPERSEDED)

RECEIVE = Receive(received=RECEIVED)
COMMIT_FIRST = CommitChunk(chunk=FIRST)
COMMIT_LAST = CommitChunk(chunk=LAST)
RECORD = RecordOutcome(key="0-moving", outcome=MOVING_STORED.outcome)
ERASE = EraseRejects(key="rejects/0", by="rejects/2")
FAIL = Fail(code="source-changed", message="it grew")
SUPERSEDE = Supersede(by="2e")
GIVE_UP = GiveUpPart(key="0-moving", attempt=1, code="corrupt-object")
GIVE_UP_ONE = GiveUpPart(key="0-moving", attempt=1, code="rows-refused", outcome=SOME_DEAD.outcome)
REDRIVE = Redrive(key="0-moving", attempt=1)


@pytest.mark.parametrize(
    ("given_events", "command", "then"),
    [
        pytest.param(NOTHING, RECEIVE, (RECEIVED,), id="receive-a-new-file"),
        pytest.param(BEGUN, RECEIVE, (), id="receive-again"),
        pytest.param(COMPLETED, RECEIVE, (), id="receive-a-completed-one"),
        pytest.param(
            BEGUN,
            Receive(received=changed(RECEIVED, now_ms=0)),
            (),
            id="receive-again-keeps-what-was-pinned",
        ),
        pytest.param(BEGUN, COMMIT_FIRST, (FIRST,), id="commit-the-first-chunk"),
        pytest.param(HALF, COMMIT_LAST, (LAST,), id="commit-the-next-chunk"),
        pytest.param(HALF, COMMIT_FIRST, (), id="commit-again"),
        pytest.param(
            HALF,
            CommitChunk(chunk=changed(FIRST, parts=(), counts=RowCounts())),
            (),
            id="the-loser-of-a-chunk-adopts-the-winner's",
        ),
        pytest.param(READ, COMMIT_LAST, (), id="commit-the-last-chunk-again"),
        pytest.param(GIVEN_UP, COMMIT_FIRST, (), id="commit-again-after-failing"),
        pytest.param(HALF, RECORD, (MOVING_STORED,), id="record-an-outcome"),
        pytest.param(READ, RECORD, (MOVING_STORED,), id="record-after-the-last-chunk"),
        pytest.param(COMPLETED, RECORD, (), id="record-again"),
        pytest.param(COMPLETED, Forget(key="9f", rows=2), (FORGOTTEN,), id="forget-some-rows"),
        pytest.param((*COMPLETED, FORGOTTEN), Forget(key="9f", rows=1), (), id="forget-once-a-key"),
        pytest.param(
            (*COMPLETED, FORGOTTEN),
            Forget(key="7e", rows=1),
            (RowsForgotten(key="7e", rows=1),),
            id="forget-another-vehicle",
        ),
        pytest.param(COMPLETED, Forget(key="9f", rows=0), (), id="forget-nothing"),
        pytest.param(COMPLETED, ERASE, (ERASED,), id="erase-rejects"),
        pytest.param((*COMPLETED, ERASED), ERASE, (), id="erase-rejects-once"),
        pytest.param(GIVEN_UP, ERASE, (ERASED,), id="erase-rejects-after-failing"),
        pytest.param(BEGUN, ERASE, (), id="erase-rejects-that-no-chunk-names"),
        pytest.param(
            COMPLETED,
            RecordOutcome(key="0-moving", outcome=StoreOutcome(already_stored=3)),
            (),
            id="the-first-outcome-counts",
        ),
        pytest.param(GIVEN_UP, RECORD, (MOVING_STORED,), id="what-was-committed-stays-stored"),
        pytest.param(REPLACED, RECORD, (MOVING_STORED,), id="record-after-superseding"),
        pytest.param(HALF, GIVE_UP, (ALL_DEAD,), id="give-a-part-up"),
        pytest.param(HALF, GIVE_UP_ONE, (SOME_DEAD,), id="give-one-row-up"),
        pytest.param(BURIED, GIVE_UP, (), id="give-up-again"),
        pytest.param(COMPLETED, GIVE_UP, (), id="give-up-what-is-stored"),
        pytest.param(BURIED, RECORD, (MOVING_STORED,), id="what-was-given-up-is-stored-after-all"),
        pytest.param(BURIED, REDRIVE, (REDRIVEN,), id="redrive"),
        pytest.param((*BURIED, REDRIVEN), REDRIVE, (), id="redrive-again"),
        pytest.param(HALF, REDRIVE, (), id="redrive-what-is-not-dead"),
        pytest.param((*BURIED, REDRIVEN), RECORD, (MOVING_STORED,), id="record-what-was-redriven"),
        pytest.param((*BURIED, REDRIVEN), GIVE_UP, (), id="an-older-attempt-gives-up-nothing"),
        pytest.param(
            (*BURIED, REDRIVEN),
            changed(GIVE_UP, attempt=2),
            (changed(SOME_DEAD, code="corrupt-object"),),
            id="what-was-stored-stays-so-when-the-next-attempt-fails",
        ),
        pytest.param(BEGUN, FAIL, (FAILED,), id="fail"),
        pytest.param(HALF, FAIL, (FAILED,), id="fail-halfway"),
        pytest.param(GIVEN_UP, FAIL, (), id="fail-again"),
        pytest.param(READ, FAIL, (), id="fail-after-the-end"),
        pytest.param(COMPLETED, FAIL, (), id="fail-a-completed-one"),
        pytest.param(REPLACED, FAIL, (), id="fail-a-superseded-one"),
        pytest.param(HALF, SUPERSEDE, (SUPERSEDED,), id="supersede"),
        pytest.param(REPLACED, SUPERSEDE, (), id="supersede-again"),
        pytest.param(COMPLETED, SUPERSEDE, (), id="supersede-a-completed-one"),
        pytest.param(GIVEN_UP, SUPERSEDE, (), id="supersede-a-failed-one"),
    ],
)
def test_decides(
    given_events: tuple[IngestionEvent, ...],
    command: IngestionCommand,
    then: tuple[IngestionEvent, ...],
) -> None:
    """A command leads to its events once, and to none where it was carried out before."""
    assert then == decide(command, replayed(given_events))


@pytest.mark.parametrize(
    ("given_events", "command", "why"),
    [
        pytest.param(
            BEGUN,
            Receive(received=changed(RECEIVED, ingestion="2e")),
            "belongs to 1f",
            id="receive-another-file",
        ),
        pytest.param(NOTHING, COMMIT_FIRST, "not received", id="commit-what-was-not-received"),
        pytest.param(NOTHING, RECORD, "not received", id="record-what-was-not-received"),
        pytest.param(NOTHING, FAIL, "not received", id="fail-what-was-not-received"),
        pytest.param(NOTHING, SUPERSEDE, "not received", id="supersede-what-was-not-received"),
        pytest.param(BEGUN, COMMIT_LAST, "follows", id="commit-with-a-gap"),
        pytest.param(
            READ, CommitChunk(chunk=changed(LAST, number=2)), "over", id="commit-after-the-last"
        ),
        pytest.param(GIVEN_UP, COMMIT_LAST, "over", id="commit-after-failing"),
        pytest.param(REPLACED, COMMIT_LAST, "over", id="commit-after-superseding"),
        pytest.param(
            BEGUN,
            CommitChunk(chunk=changed(FIRST, parts=(MOVING,))),
            "do not hold",
            id="commit-with-a-part-missing",
        ),
        pytest.param(BEGUN, RECORD, "names the part", id="record-an-uncommitted-part"),
        pytest.param(BEGUN, GIVE_UP, "names the part", id="give-up-an-uncommitted-part"),
        pytest.param(BEGUN, REDRIVE, "names the part", id="redrive-an-uncommitted-part"),
        pytest.param(
            HALF,
            changed(GIVE_UP, outcome=StoreOutcome(stored=3)),
            "3 of the 3 rows",
            id="give-up-no-row",
        ),
        pytest.param(
            HALF,
            RecordOutcome(key="0-moving", outcome=StoreOutcome(stored=2)),
            "2 outcomes for the 3 rows",
            id="record-too-few-rows",
        ),
    ],
)
def test_refuses(
    given_events: tuple[IngestionEvent, ...], command: IngestionCommand, why: str
) -> None:
    """A command that the state does not allow is illegal, and says why."""
    with pytest.raises(IllegalCommand, match=why):
        decide(command, replayed(given_events))


@pytest.mark.parametrize(
    ("given_events", "status"),
    [
        pytest.param(BEGUN, "pending", id="begun"),
        pytest.param(HALF, "pending", id="half"),
        pytest.param(READ, "pending", id="read-but-not-stored"),
        pytest.param((*HALF, MOVING_STORED, IDLE_STORED), "pending", id="stored-but-not-read"),
        pytest.param(COMPLETED, "completed", id="completed"),
        pytest.param(
            (RECEIVED, changed(LAST, number=0)), "completed", id="completed-without-parts"
        ),
        pytest.param(BURIED, "completed", id="completed-with-dead-letters"),
        pytest.param((*BURIED, REDRIVEN), "pending", id="reopened-by-a-redrive"),
        pytest.param(GIVEN_UP, "failed", id="failed"),
        pytest.param(
            (*GIVEN_UP, MOVING_STORED, IDLE_STORED), "failed", id="failed-with-all-stored"
        ),
        pytest.param(REPLACED, "superseded", id="superseded"),
    ],
)
def test_status(given_events: tuple[IngestionEvent, ...], status: IngestionStatus) -> None:
    """Completed is what is read to its end with every part stored."""
    assert status == replayed(given_events).status


def test_outbox_holds_committed_parts_without_outcome() -> None:
    """A message stands for each part from its chunk's commit to its outcome."""
    waiting = [
        [message.part for message in replayed(events).unsettled]
        for events in (NOTHING, BEGUN, HALF, (*HALF, MOVING_STORED), COMPLETED)
    ]

    assert [[], [], [MOVING, IDLE], [IDLE], []] == waiting
    assert LaneMessage(ingestion="1f", part=MOVING) == replayed(HALF).unsettled[0]


def test_ledger_counts_chunks_and_outcomes() -> None:
    """The ledger adds up what the chunks read and what the log said."""
    expected = Ledger(
        rows=RowCounts(read=9, accepted=4, conflicting=1, duplicate=1, rejected=1, malformed=2),
        store=StoreOutcome(stored=2, conflicting=1),
        pending=2,
    )

    assert expected == replayed((*READ, MOVING_STORED)).ledger


def test_ledger_counts_dead_rows_until_they_are_redriven() -> None:
    """Rows that were stored stay stored; the dead ones are pending again."""
    dead, redriven = (replayed(events).ledger for events in (BURIED, (*BURIED, REDRIVEN)))

    assert (1, 0, 4) == (dead.dead_lettered, dead.pending, dead.store.rows)
    assert (0, 1, 4) == (redriven.dead_lettered, redriven.pending, redriven.store.rows)


def test_a_redriven_part_is_another_attempt() -> None:
    """Its message waits again, marked as such."""
    state = replayed((*BURIED, REDRIVEN))

    assert (LaneMessage(ingestion="1f", part=MOVING, attempt=2),) == state.unsettled


@given(history=ingestion_histories())
def test_the_ledger_balances_after_every_event(history: tuple[IngestionEvent, ...]) -> None:
    """Whatever happened so far, the ledger exists; nothing pends when it is completed."""
    state = initial()
    for event in history:
        state = evolve(state, event)

        pending = sum(state.pending(message.part) for message in state.unsettled)
        assert pending == state.ledger.pending
        assert state.status != "completed" or state.ledger.pending == 0


@given(commands=ingestion_commands(), repeats=st.data())
def test_commands_are_idempotent(
    commands: tuple[IngestionCommand, ...], repeats: st.DataObject
) -> None:
    """A command carried out before leads to nothing, however much happened since."""
    state: Ingestion = initial()
    for done, command in enumerate(commands, 1):
        events = decide(command, state)
        for event in events:
            state = evolve(state, event)

        again = repeats.draw(st.sampled_from(commands[:done]))
        assert () == decide(again, state)


@given(history=ingestion_histories())
def test_only_unfinished_ingestions_are_open(history: tuple[IngestionEvent, ...]) -> None:
    """An ingestion that is over takes no further chunk."""
    state = replayed(history)
    following = ChunkProcessed(
        number=len(state.chunks), end=0, counts=RowCounts(), parts=(), rejects=None, last=False
    )

    if state.open:
        assert (following,) == decide(CommitChunk(chunk=following), state)
    else:
        with pytest.raises(IllegalCommand, match="over"):
            decide(CommitChunk(chunk=following), state)
