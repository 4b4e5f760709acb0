"""The log in DynamoDB: what it costs, and what faults leave behind."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from attrs import evolve
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from tests.unit.adapters.aws.dynamodb.wire import (
    NOW_MS,
    Fault,
    Service,
    answer_lost,
    colliding,
    delivered,
    half_written,
    throttled,
    unsent,
)

from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import Part, RowsRefused, StoredEvent
from fleetcore.errors import StorageUnavailable
from fleetcore.testing.contracts.log_rig import LogRig, in_city, stored
from fleetcore_adapters.aws.dynamodb.items import sort_key
from fleetcore_adapters.aws.dynamodb.tables import LOG
from fleetcore_adapters.aws.dynamodb.values import int_in, text_in
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.seen_window import MemorySeenWindow

DAY_MS = 86_400_000
START_MS = 1_600_000_000_000 // DAY_MS * DAY_MS


def rows(count: int, ingestion: str = "1f", vehicles: int = 1) -> list[StoredEvent]:
    """Events of one day, ten seconds apart."""
    return [
        stored(f"cab-{n % vehicles}", START_MS + n * 10_000, ingestion=ingestion, line=n + 2)
        for n in range(count)
    ]


def append(rig: LogRig, events: Sequence[StoredEvent], name: str = "1") -> StoreOutcome:
    """Append a part."""
    return rig.append(name, *events)


def test_new_rows_cost_a_request_for_25(service: Service, objects: MemoryObjectStore) -> None:
    """And a part a handful: is it known, its days, its record."""
    rig = service.open_log(objects, MemorySeenWindow())

    sent = service.wire.counted(lambda: append(rig, rows(510)))

    assert {
        "BatchWriteItem": 21,
        "BatchGetItem": 2,
        "PutItem": 1,
        "GetItem": 1,
        "TransactWriteItems": 1,
    } == sent
    again = service.wire.counted(lambda: append(rig, rows(510, "2e")))
    assert {"Query": 1, "BatchGetItem": 2, "GetItem": 1, "TransactWriteItems": 1} == again


@pytest.mark.parametrize("vehicles", [1, 7, 100])
def test_rows_that_may_be_known_cost_two_requests_at_most(
    service: Service, objects: MemoryObjectStore, vehicles: int
) -> None:
    """A look, which may serve many, and a write where nothing is found."""
    rig = service.open_log(objects)
    append(rig, rows(200, vehicles=vehicles)[::2])
    sent = service.wire.counted(lambda: append(rig, rows(200, "2e", vehicles)))

    assert 100 == sent["PutItem"]
    assert 0 == sent["BatchWriteItem"]
    assert vehicles <= sent["Query"] <= max(vehicles, 10)


def test_a_part_that_is_known_costs_one_request(
    service: Service, objects: MemoryObjectStore
) -> None:
    """Its object is not read."""
    rig = service.open_log(objects)
    part = rig.put("1", *rows(3))
    rig.log.append([part])
    objects.remove(part.key)

    assert {"BatchGetItem": 1} == service.wire.counted(lambda: rig.log.append([part]))


@pytest.mark.parametrize("seen", [None, MemorySeenWindow], ids=["unfiltered", "filtered"])
@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        pytest.param("BatchWriteItem", half_written, id="half-written"),
        pytest.param("BatchWriteItem", answer_lost, id="batch-answer-lost"),
        pytest.param("PutItem", answer_lost, id="put-answer-lost"),
        pytest.param("PutItem", throttled, id="put-throttled"),
        pytest.param("Query", unsent, id="query-cut"),
        pytest.param("BatchGetItem", throttled, id="get-throttled"),
        pytest.param("TransactWriteItems", unsent, id="record-cut"),
    ],
)
def test_a_passing_fault_changes_no_outcome(
    service: Service,
    objects: MemoryObjectStore,
    operation: str,
    fault: Fault,
    seen: Callable[[], MemorySeenWindow] | None,
) -> None:
    """What is sent again is counted as what it was the first time."""
    rig = service.open_log(objects, seen() if seen else None)
    append(rig, rows(60))
    service.wire.plan(operation, fault, fault)
    part = [*rows(90, "2e"), stored("cab-0", START_MS, 1.0, ingestion="2e", line=500)]

    outcome = append(rig, part)

    assert StoreOutcome(stored=30, already_stored=60, conflicting=1) == outcome
    assert 91 == len(list(rig.log.scan()))


@pytest.mark.parametrize("seen", [None, MemorySeenWindow], ids=["unfiltered", "filtered"])
@pytest.mark.parametrize("operation", ["BatchWriteItem", "PutItem", "Query", "TransactWriteItems"])
@pytest.mark.parametrize("after", [0, 1])
def test_an_append_that_died_half_way_is_completed(
    service: Service,
    objects: MemoryObjectStore,
    operation: str,
    after: int,
    seen: Callable[[], MemorySeenWindow] | None,
) -> None:
    """The rows it wrote are its own, and have the fate they had."""
    window = seen() if seen else None
    append(service.open_log(objects, window), rows(15))
    rig = service.open_log(objects, window)
    part = rig.put("1", *rows(45, "2e"), stored("cab-0", START_MS, 1.0, ingestion="2e", line=500))
    service.wire.plan_after(operation, after, [unsent] * 100)
    # Where there are no more requests of the kind than pass, the append succeeds.
    with suppress(StorageUnavailable):
        rig.log.append([part])
    service.wire.heal()

    rig = service.open_log(objects, window)
    (outcome,) = rig.log.append([part])

    assert StoreOutcome(stored=30, already_stored=15, conflicting=1) == outcome
    assert 46 == len(list(rig.log.scan()))


@pytest.mark.parametrize("seen", [None, MemorySeenWindow], ids=["unfiltered", "filtered"])
def test_payloads_that_share_a_fingerprint_both_live(
    service: Service, objects: MemoryObjectStore, seen: Callable[[], MemorySeenWindow] | None
) -> None:
    """Also in one part; each is known when it comes again."""
    rig = service.open_log(objects, seen() if seen else None)
    event = evolve(rows(1)[0].event, speed_kmh=50.0)
    twins = [event, *colliding(event, 4)]

    def part(ingestion: str, some: slice) -> list[StoredEvent]:
        return [
            StoredEvent(event=each, distance_from_depot_m=None, ingestion=ingestion, line=n)
            for n, each in enumerate(twins[some])
        ]

    assert StoreOutcome(stored=2) == append(rig, part("1f", slice(0, 2)))
    assert StoreOutcome(conflicting=3, already_stored=2) == append(rig, part("2e", slice(0, 5)))
    assert StoreOutcome(already_stored=5) == append(rig, part("3d", slice(0, 5)))
    read = rig.log.read_vehicle(event.vehicle_id, START_MS, START_MS + 1)
    assert set(twins) == {each.event for each in read}
    assert 5 == len(read)


@pytest.mark.parametrize("seen", [None, MemorySeenWindow], ids=["unfiltered", "filtered"])
def test_a_payload_has_one_key(
    service: Service, objects: MemoryObjectStore, seen: Callable[[], MemorySeenWindow] | None
) -> None:
    """However it was written: so writing it again, by anyone, changes nothing."""
    rig = service.open_log(objects, seen() if seen else None)
    append(rig, [*rows(2), stored("cab-0", START_MS, 1.0, line=9)])
    append(rig, [stored("cab-0", START_MS, 2.0, ingestion="2e", line=9)])

    keys = {text_in(item, LOG.sort) for item in service.requests().scan(service.log)}
    assert {sort_key(each.event) for each in rig.log.scan()} == keys


def test_a_row_that_no_item_holds_is_refused(service: Service, objects: MemoryObjectStore) -> None:
    """The others are stored, the part is recorded, and the answer stays the same."""
    rig = service.open_log(objects)
    large = in_city("車" * 200_000, "cab-9", START_MS)
    part = rig.put("1", *rows(3), evolve(large, line=77), *rows(2, "1f", 2)[1:])

    refusals = []
    for _ in range(2):
        with pytest.raises(RowsRefused, match="line 77") as raised:
            rig.log.append([part])
        refusals.append((raised.value.key, raised.value.outcome, raised.value.rows))

    key, outcome, refused = refusals[0]
    assert refusals[0] == refusals[1]
    assert (part.key, StoreOutcome(stored=4)) == (key, outcome)
    assert [(3, 77)] == [(row.number, row.line) for row in refused]
    assert len(refused[0].payload) <= 500
    assert 4 == len(list(rig.log.scan()))
    assert {"cab-0", "cab-1"} == {each.event.vehicle_id for each in rig.log.winners_since(0)[0]}


def test_parts_before_a_refused_one_are_in_the_log(
    service: Service, objects: MemoryObjectStore
) -> None:
    """And those behind it come with the next call."""
    rig = service.open_log(objects)
    first = rig.put("1", *rows(2))
    bad = rig.put("1", in_city("車" * 200_000, "cab-9", START_MS, ingestion="2e"))

    with pytest.raises(RowsRefused):
        rig.log.append([first, bad])
    assert 2 == len(list(rig.log.scan()))
    assert (StoreOutcome(stored=2),) == rig.log.append([first])


def test_a_long_part_is_written_in_pieces(
    service: Service, objects: MemoryObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of one identity in different pieces are no conflicts of each other."""
    monkeypatch.setattr("fleetcore_adapters.aws.dynamodb.appends.ROWS_AT_ONCE", 25)
    rig = service.open_log(objects, MemorySeenWindow())
    part = [*rows(60), stored("cab-0", START_MS, 1.0, line=99)]

    assert StoreOutcome(stored=61) == append(rig, part)
    assert StoreOutcome(already_stored=61) == append(
        rig, [evolve(each, ingestion="2e") for each in part]
    )


