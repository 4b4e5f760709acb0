"""What all location logs do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from attrs import evolve

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import Part, StoredEvent
from fleetcore.errors import CorruptObject, ObjectMissing
from fleetcore.ports.location_log import LocationLog
from fleetcore.testing.contracts.log_rig import (
    FULL,
    ONE,
    OTHER,
    TWO,
    LogRig,
    again,
    in_city,
    stored,
)
from fleetcore.testing.contracts.race import raced


class LocationLogContract:
    """Needs the fixture `open_location_log`, which opens `LogRig`s on one state."""

    @pytest.fixture
    def rig(self, open_location_log: Callable[[], LogRig]) -> LogRig:
        """The log under test."""
        return open_location_log()

    def test_is_empty_at_first(self, rig: LogRig) -> None:
        """Nothing is found in a log to which nothing was appended."""
        assert () == rig.log.append([])
        assert () == rig.log.read_vehicle("cab-1", 0, 10)
        assert [] == list(rig.log.scan())
        assert ([], 0) == _winners(rig.log, 0)

    def test_stores_what_is_new(self, rig: LogRig) -> None:
        """Every field comes back as it was, with its provenance."""
        assert StoreOutcome(stored=2) == rig.append("1", FULL, ONE)

        at = FULL.event.observed_at
        assert (FULL,) == rig.log.read_vehicle(FULL.event.vehicle_id, at, at + 1)
        assert {FULL, ONE} == set(rig.log.scan())

    def test_reads_a_span_of_a_vehicle(self, rig: LogRig) -> None:
        """The start belongs to a span and the end does not; other vehicles stay out."""
        events = [stored("cab-1", at, line=at + 100) for at in (-5, 1, 2, 3)]
        rig.append("1", *events, OTHER)

        assert (events[1], events[2]) == rig.log.read_vehicle("cab-1", 1, 3)
        assert (events[0],) == rig.log.read_vehicle("cab-1", -5, 1)
        assert () == rig.log.read_vehicle("cab-1", 2, 2)
        assert () == rig.log.read_vehicle("cab-", 0, 10)
        assert tuple(events) == rig.log.read_vehicle("cab-1", -(2**70), 2**70)

    def test_reads_a_span_of_a_city(self, rig: LogRig) -> None:
        """The start belongs to a span and the end does not; other cities stay out."""
        day_ms = 86_400_000
        times = (-1, 0, day_ms - 1, day_ms, 9 * day_ms)
        here = [in_city("a", f"cab-{n}", at) for n, at in enumerate(times)]
        rig.append("1", *here, in_city("b", "cab-1", 0), in_city("", "cab-2", 0), ONE)
        rig.append("2", in_city("a", "cab-9", 0))

        def found(city: str, start_ms: int, end_ms: int) -> set[tuple[str, int]]:
            read = list(rig.log.read_city(city, start_ms, end_ms))
            assert len(set(read)) == len(read)
            return {each.event.identity for each in read}

        def expected(*events: StoredEvent) -> set[tuple[str, int]]:
            return {each.event.identity for each in events}

        nine = ("cab-9", 0)
        assert expected(*here) | {nine} == found("a", -(2**70), 2**70)
        assert expected(*here[1:3]) | {nine} == found("a", 0, day_ms)
        assert expected(here[3]) == found("a", day_ms, day_ms + 1)
        assert set() == found("a", 1, day_ms - 1)
        assert {("cab-1", 0)} == found("b", 0, 1)
        assert {("cab-2", 0)} == found("", 0, 1)
        assert set() == found("a", 5, 5) == found("c", 0, 10) == found("a", day_ms + 1, 2 * day_ms)

    def test_reads_siblings_and_every_field_of_a_city(self, rig: LogRig) -> None:
        """Also of a city with a long name; equal reports are there once."""
        city = "\u8eca" * 5000
        one, other = in_city(city, "cab-1", 1), in_city(city, "cab-1", 1, 50.0, ingestion="2e")
        rig.append("1", FULL, one)
        rig.append("1", other, again(FULL))

        assert [FULL] == list(rig.log.read_city("Zürich", 0, 2**60))
        assert {one, other} == set(rig.log.read_city(city, 0, 2))
        rig.compact()
        assert {one, other} == set(rig.log.read_city(city, 0, 2))

    def test_reads_in_order_of_time_then_fingerprint(self, rig: LogRig) -> None:
        """Also across parts and siblings."""
        siblings = [stored("cab-1", 2, float(n), line=n + 9) for n in range(4)]
        rig.append("2", TWO, *siblings)
        rig.append("1", ONE, stored("cab-1", 3))

        read = rig.log.read_vehicle("cab-1", 0, 10)
        order = [(each.event.observed_at, each.event.fingerprint) for each in read]
        assert 7 == len(order)
        assert sorted(order) == order

    def test_an_equal_payload_is_already_stored(self, rig: LogRig) -> None:
        """The first one stays, with its provenance."""
        rig.append("1", ONE, TWO)

        assert StoreOutcome(stored=1, already_stored=1) == rig.append("2", again(ONE), again(OTHER))
        assert (ONE, TWO) == rig.log.read_vehicle("cab-1", 0, 10)
        assert 3 == len(list(rig.log.scan()))

    def test_all_may_be_already_stored(self, rig: LogRig) -> None:
        """A file that is ingested again changes nothing."""
        rig.append("1", ONE, TWO, OTHER)

        outcome = rig.append("1", again(ONE), again(TWO), again(OTHER))
        assert StoreOutcome(already_stored=3) == outcome
        assert {ONE, TWO, OTHER} == set(rig.log.scan())

    def test_another_payload_of_an_identity_is_a_conflict(self, rig: LogRig) -> None:
        """It is stored beside its sibling."""
        rig.append("1", ONE)
        sibling = stored("cab-1", 1, 50.0, ingestion="2e")

        assert StoreOutcome(conflicting=1) == rig.append("1", sibling)
        assert {ONE, sibling} == set(rig.log.read_vehicle("cab-1", 1, 2))

    def test_a_missing_cell_is_another_payload(self, rig: LogRig) -> None:
        """Null equals only null."""
        rig.append("1", stored("cab-1", 1, accuracy_m=0.0), stored("cab-1", 2))

        outcome = rig.append(
            "1",
            stored("cab-1", 1, ingestion="2e"),
            stored("cab-1", 2, accuracy_m=0.0, ingestion="2e", line=3),
        )
        assert StoreOutcome(conflicting=2) == outcome

    def test_source_and_signed_zero_are_no_payload(self, rig: LogRig) -> None:
        """A report that differs in nothing a fingerprint covers is the same report."""
        rig.append("1", stored("cab-1", 1, 0.0, source="a"))

        assert StoreOutcome(already_stored=1) == rig.append(
            "1", stored("cab-1", 1, -0.0, ingestion="2e", source="b")
        )

    def test_an_ingestion_does_not_conflict_with_itself(self, rig: LogRig) -> None:
        """Its file was deduplicated already: siblings in its parts are no new conflicts."""
        rig.append("1", ONE, stored("cab-1", 1, 1.0, line=7))

        assert StoreOutcome(stored=1) == rig.append("2", stored("cab-1", 1, 2.0, line=8))
        rig.compact()
        assert StoreOutcome(stored=1) == rig.append("3", stored("cab-1", 1, 3.0, line=9))

    def test_conflicts_are_counted_against_other_ingestions(self, rig: LogRig) -> None:
        """Of two siblings in one file the log may know one and not the other."""
        rig.append("1", ONE)
        mine = [again(ONE), stored("cab-1", 1, 1.0, ingestion="2e")]

        assert StoreOutcome(already_stored=1, conflicting=1) == rig.append("1", *mine)
        assert StoreOutcome(already_stored=2) == rig.append(
            "1", *(evolve(each, ingestion="3d") for each in mine)
        )

    def test_a_redelivered_part_has_its_first_outcome(self, rig: LogRig) -> None:
        """Appending a part again changes nothing, whatever came in between."""
        part = rig.put("1", ONE)
        later = rig.put("1", again(ONE), stored("cab-1", 1, 1.0, ingestion="2e"))
        outcomes = rig.log.append([part, later])

        assert (*outcomes, outcomes[0]) == rig.log.append([part, later, part])
        rig.compact()
        rig.objects.remove(part.key)
        assert outcomes == rig.log.append([part, later])
        assert 2 == len(list(rig.log.scan()))

    def test_appends_parts_of_several_ingestions(self, rig: LogRig) -> None:
        """Outcomes come in the order of the parts, each compared with those before it."""
        parts = [
            rig.put("1", ONE),
            rig.put("1", again(ONE), again(OTHER)),
            rig.put("2", TWO),
            rig.put("1", again(TWO, "3d"), again(OTHER, "3d")),
        ]

        assert (
            StoreOutcome(stored=1),
            StoreOutcome(stored=1, already_stored=1),
            StoreOutcome(stored=1),
            StoreOutcome(already_stored=2),
        ) == rig.log.append(parts)

    def test_a_part_that_is_not_there(self, rig: LogRig) -> None:
        """Nothing is stored of it, and it can be appended when it is there."""
        part = rig.put("1", ONE)
        content = rig.objects.get(part.key)
        rig.objects.remove(part.key)

        with pytest.raises(ObjectMissing, match="fresh/1f/1"):
            rig.log.append([part])
        rig.objects.put_if_absent(part.key, content)
        assert (StoreOutcome(stored=1),) == rig.log.append([part])

    def test_a_part_that_was_changed(self, rig: LogRig) -> None:
        """Content that its sha256 does not tell of is never stored."""
        part, other = rig.put("1", ONE), rig.put("2", TWO)

        with pytest.raises(CorruptObject, match="fresh/1f/1"):
            rig.log.append([evolve(part, sha256=other.sha256)])
        with pytest.raises(CorruptObject, match="rows"):
            rig.log.append([evolve(part, rows=2)])
        assert [] == list(rig.log.scan())

    def test_a_part_that_is_no_part(self, rig: LogRig) -> None:
        """Bytes that cannot be read as rows are damage, not a crash."""
        content = b"vehicle_id\n"
        rig.objects.put_if_absent("fresh/1f/1", content)
        part = Part(
            key="fresh/1f/1",
            lane="idle",
            rows=1,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )

        with pytest.raises(CorruptObject):
            rig.log.append([part])

    def test_tells_winners_behind_a_cursor(self, rig: LogRig) -> None:
        """Each vehicle's winner among what was appended later, not among all there is."""
        rig.append("1", ONE, TWO, OTHER)
        first, cursor = _winners(rig.log, 0)
        rig.append("1", stored("cab-1", 0, ingestion="2e"))
        second, last = _winners(rig.log, cursor)

        assert {TWO, OTHER} == set(first)
        assert [stored("cab-1", 0, ingestion="2e")] == second
        assert last > cursor
        assert ([], last) == _winners(rig.log, last)

    def test_winners_are_told_in_the_one_order(self, rig: LogRig) -> None:
        """Later; then more accurate, missing loses; then the greater fingerprint, unsigned."""
        late = [stored("cab-1", 5, float(n), line=n + 10) for n in range(6)]
        accurate = stored("cab-2", 5, accuracy_m=3.0, line=20)
        rig.append("1", *late[:3], stored("cab-1", 4, accuracy_m=0.0), stored("cab-2", 5, line=21))
        rig.append("2", *late[3:], accurate, stored("cab-2", 5, accuracy_m=4.0, line=22))

        winners, _ = rig.log.winners_since(0)
        assert {max(late, key=lambda each: each.event.fingerprint), accurate} == set(winners)

    def test_compaction_changes_no_answer(self, rig: LogRig) -> None:
        """Content, order, winners and cursors are what they were."""
        day_ms = 86_400_000
        rig.append("1", FULL, ONE, stored("cab-1", -day_ms), stored("cab-1", 3 * day_ms))
        rig.append("1", again(ONE), stored("cab-1", 1, 2.0, ingestion="2e"))
        rig.append("2", stored("cab-1", 3 * day_ms, 1.0, ingestion="2e"), again(OTHER))
        before = _answers(rig.log)
        cursor = rig.log.winners_since(0)[1]
        rig.compact()

        assert before == _answers(rig.log)
        assert ([], cursor) == _winners(rig.log, cursor)

    def test_compared_with_what_was_compacted(self, rig: LogRig) -> None:
        """Rows that moved into compacted files are still known."""
        rig.append("1", ONE, TWO)
        rig.compact()
        outcome = rig.append("1", again(ONE), stored("cab-1", 2, 9.0, ingestion="2e"), again(OTHER))

        assert StoreOutcome(stored=1, already_stored=1, conflicting=1) == outcome
        rig.compact()
        assert StoreOutcome(already_stored=1) == rig.append("1", again(OTHER, "3d"))
        assert 4 == len(list(rig.log.scan()))

    def test_keeps_what_was_appended(self, open_location_log: Callable[[], LogRig]) -> None:
        """Another handle sees it, and the outcome of its part."""
        first = open_location_log()
        part = first.put("1", ONE)
        first.log.append([part])
        second = open_location_log()

        assert [ONE] == list(second.log.scan())
        assert (StoreOutcome(stored=1),) == second.log.append([part])

    def test_racing_appends_lose_and_double_nothing(
        self, open_location_log: Callable[[], LogRig]
    ) -> None:
        """Of overlapping files appended at once every payload is there, once.

        A log may count an equal row as stored by both, or a conflict on neither side.
        """
        rigs = [open_location_log() for _ in range(4)]

        outcomes = racing_appends(rigs)

        assert 4 * 51 == sum(outcome.rows for outcome in outcomes)
        assert 57 <= sum(outcome.stored + outcome.conflicting for outcome in outcomes)
        assert 3 >= sum(outcome.conflicting for outcome in outcomes)
        assert 53 == len(rigs[0].log.read_vehicle("cab-1", 0, 100))
        assert 4 == len(rigs[0].log.read_vehicle("cab-2", 0, 100))
        assert 57 == len(list(rigs[0].log.scan()))
        winners, _ = _winners(rigs[0].log, 0)
        assert {("cab-1", 52), ("cab-2", 1)} == {each.event.identity for each in winners}

    def test_one_part_appended_at_once_is_stored_once(
        self, open_location_log: Callable[[], LogRig]
    ) -> None:
        """Every caller is told the same outcome."""
        rigs = [open_location_log() for _ in range(4)]
        part = rigs[0].put("1", ONE, TWO)

        outcomes = raced([partial(rig.log.append, [part]) for rig in rigs])

        assert [(StoreOutcome(stored=2),)] * 4 == outcomes
        assert {ONE, TWO} == set(rigs[0].log.scan())
        assert 2 == len(list(rigs[0].log.scan()))


