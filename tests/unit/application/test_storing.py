"""Storing: from committed chunks to the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from fleetcore.application import storing
from fleetcore.application.ingesting import ingest
from fleetcore.application.storing import drain, relay
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import LaneMessage, Part, RefusedRow, RowsRefused
from fleetcore.errors import (
    CorruptObject,
    IllegalCommand,
    ObjectMissing,
    RowsDead,
    StorageUnavailable,
    UndecodableEvent,
)
from fleetcore.ports.clock import Clock
from fleetcore.ports.lanes import Delivery
from fleetcore_adapters.memory import part_file
from fleetcore_adapters.memory.lanes import MemoryLanes
from fleetcore_adapters.memory.location_log import MemoryLog
from fleetcore_adapters.memory.source import BytesSource

if TYPE_CHECKING:
    from tests.unit.application.conftest import World


def committed_only(world: World, text: str) -> str:
    """Take a file in up to where its parts would be stored; its ingestion."""
    before = set(world.states())
    kept = world.fleet.log.append
    world.fleet.log.append = _unavailable  # type: ignore[method-assign,assignment]
    assert "pending" == world.ingest(text).status
    world.fleet.log.append = kept  # type: ignore[method-assign]
    (ingestion,) = set(world.states()) - before
    return ingestion


def _unavailable(_parts: object) -> tuple[()]:
    raise StorageUnavailable("no space left")


def test_relay_sends_what_was_committed_and_not_stored(
    world: World, rows: Callable[..., str]
) -> None:
    """Messages that a crash lost are made from the events again."""
    ingestion = committed_only(world, rows(0, 60))
    world.fleet.lanes.settle(world.fleet.lanes.receive(100))
    states = relay(world.fleet)

    assert {ingestion: world.state(ingestion)} == states
    assert set(world.state(ingestion).unsettled) == set(world.waiting())


def test_drain_stores_and_settles_all(world: World, rows: Callable[..., str]) -> None:
    """Afterwards nothing waits, and the ledger knows every row."""
    ingestion = committed_only(world, rows(0, 60))

    assert {} == drain(world.fleet)
    assert () == world.fleet.lanes.receive(1)
    assert "completed" == world.state(ingestion).status


def test_more_parts_than_a_batch_are_stored(
    world: World, rows: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lanes are emptied batch after batch."""
    monkeypatch.setattr(storing, "BATCH_MESSAGES", 3)
    ingestions = [committed_only(world, rows(start, start + 40)) for start in (0, 40, 80)]

    assert {} == drain(world.fleet)
    assert {"completed"} == {world.state(each).status for each in ingestions}


def test_a_message_delivered_again_changes_no_ledger(
    world: World, rows: Callable[..., str]
) -> None:
    """The first outcome of a part is the one that counts."""
    done = world.ingest(rows(0, 60))
    state, log = world.state(done.ingestion), world.log()
    assert state.received is not None
    world.fleet.lanes.send(
        [LaneMessage(ingestion=state.received.ingestion, part=part) for part in state.parts]
    )

    assert {} == drain(world.fleet)
    assert (state, log) == (world.state(done.ingestion), world.log())


@pytest.mark.parametrize("batch", [1, 2, 100])
@pytest.mark.parametrize(
    ("damage", "error"), [("missing", ObjectMissing), ("corrupt", CorruptObject)]
)
def test_a_damaged_part_stops_no_other(
    world: World,
    rows: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    batch: int,
    damage: str,
    error: type[Exception],
) -> None:
    """It is reported by key and becomes a dead letter; all others are stored."""
    monkeypatch.setattr(storing, "BATCH_MESSAGES", batch)
    damaged = committed_only(world, rows(0, 60))
    sound = committed_only(world, rows(60, 90))
    part = world.state(damaged).parts[0]
    world.fleet.objects.remove(part.key)
    if damage == "corrupt":
        world.fleet.objects.put_if_absent(part.key, b"else")
    failed = drain(world.fleet)

    assert {part.key: error} == {key: type(each) for key, each in failed.items()}
    assert "completed" == world.state(sound).status
    assert {part.key: part.rows} == world.state(damaged).dead
    assert part.rows == world.state(damaged).ledger.dead_lettered
    assert () == world.waiting()
    assert [part] == [letter.message.part for letter in world.fleet.dead_letters.read()]