# --- seen windows ------------------------------------------------------------------------------


def test_a_lost_filter_changes_no_outcome(service: Service, objects: MemoryObjectStore) -> None:
    """Everything may have been seen, and is looked for."""
    seen = MemorySeenWindow()
    rig = service.open_log(objects, seen)
    append(rig, rows(30))
    seen.forget("2020-09-13")

    assert StoreOutcome(stored=10, already_stored=30) == append(rig, rows(40, "2e"))
    assert StoreOutcome(already_stored=40) == append(rig, rows(40, "3d"))


def test_rows_that_were_written_unmarked_are_never_called_new(
    service: Service, objects: MemoryObjectStore
) -> None:
    """Without a filter the day's token is taken away, for all who have one."""
    filtered = service.open_log(objects, MemorySeenWindow())
    append(filtered, rows(10))
    append(service.open_log(objects), rows(20, "2e"))

    before = service.wire.sent["BatchWriteItem"]
    assert StoreOutcome(stored=10, already_stored=20) == append(filtered, rows(30, "3d"))
    assert before == service.wire.sent["BatchWriteItem"]


class Away(MemorySeenWindow):
    """Cannot be asked."""

    def mark(self, window: str, token: str, identities: Sequence[tuple[str, int]]) -> None:
        return None


def test_rows_that_could_not_be_marked_are_never_called_new(
    service: Service, objects: MemoryObjectStore
) -> None:
    """A filter that one worker could not ask for a moment is given up by all, for good."""
    rig = service.open_log(objects, MemorySeenWindow())
    append(rig, rows(10))
    append(service.open_log(objects, Away()), rows(20, "2e"))

    before = service.wire.sent["BatchWriteItem"]
    assert StoreOutcome(stored=10, already_stored=20) == append(rig, rows(30, "3d"))
    assert before == service.wire.sent["BatchWriteItem"]


