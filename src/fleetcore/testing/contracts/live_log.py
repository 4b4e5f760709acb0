"""What all live logs do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

import pytest
from attrs import evolve

from fleetcore.domain.facts import Fact, fact_of, winners_of
from fleetcore.domain.judging import payload_of
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.messages import EventBatch
from fleetcore.domain.parts import StoredEvent
from fleetcore.errors import CorruptObject, InvalidInput
from fleetcore.testing.contracts.live_log_rig import LIVE, SPAN, LiveLogRig, live, tombstone
from fleetcore.testing.contracts.log_rig import FULL, ONE, OTHER, TWO, again, stored
from fleetcore.testing.contracts.race import raced


def _nothing(_rig: LiveLogRig) -> None:
    pass


def _folded(rig: LiveLogRig) -> None:
    rig.fold()


def _compacted(rig: LiveLogRig) -> None:
    rig.fold()
    rig.parts.compact()


MOVES: Final = [
    pytest.param(_nothing, id="in-the-tail"),
    pytest.param(_folded, id="folded"),
    pytest.param(_compacted, id="compacted"),
]
"""Where rows may lie by now."""

Move: TypeAlias = Callable[[LiveLogRig], None]


class LiveLogContract:
    """Needs the fixture `open_live_log`, which opens `LiveLogRig`s on one state."""

    @pytest.fixture
    def rig(self, open_live_log: Callable[[], LiveLogRig]) -> LiveLogRig:
        """The log under test."""
        return open_live_log()

    def test_is_empty_at_first(self, rig: LiveLogRig) -> None:
        """Nothing comes out of a log that nothing came into."""
        assert 0 == rig.live.reached()
        assert ([], 0) == _changes(rig, 0)
        assert [] == rig.sent()[0]
        assert () == rig.live.tombstones()

    @pytest.mark.parametrize("move", MOVES)
    def test_what_is_appended_can_be_read_at_once(self, rig: LiveLogRig, move: Move) -> None:
        """By every method of `LocationLog`, every field as it was, wherever it lies by now."""
        assert StoreOutcome(stored=3) == rig.append(OTHER, FULL, ONE)
        move(rig)

        log = rig.parts.log
        assert live(OTHER, FULL, ONE) == rig.rows()
        assert live(ONE) == list(log.read_vehicle("cab-1", 0, 9))
        assert live(FULL) == list(log.read_city("Zürich", *SPAN))
        winners, cursor = log.winners_since(0)
        assert live(OTHER, FULL, ONE) == sorted(winners, key=repr)
        assert rig.live.reached() == cursor

    def test_rows_may_come_in_any_order(self, rig: LiveLogRig) -> None:
        """What is read is in order all the same."""
        events = [stored("cab-1", at) for at in (5, 1, 4)] + [stored("cab-0", 9)]
        rig.append(*events[:2], events[3], events[2])

        assert [1, 4, 5] == [
            each.event.observed_at for each in rig.parts.log.read_vehicle("cab-1", 0, 9)
        ]

    @pytest.mark.parametrize("move", MOVES)
    def test_appending_again_changes_nothing(
        self, open_live_log: Callable[[], LiveLogRig], move: Move
    ) -> None:
        """All rows are stored already, for another handle too, and who follows hears nothing."""
        rig = open_live_log()
        rig.append(FULL, ONE, OTHER)
        rig.append(FULL, ONE, OTHER)
        move(rig)
        reached = rig.live.reached()

        for handle in (rig, open_live_log()):
            assert StoreOutcome(already_stored=3) == handle.append(FULL, ONE, OTHER)
            assert StoreOutcome(already_stored=1) == handle.append(ONE, ingestion="live-2")
        assert reached == rig.live.reached()
        assert live(FULL, ONE, OTHER) == rig.rows()

    @pytest.mark.parametrize("move", MOVES)
    def test_only_new_rows_are_stored(self, rig: LiveLogRig, move: Move) -> None:
        """Known rows keep their first provenance."""
        rig.append(ONE, OTHER)
        move(rig)

        outcome = rig.append(again(ONE), TWO, again(OTHER), ingestion="live-2")
        assert StoreOutcome(stored=1, already_stored=2) == outcome
        assert sorted([*live(ONE, OTHER), *live(TWO, ingestion="live-2")], key=repr) == rig.rows()

    @pytest.mark.parametrize("move", MOVES)
    @pytest.mark.parametrize("ingestion", [LIVE, "live-2"])
    def test_another_payload_of_an_identity_is_a_conflict(
        self, rig: LiveLogRig, move: Move, ingestion: str
    ) -> None:
        """Stored beside its sibling, also where the same listener took both in."""
        rig.append(ONE, OTHER)
        move(rig)
        sibling = stored("cab-1", 1, 50.0)

        outcome = rig.append(sibling, TWO, ingestion=ingestion)
        assert StoreOutcome(stored=1, conflicting=1) == outcome
        assert 2 == len(rig.parts.log.read_vehicle("cab-1", 1, 2))
        assert StoreOutcome(already_stored=2) == rig.append(sibling, ONE, ingestion=ingestion)

    def test_repeats_inside_a_batch(self, rig: LiveLogRig) -> None:
        """The first of equal payloads is stored, a second payload conflicts with it."""
        rows = [ONE, evolve(ONE, line=9), stored("cab-1", 1, 50.0, line=10), OTHER]

        assert StoreOutcome(stored=2, already_stored=1, conflicting=1) == rig.append(*rows)
        assert live(ONE, rows[2], OTHER) == rig.rows()
        assert StoreOutcome(already_stored=4) == rig.append(*rows)

    def test_repeats_of_what_is_stored(self, rig: LiveLogRig) -> None:
        """Siblings in a batch and in the log are counted once each."""
        rig.append(ONE)
        rows = [stored("cab-1", 1, at) for at in (50.0, 50.0, 48.137, 51.0)]

        assert StoreOutcome(already_stored=2, conflicting=2) == rig.append(*rows)
        assert 3 == len(rig.rows())

    def test_payloads_are_compared_cell_by_cell(self, rig: LiveLogRig) -> None:
        """Null equals only null; source, line and the sign of zero are no payload."""
        rig.append(stored("cab-1", 1, 0.0, source="a"), stored("cab-1", 2, accuracy_m=0.0))

        outcome = rig.append(stored("cab-1", 1, -0.0, source="b", line=7), stored("cab-1", 2))
        assert StoreOutcome(already_stored=1, conflicting=1) == outcome

    @pytest.mark.parametrize("move", MOVES)
    def test_a_part_is_compared_with_live_rows(self, rig: LiveLogRig, move: Move) -> None:
        """What a file brings was perhaps reported live before."""
        rig.append(ONE, OTHER)
        move(rig)

        outcome = rig.parts.append("1", again(ONE), again(TWO), stored("cab-2", 1, 1.0, "2e"))
        assert StoreOutcome(stored=1, already_stored=1, conflicting=1) == outcome

    @pytest.mark.parametrize("move", MOVES)
    def test_live_rows_are_compared_with_parts(self, rig: LiveLogRig, move: Move) -> None:
        """And the other way round."""
        rig.parts.append("1", ONE, OTHER)
        move(rig)

        outcome = rig.append(ONE, TWO, stored("cab-2", 1, 1.0))
        assert StoreOutcome(stored=1, already_stored=1, conflicting=1) == outcome

    def test_the_batch_says_who_took_it_in(self, rig: LiveLogRig) -> None:
        """A batch of another region is stored under the name it is appended with."""
        batch = rig.batch(ONE, TWO)

        outcome = rig.live.append_batches(evolve(batch, ingestion="replica-b"))
        assert StoreOutcome(stored=2) == outcome
        assert live(ONE, TWO, ingestion="replica-b") == rig.rows()
        assert StoreOutcome(already_stored=2) == rig.live.append_batches(batch)

    def test_several_batches_are_one_step(self, rig: LiveLogRig) -> None:
        """What is equal in them is stored once; others follow it as one change."""
        batches = [rig.batch(ONE, TWO), rig.batch(OTHER, ONE), rig.batch()]

        assert StoreOutcome(stored=3, already_stored=1) == (rig.live.append_batches(*batches))
        assert sorted(live(ONE, TWO, OTHER), key=repr) == sorted(rig.rows(), key=repr)
        assert 1 == len(rig.live.batches_since(0, 100).batches)
        assert StoreOutcome(already_stored=4) == rig.live.append_batches(*batches)
        assert StoreOutcome() == rig.live.append_batches()

    def test_an_empty_batch_is_nothing(self, rig: LiveLogRig) -> None:
        """No row, no change."""
        outcome = rig.live.append_batches(EventBatch(ingestion=LIVE, rows=0, content=b""))

        assert (StoreOutcome(), 0) == (outcome, rig.live.reached())

    @pytest.mark.parametrize("ingestion", ["1f", "1f-2", "a b", "", "../x"])
    def test_an_ingestion_that_is_no_live_one(self, rig: LiveLogRig, ingestion: str) -> None:
        """It would be taken for a file, or name nothing that could be stored; nor are two one."""
        batch = rig.batch(ONE)
        for batches in (
            [evolve(batch, ingestion=ingestion)],
            [batch, evolve(batch, ingestion="x")],
        ):
            with pytest.raises(InvalidInput):
                rig.live.append_batches(*batches)
        assert [] == rig.rows()

    def test_a_batch_that_is_no_batch(self, rig: LiveLogRig) -> None:
        """Damage is told and nothing is stored, of what is beside it neither."""
        batch = rig.batch(ONE, TWO)

        for wrong in (
            evolve(batch, content=b"vehicle_id\n"),
            evolve(batch, content=batch.content[:-9]),
            evolve(batch, rows=3),
        ):
            with pytest.raises(CorruptObject):
                rig.live.append_batches(rig.batch(OTHER), wrong)
        assert ([], 0) == (rig.rows(), rig.live.reached())

    def test_changes_are_winners(self, rig: LiveLogRig) -> None:
        """Of each vehicle the fact that wins by the one order, whatever came last."""
        rig.append(TWO, FULL, stored("cab-2", 7, accuracy_m=3.0))
        rig.append(ONE, stored("cab-2", 7, 2.0), stored("cab-2", 7, 3.0, accuracy_m=9.0))

        facts, cursor = _changes(rig, 0)
        assert winners_of(fact_of(each.event) for each in rig.rows()) == {
            each.vehicle_id: each for each in facts
        }
        assert fact_of(FULL.event) in facts
        assert rig.live.reached() == cursor

    def test_changes_come_behind_a_cursor(self, rig: LiveLogRig) -> None:
        """Only what was appended since, parts and batches alike; then nothing."""
        rig.append(ONE, OTHER)
        first = rig.live.reached()
        rig.append(TWO)
        rig.parts.append("1", stored("cab-9", 1))

        facts, cursor = _changes(rig, first)
        assert {"cab-1", "cab-9"} == {each.vehicle_id for each in facts}
        assert ([], cursor) == _changes(rig, cursor)
        assert first < cursor == rig.live.reached()
        assert ([], cursor + 9) == _changes(rig, cursor + 9)

    @pytest.mark.parametrize("move", MOVES)
    def test_no_change_is_left_out(self, rig: LiveLogRig, move: Move) -> None:
        """Whoever is behind gets all of it, also of what was moved meanwhile."""
        cursors = [0]
        for at in range(4):
            rig.append(stored(f"cab-{at}", at), ingestion=f"live-{at % 2}")
            cursors.append(rig.live.reached())
        move(rig)
        rig.append(stored("cab-4", 4))

        for missed, cursor in enumerate(cursors):
            facts, reached = _changes(rig, cursor)
            assert {f"cab-{at}" for at in range(missed, 5)} <= {each.vehicle_id for each in facts}
            assert rig.live.reached() == reached

    @pytest.mark.parametrize("move", MOVES)
    def test_batches_are_those_taken_in_here(self, rig: LiveLogRig, move: Move) -> None:
        """Live, by files and to mend it; not what came from another region."""
        rig.append(ONE, FULL)
        rig.append(TWO, ingestion="replica-b")
        rig.parts.append("1", stored("cab-9", 1))
        rig.append(OTHER, ingestion="repair-7")
        move(rig)

        expected = [each for each in rig.rows() if each.ingestion != "replica-b"]
        assert 4 == len(expected)
        assert expected == rig.sent()[0]

    @pytest.mark.parametrize("move", MOVES)
    def test_a_cursor_beyond_the_end_begins_again(self, rig: LiveLogRig, move: Move) -> None:
        """It is of another log, which was lost: what is in this one now was never handed out."""
        rig.append(ONE, OTHER)
        end = rig.sent()[1]
        move(rig)

        assert ([], end) == rig.sent(end)
        for beyond in (end + 1, end + 10_000_000):
            assert (live(ONE, OTHER), end) == rig.sent(beyond)

    @pytest.mark.parametrize("move", MOVES)
    @pytest.mark.parametrize("limit", [1, 5, 1000])
    def test_batches_come_bit_by_bit(self, rig: LiveLogRig, move: Move, limit: int) -> None:
        """About so many rows at a time, none left out; then only what is new."""
        events = [stored(f"cab-{at % 7}", at) for at in range(40)]
        for start in range(0, 40, 4):
            rig.append(*events[start : start + 4])
        move(rig)

        found, cursor = rig.sent(limit=limit)
        assert live(*events) == found
        first = rig.live.batches_since(0, limit)
        assert 1 <= sum(each.rows for each in first.batches) <= max(2 * limit, 12)
        rig.append(FULL)
        assert live(FULL) == rig.sent(cursor, limit)[0]

    @pytest.mark.parametrize("limit", [1, 6])
    def test_no_batch_is_left_out_that_is_moved_meanwhile(
        self, rig: LiveLogRig, limit: int
    ) -> None:
        """Whatever happens between two looks."""
        events = [stored(f"cab-{at % 9}", at) for at in range(60)]
        found: set[StoredEvent] = set()
        cursor = 0
        steps: list[Callable[[], None]] = [rig.fold, rig.parts.compact, lambda: None]
        for start in range(0, 60, 3):
            rig.append(*events[start : start + 3])
            steps[start % 5 % 3]()
            step = rig.live.batches_since(cursor, limit)
            cursor = step.cursor
            found.update(each for batch in step.batches for each in rig.decode(batch.content))

        found.update(rig.sent(cursor, limit)[0])
        assert live(*events) == sorted(found, key=repr)

    def test_what_another_handle_appends_is_seen(
        self, open_live_log: Callable[[], LiveLogRig]
    ) -> None:
        """Handles take turns; each is compared with what the other stored a moment ago."""
        one, other = open_live_log(), open_live_log()
        first = stored("x", 1)
        one.append(first)
        for at in range(6):
            mine, theirs = (one, other) if at % 2 else (other, one)
            assert StoreOutcome(already_stored=1) == theirs.append(first)
            for name in ("a", "b"):
                assert StoreOutcome(stored=1) == mine.append(stored(name, at))
            assert StoreOutcome(stored=1, already_stored=1, conflicting=1) == theirs.append(
                stored("a", at), stored("b", at, 1.0), stored("c", at)
            )
        assert one.rows() == other.rows()
        assert one.live.reached() == other.live.reached()

    def test_racing_batches_are_counted_once(self, open_live_log: Callable[[], LiveLogRig]) -> None:
        """As if one came after the other: no row twice, no conflict missed."""
        rigs = [open_live_log() for _ in range(4)]
        batches = [
            rig.batch(
                *(stored("cab-1", at) for at in range(n, n + 50)),
                stored("cab-2", 1, float(n)),
                ingestion=f"live-{n}",
            )
            for n, rig in enumerate(rigs)
        ]

        outcomes = raced(
            [
                partial(rig.live.append_batches, batch)
                for rig, batch in zip(rigs, batches, strict=True)
            ]
        )

        total = StoreOutcome()
        for outcome in outcomes:
            assert isinstance(outcome, StoreOutcome)
            total += outcome
        assert StoreOutcome(stored=54, already_stored=147, conflicting=3) == total
        assert 57 == len({payload_of(each.event) for each in rigs[0].rows()})

    def test_forgotten_vehicles_are_not_taken_in(
        self, open_live_log: Callable[[], LiveLogRig]
    ) -> None:
        """Neither live nor by a file, by no handle; their rows are counted as such."""
        rig, other = open_live_log(), open_live_log()
        rig.append(stored("cab-0", 1))
        other.append(stored("cab-0", 2))
        rig.live.bury([tombstone("cab-1"), tombstone("車-1")])

        for handle in (rig, other):
            handle.append(ONE, FULL)
            assert StoreOutcome(forgotten=2) == handle.append(ONE, FULL)
        assert StoreOutcome(stored=1, forgotten=2) == rig.append(TWO, OTHER, ONE)
        outcome = other.parts.append("1", again(ONE), again(FULL), stored("cab-3", 1, 0.0, "2e"))
        assert StoreOutcome(stored=1, forgotten=2) == outcome
        held = {each.event.vehicle_id for each in rig.rows()}
        assert {"cab-0", "cab-2", "cab-3"} == held

    def test_burying_removes_nothing(self, rig: LiveLogRig) -> None:
        """What is stored stays until it is removed."""
        rig.append(ONE, OTHER)
        rig.live.bury([tombstone("cab-1")])

        assert live(ONE, OTHER) == rig.rows()

    def test_the_first_tombstone_stays(self, open_live_log: Callable[[], LiveLogRig]) -> None:
        """Tombstones are listed by key, for every handle, once a vehicle."""
        one, other = open_live_log(), open_live_log()
        first = [tombstone(f"cab-{n}", n) for n in range(3)]
        one.live.bury(first)
        other.live.bury([tombstone("cab-1", 99)])
        other.live.bury([])

        expected = tuple(sorted(first, key=lambda each: each.key))
        assert expected == one.live.tombstones() == other.live.tombstones()


def _changes(rig: LiveLogRig, cursor: int) -> tuple[list[Fact], int]:
    changes = rig.live.changes_since(cursor)
    return list(changes.facts), changes.cursor