def test_a_damaged_part_of_another_file_is_no_fault_of_this_one(
    world: World, rows: Callable[..., str]
) -> None:
    """A file completes though an older one cannot; the older one's own run says why."""
    damaged = committed_only(world, rows(0, 60))
    world.fleet.objects.remove(world.state(damaged).parts[0].key)
    other = world.ingest(rows(60, 90))
    again = world.ingest(rows(0, 60))

    assert ("completed", None) == (other.status, other.error)
    assert "already-ingested" == again.status
    assert isinstance(again.error, RowsDead)


class _Refusing(MemoryLog):
    """A log that can never hold a row of this line."""

    line = 3

    def append(self, parts: Sequence[Part]) -> tuple[StoreOutcome, ...]:
        for part in parts:
            rows = part_file.decode(self._objects.get(part.key))
            bad = [number for number, row in enumerate(rows) if row.line == self.line]
            if bad:
                refused = RefusedRow(number=bad[0], line=self.line, reason="long", payload="{}")
                outcome = StoreOutcome(stored=part.rows - 1)
                raise RowsRefused(part.key, outcome, [refused])
        return super().append(parts)


def test_only_refused_rows_are_dead(world: World, rows: Callable[..., str]) -> None:
    """The others of the part are stored; the letter says which row, and why."""
    refusing = evolve(world.fleet, log=_Refusing(world.fleet.objects))
    done = ingest(refusing, BytesSource("file.csv", rows(0, 6).encode()), world.request)
    (letter,) = world.fleet.dead_letters.read()

    assert isinstance(done.error, RowsRefused)
    assert (1, 0) == (done.ledger.dead_lettered, done.ledger.pending)
    assert [3] == [row.line for row in letter.rows]


def delivered(world: World, rows: Callable[..., str], tries: int) -> tuple[str, Delivery]:
    """A part that is not there, handed out so often; its ingestion."""
    ingestion = committed_only(world, rows(0, 6))
    (message, *_) = world.waiting()
    world.fleet.objects.remove(message.part.key)
    return ingestion, Delivery(message=message, receipt="1", tries=tries)


@pytest.mark.parametrize(("tries", "pause_s"), [(1, 30), (2, 300), (3, 900)])
def test_a_failure_is_put_off(
    world: World, rows: Callable[..., str], tries: int, pause_s: int
) -> None:
    """Longer and longer; nothing is dead yet."""
    lanes = _Hiding(world.fleet.clock)
    _, delivery = delivered(world, rows, tries)
    failed = storing.store(evolve(world.fleet, lanes=lanes), [delivery])

    assert ["1"] == list(failed)
    assert [(delivery, pause_s)] == lanes.hidden
    assert () == world.fleet.dead_letters.read()


class _Hiding(MemoryLanes):
    """Notes what is put off."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.hidden: list[tuple[Delivery, int]] = []

    def hide(self, deliveries: Sequence[Delivery], seconds: int) -> None:
        self.hidden += [(delivery, seconds) for delivery in deliveries]


def test_what_waits_behind_a_failure_is_kept(world: World, rows: Callable[..., str]) -> None:
    """Nobody else begins with it meanwhile."""
    lanes = _Hiding(world.fleet.clock)
    committed_only(world, rows(60, 90))
    _, first = delivered(world, rows, 1)
    second = Delivery(message=world.waiting()[-1], receipt="2", tries=1)
    storing.store(evolve(world.fleet, lanes=lanes), [first, second])

    assert (second, storing.LEASE_S) in lanes.hidden


def test_stops_when_it_is_late(world: World, rows: Callable[..., str]) -> None:
    """Each part's outcome is recorded before the next; the rest comes again at once."""
    lanes = _Hiding(world.fleet.clock)
    ingestion = committed_only(world, rows(0, 60))
    deliveries = [
        Delivery(message=message, receipt=str(number), tries=1)
        for number, message in enumerate(world.waiting())
    ]
    fleet = evolve(world.fleet, lanes=lanes)
    failed = storing.store(fleet, deliveries, lambda: True)

    assert {each.receipt for each in deliveries[1:]} == failed.keys()
    assert {deliveries[0].message.part.key} == world.state(ingestion).outcomes.keys()
    assert [(each, 0) for each in deliveries[1:]] == lanes.hidden