def test_a_filter_that_came_later_is_not_begun(
    service: Service, objects: MemoryObjectStore
) -> None:
    """It would not know the rows that were there before."""
    append(service.open_log(objects), rows(10))
    filtered = service.open_log(objects, MemorySeenWindow())

    assert StoreOutcome(stored=10, already_stored=10) == append(filtered, rows(20, "2e"))


class Overtaken(MemorySeenWindow):
    """While it makes a filter another log appends a part, with a filter of its own."""

    def __init__(self, overtake: Callable[[], object]) -> None:
        super().__init__()
        self._overtake = overtake

    def begin(self, window: str, expected: int) -> str:
        self._overtake()
        self._marked[window, "late"] = set()
        return "late"


def test_the_generation_that_was_noted_first_counts(
    service: Service, objects: MemoryObjectStore
) -> None:
    """Of two that began at once; the other would not know the rows that are there."""
    first = service.open_log(objects, MemorySeenWindow())
    late = service.open_log(objects, Overtaken(lambda: append(first, rows(10))))

    assert StoreOutcome(stored=10, already_stored=10) == append(late, rows(20, "2e"))
    (window,) = (
        record
        for record in service.requests().scan(service.parts)
        if text_in(record, "record") == "window"
    )
    assert "token" not in window


class NoFilters(MemorySeenWindow):
    """Can make no filter now."""

    def begin(self, window: str, expected: int) -> None:
        return None