def racing_appends(rigs: Sequence[LogRig]) -> list[StoreOutcome]:
    """What is said of overlapping parts, one a rig, that are appended at once.

    With four rigs: 53 payloads of one vehicle, and four payloads of one identity of another.
    """
    parts = [
        rig.put(
            "1",
            *(stored("cab-1", at, ingestion=f"{n}a", line=at) for at in range(n, n + 50)),
            stored("cab-2", 1, float(n), ingestion=f"{n}a", line=99),
        )
        for n, rig in enumerate(rigs)
    ]
    outcomes: list[StoreOutcome] = []
    for outcome in raced(
        [partial(rig.log.append, [part]) for rig, part in zip(rigs, parts, strict=True)]
    ):
        assert isinstance(outcome, tuple)
        outcomes += outcome
    return outcomes


def _winners(log: LocationLog, cursor: int) -> tuple[list[StoredEvent], int]:
    winners, reached = log.winners_since(cursor)
    return list(winners), reached


def _answers(log: LocationLog) -> object:
    found = sorted(log.scan(), key=repr)
    vehicles = sorted({each.event.vehicle_id for each in found})
    winners, _ = _winners(log, 0)
    return (
        found,
        sorted(winners, key=repr),
        [log.read_vehicle(each, -(2**60), 2**60) for each in vehicles],
    )