def test_a_queue_that_cannot_hide_stops_nothing(world: World, rows: Callable[..., str]) -> None:
    """What failed comes back at the queue's own pace."""
    _, delivery = delivered(world, rows, 1)
    fleet = evolve(world.fleet, lanes=_Unhiding(world.fleet.clock))

    assert ["1"] == list(storing.store(fleet, [delivery]))


class _Unhiding(MemoryLanes):
    """Cannot be asked to hide."""

    def hide(self, deliveries: Sequence[Delivery], seconds: int) -> None:
        raise StorageUnavailable("the queue is away")


def test_the_last_try_makes_a_dead_letter(world: World, rows: Callable[..., str]) -> None:
    """It can be settled then: the letter keeps what was wrong, the ledger counts its rows."""
    ingestion, delivery = delivered(world, rows, storing.TRIES)

    assert {} == storing.store(world.fleet, [delivery])
    (letter,) = world.fleet.dead_letters.read()
    assert ("object-missing", storing.TRIES) == (letter.code, letter.tries)
    assert delivery.message.part.rows == world.state(ingestion).ledger.dead_lettered


def test_a_part_that_fails_puts_off_no_other(world: World, rows: Callable[..., str]) -> None:
    """Of what was handed out together only what failed is handed out again."""
    sound = committed_only(world, rows(60, 90))
    waiting = world.waiting()
    deliveries = [Delivery(message=m, receipt=str(n), tries=1) for n, m in enumerate(waiting)]
    world.fleet.objects.remove(waiting[0].part.key)
    failed = storing.store(world.fleet, deliveries)

    assert {"0": ObjectMissing} == {receipt: type(error) for receipt, error in failed.items()}
    assert waiting[:1] == world.state(sound).unsettled


def test_a_message_that_no_event_names_is_reported(world: World, rows: Callable[..., str]) -> None:
    """A part whose commit is lost is not counted in any ledger."""
    done = world.ingest(rows(0, 60))
    part = world.state(done.ingestion).parts[0]
    world.fleet.lanes.send([LaneMessage(ingestion="lost-1", part=part)])

    assert [IllegalCommand] == [type(error) for error in drain(world.fleet).values()]


def test_two_workers_drain_the_same_messages(world: World, rows: Callable[..., str]) -> None:
    """A worker whose messages another one stores meanwhile records nothing twice."""
    source = BytesSource("file.csv", rows(0, 60).encode())
    ingestion = committed_only(world, rows(0, 60))
    append = world.fleet.log.append
    raced: list[object] = []

    def racing(parts: object) -> object:
        if not raced:
            raced.append(parts)
            drain(world.fleet)
        return append(parts)  # type: ignore[arg-type]

    world.fleet.log.append = racing  # type: ignore[method-assign,assignment]

    assert {} == drain(world.fleet)
    assert raced
    assert "completed" == world.state(ingestion).status
    assert "already-ingested" == ingest(world.fleet, source, world.request).status


def test_an_ingestion_of_a_newer_version_stops_no_other(
    world: World, rows: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parts wait for that version; all others are sent and stored."""
    newer = committed_only(world, rows(0, 60))
    older = committed_only(world, rows(100, 160))
    keys = {part.key for part in world.state(newer).parts}
    read = world.fleet.events.read

    def reading(stream: str) -> object:
        if stream.endswith(newer):
            raise UndecodableEvent("install a newer fleetcore", {})
        return read(stream)

    with monkeypatch.context() as patched:
        patched.setattr(world.fleet.events, "read", reading)
        assert [older] == list(relay(world.fleet))
        assert keys == drain(world.fleet).keys()
        assert "completed" == world.state(older).status

    assert {} == drain(world.fleet)
    assert "completed" == world.state(newer).status