def test_a_day_without_a_filter_is_read_once(service: Service, objects: MemoryObjectStore) -> None:
    """Its record never gets a token, so there is nothing to read again."""
    rig = service.open_log(objects, NoFilters())
    append(rig, rows(10))

    sent = service.wire.counted(lambda: append(rig, rows(10, "2e")))
    assert 1 == sent["BatchGetItem"]


# --- expiry ------------------------------------------------------------------------------------


def expire(service: Service, before_ms: int) -> None:
    """Delete what DynamoDB would."""
    for item in list(service.requests().scan(service.log)):
        observed_at = int_in(item, "observed_at")
        assert int_in(item, "expires_at") == (observed_at + 7 * DAY_MS) // 1000
        if observed_at < before_ms:
            service.clients.dynamodb.delete_item(
                TableName=service.log,
                Key={name: item[name] for name in ("vehicle_id", "observed_at_fingerprint")},
            )


def test_expired_spans_come_from_the_parts(service: Service, objects: MemoryObjectStore) -> None:
    """All of the log is read as before, whether DynamoDB deleted it, or has not yet."""
    rig = service.open_log(objects, keep_days=7)
    days = [in_city("a", "cab-1", NOW_MS - day * DAY_MS, float(day)) for day in range(1, 15)]
    append(rig, days[:9], "1")
    append(rig, [*days[9:], *(evolve(each, ingestion="2e") for each in days[:2])], "2")
    append(rig, [evolve(each, ingestion="3d") for each in days[5:12]], "3")

    def answers() -> object:
        return (
            rig.log.read_vehicle("cab-1", 0, NOW_MS),
            rig.log.read_vehicle("cab-1", days[10].event.observed_at, days[3].event.observed_at),
            rig.log.read_vehicle("cab-2", 0, NOW_MS),
            sorted(rig.log.read_city("a", 0, NOW_MS), key=repr),
            sorted(rig.log.scan(), key=repr),
            sorted(rig.log.winners_since(0)[0], key=repr),
        )

    before = answers()
    assert [14] * 3 == [
        len(rig.log.read_vehicle("cab-1", 0, NOW_MS)),
        len(list(rig.log.read_city("a", 0, NOW_MS))),
        len(list(rig.log.scan())),
    ]
    expire(service, NOW_MS - 7 * DAY_MS)

    assert before == answers()
    assert 7 == len(list(service.requests().scan(service.log)))


def test_what_expired_and_comes_again_is_stored_again(
    service: Service, objects: MemoryObjectStore
) -> None:
    """The table cannot know it; a vehicle's track has it once all the same."""
    rig = service.open_log(objects, keep_days=7)
    old = [stored("cab-1", NOW_MS - 30 * DAY_MS)]
    append(rig, old)
    expire(service, NOW_MS)

    assert StoreOutcome(stored=1) == append(rig, [evolve(old[0], ingestion="2e")])
    assert 1 == len(rig.log.read_vehicle("cab-1", 0, NOW_MS))


def test_what_expired_again_is_read_once(service: Service, objects: MemoryObjectStore) -> None:
    """By every read, as its first part brought it; twins of a fingerprint are read both."""
    rig = service.open_log(objects, keep_days=7)
    event = evolve(in_city("a", "cab-1", NOW_MS - 30 * DAY_MS).event, speed_kmh=50.0)
    old = [
        StoredEvent(event=each, distance_from_depot_m=None, ingestion="1f", line=n)
        for n, each in enumerate([event, *colliding(event, 1)])
    ]
    old += [in_city("a", f"cab-{n}", NOW_MS - 30 * DAY_MS + n) for n in range(8)]
    new = [in_city("a", "cab-9", NOW_MS)]
    append(rig, [*old, *new])
    for ingestion in ("2e", "3d"):
        expire(service, NOW_MS - 7 * DAY_MS)
        again = [evolve(each, ingestion=ingestion) for each in old]
        assert StoreOutcome(stored=10) == append(rig, again)

    def answers() -> object:
        return (
            sorted(rig.log.scan(), key=repr),
            sorted(rig.log.read_city("a", 0, NOW_MS + 1), key=repr),
            sorted(rig.log.read_vehicle("cab-1", 0, NOW_MS), key=repr),
        )

    of_one = [each for each in old if each.event.vehicle_id == "cab-1"]
    expected = (
        sorted([*old, *new], key=repr),
        sorted([*old, *new], key=repr),
        sorted(of_one, key=repr),
    )
    assert expected == answers()
    expire(service, NOW_MS - 7 * DAY_MS)
    assert expected == answers()


# --- records -----------------------------------------------------------------------------------


def test_records_are_numbered_without_gaps(service: Service, objects: MemoryObjectStore) -> None:
    """A part that loses its number to another takes the next one."""
    rig, rival = service.open_log(objects), service.open_log(objects)
    other = rival.put("2", *rows(2, "2e"))

    def overtaken(request: AWSPreparedRequest) -> AWSResponse:
        rival.log.append([other])
        return delivered(request)

    service.wire.plan("TransactWriteItems", overtaken)
    append(rig, rows(3))

    _, cursor = rig.log.winners_since(0)
    assert 2 == cursor
    assert [] == list(rig.log.winners_since(2)[0])
    first, _ = rig.log.winners_since(1)
    assert 1 == len(list(first))


def test_a_cursor_never_goes_back(service: Service, objects: MemoryObjectStore) -> None:
    """One that is ahead of the log stays."""
    assert ([], 7) == service.open_log(objects).log.winners_since(7)


def test_the_parts_of_a_city_span_many_days(service: Service, objects: MemoryObjectStore) -> None:
    """Days without rows cost nothing."""
    rig = service.open_log(objects)
    append(rig, [in_city("a", "cab-1", day * DAY_MS) for day in (0, 10_000)])

    sent = service.wire.counted(lambda: list(rig.log.read_city("a", 0, 20_000 * DAY_MS)))
    assert 1 + 2 * 8 == sent["Query"]


def test_a_part_without_rows_is_recorded(service: Service, objects: MemoryObjectStore) -> None:
    """Like any other."""
    content = b""
    objects.put_if_absent("fresh/1f/1", content)
    sha256 = hashlib.sha256(content).hexdigest()
    part = Part(key="fresh/1f/1", lane="idle", rows=0, size_bytes=0, sha256=sha256)
    log = service.open_log(objects).log

    assert (StoreOutcome(),) == log.append([part])
    assert ([], 1) == log.winners_since(0)
