"""Ingesting: from a file to the log, whatever happens in between."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest
from attrs import evolve

from fleetcore.application.fleet import Fleet
from fleetcore.application.ingesting import (
    Ingested,
    Metadata,
    Watcher,
    go_on,
    ingest,
    pending_ingestion,
)
from fleetcore.application.reading_options import ReadingOptions
from fleetcore.application.storing import drain, relay
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.interpretation import Dialect
from fleetcore.domain.rules.settings import FleetSettings, Limits
from fleetcore.domain.vehicles import Vehicle
from fleetcore.errors import (
    IllegalCommand,
    SourceChanged,
    StorageUnavailable,
    UnknownIngestion,
    UnreadableFile,
)
from fleetcore.ports.origins import Origin
from fleetcore.ports.vehicle_directory import VehicleDirectory
from fleetcore_adapters.memory.source import BytesSource

if TYPE_CHECKING:
    from tests.unit.application.conftest import World

MOST_CALLS = 2000


def first_run(world: World, text: str) -> Callable[[Fleet], object]:
    """Takes a file in with any fleet."""
    source = BytesSource("file.csv", text.encode())
    return lambda fleet: ingest(fleet, source, world.request)


@pytest.fixture(name="undisturbed")
def _undisturbed(new_world: Callable[[], World], rows: Callable[..., str]) -> World:
    """A fleet that took in what the tests disturb."""
    world = new_world()
    assert world.ingest(rows(0, 60)).status == "completed"
    return world


def test_every_row_is_accounted_for(world: World, rows: Callable[..., str]) -> None:
    """Each kind of row is counted, and what is to be stored is in the log."""
    done = world.ingest(rows(0, 60))
    counts = done.ledger.rows

    assert "completed" == done.status
    assert done.error is None
    assert 68 == counts.read
    assert min(counts.duplicate, counts.conflicting, counts.rejected, counts.malformed) > 0
    assert counts.to_store == done.ledger.store.stored == world.log().total()
    assert len(world.state(done.ingestion).chunks) > 3


def test_the_same_file_again_is_recognised(world: World, rows: Callable[..., str]) -> None:
    """Equal content under another name is not read again and has its ledger."""
    first = world.ingest(rows(0, 60))
    second = world.ingest(rows(0, 60), name="copy.csv")

    assert "already-ingested" == second.status
    assert (first.ingestion, first.ledger) == (second.ingestion, second.ledger)
    assert "file.csv" == world.fleet.origins.read()[str(first.ingestion)].name


def test_again_is_a_new_attempt_that_stores_nothing(world: World, rows: Callable[..., str]) -> None:
    """`again` reads the file as another attempt, and all is stored already."""
    first = world.ingest(rows(0, 60))
    before = world.log()
    second = world.ingest(rows(0, 60), again=True)

    assert "completed" == second.status
    assert (f"{str(first.ingestion)[:-1]}2", 0) == (second.ingestion, second.ledger.store.stored)
    assert first.ledger.store.stored == second.ledger.store.already_stored
    assert before == world.log()


def test_a_file_that_is_no_table_fails_without_an_ingestion(world: World) -> None:
    """What cannot be understood leaves nothing behind but its error."""
    done = world.ingest("")

    assert ("failed", None) == (done.status, done.ingestion)
    assert isinstance(done.error, UnreadableFile)
    assert {} == world.states()


def test_two_vehicles_with_equal_files_are_two_ingestions(world: World) -> None:
    """Where the name tells the vehicle, equal content is not the same file."""
    text = "observed_at,latitude,longitude\n1700000000000,40,-3\n"
    reading = ReadingOptions(vehicle_from_filename=r"(.*)\.csv")
    one = world.ingest(text, name="cab-1.csv", reading=reading)
    two = world.ingest(text, name="cab-2.csv", reading=reading)

    assert ("completed", "completed") == (one.status, two.status)
    assert one.ingestion != two.ingestion
    assert {"cab-1", "cab-2"} == {stored.event.vehicle_id for stored in world.log()}


def test_a_crash_between_any_two_port_calls_loses_nothing(
    new_world: Callable[[], World], rows: Callable[..., str], undisturbed: World
) -> None:
    """Whichever call is the last of a process, the next run ends as if there had been none."""
    for calls in range(MOST_CALLS):
        world = new_world()
        if not world.dies(calls, first_run(world, rows(0, 60))):
            assert calls > 30
            return
        for state in world.states().values():
            assert state.ledger.pending >= 0
        relay(world.fleet)
        drain(world.fleet)
        done = world.ingest(rows(0, 60))

        assert done.status in ("completed", "already-ingested"), calls
        assert undisturbed.states() == world.states(), calls
        assert undisturbed.log() == world.log(), calls
        assert () == world.fleet.lanes.receive(1), calls
    pytest.fail("it never ends")


def test_crash_after_crash_loses_nothing(
    world: World, rows: Callable[..., str], undisturbed: World
) -> None:
    """A process that always dies after a few calls more gets there in the end."""
    ingesting = first_run(world, rows(0, 60))

    def starting(fleet: Fleet) -> None:
        relay(fleet)
        ingesting(fleet)

    calls = next(calls for calls in range(12, MOST_CALLS) if not world.dies(calls, starting))

    assert calls > 20
    assert undisturbed.states() == world.states()
    assert undisturbed.log() == world.log()


def test_a_storage_error_at_any_port_call_is_told_and_made_good(
    new_world: Callable[[], World], rows: Callable[..., str], undisturbed: World
) -> None:
    """A store that fails once never raises out of `ingest`, and the next run completes."""
    statuses = set()
    for calls in range(MOST_CALLS):
        world = new_world()
        error = StorageUnavailable("no space left")
        source = BytesSource("file.csv", rows(0, 60).encode())
        done = ingest(world.mortal(calls, error), source, world.request)
        statuses.add(done.status)
        if done.status in ("pending", "failed"):
            assert error is done.error, calls
        elif undisturbed.states() == world.states() and done.error is None and calls > 200:
            break
        relay(world.fleet)
        drain(world.fleet)
        world.ingest(rows(0, 60))

        assert ["completed"] == [state.status for state in world.states().values()], calls
        assert undisturbed.log() == world.log(), calls
    assert {"pending", "failed", "completed"} == statuses


class _Interloper(Watcher):
    """Lets another process take the whole file in as soon as a chunk is committed."""

    def __init__(self, other: Callable[[], object], at: int) -> None:
        self._other = other
        self._at = at

    def committed(self, state: Ingestion) -> None:
        if len(state.chunks) == self._at:
            self._other()


@pytest.mark.parametrize("at", [1, 2, 4])
def test_of_two_workers_on_one_file_the_slower_adopts_what_is_committed(
    world: World, rows: Callable[..., str], undisturbed: World, at: int
) -> None:
    """A worker that is overtaken goes on with the other's chunks, and both say the same."""
    others: list[Ingested] = []
    watcher = _Interloper(lambda: others.append(world.ingest(rows(0, 60))), at)
    done = ingest(
        world.fleet, BytesSource("file.csv", rows(0, 60).encode()), world.request, watcher
    )

    assert ["completed"] == [other.status for other in others]
    assert "completed" == done.status
    assert others[0].ledger == done.ledger
    assert undisturbed.log() == world.log()
    assert () == world.fleet.lanes.receive(1)


def test_a_corrected_mapping_takes_the_place_of_an_unfinished_ingestion(
    world: World, rows: Callable[..., str]
) -> None:
    """What is understood otherwise closes what was interrupted; what that committed stays."""
    assert world.dies(20, first_run(world, rows(0, 60)))
    (first,) = world.states()
    committed = sum(part.rows for part in world.state(first).parts)
    swapped = ReadingOptions(mapping={"latitude": "longitude", "longitude": "latitude"})
    done = world.ingest(rows(0, 60), reading=swapped)

    assert "completed" == done.status
    assert done.ingestion == world.state(first).superseded_by
    relay(world.fleet)
    drain(world.fleet)
    assert committed == world.state(first).ledger.store.stored > 0


def test_another_vehicle_id_closes_the_ingestion_of_the_same_file(
    world: World, rows: Callable[..., str]
) -> None:
    """Of a file whose ids were taken from its name; another file of the same content stays."""
    from_name = ReadingOptions(vehicle_from_filename="(file)")
    source = BytesSource("file.csv", rows(0, 60).encode())
    request = evolve(world.request, reading=from_name)
    assert world.dies(20, lambda fleet: ingest(fleet, source, request))
    (first,) = world.states()

    elsewhere = ingest(world.fleet, BytesSource("other.csv", rows(0, 60).encode()), world.request)
    assert "completed" == elsewhere.status
    assert world.state(first).open
    done = world.ingest(rows(0, 60), settings=FleetSettings(limits=Limits(max_speed_kmh=9)))

    assert done.ingestion == world.state(first).superseded_by


def test_who_is_superseded_while_reading_says_so(world: World, rows: Callable[..., str]) -> None:
    """The worker whose ingestion was closed fails with the reason and changes no more."""
    settings = FleetSettings(limits=Limits(max_speed_kmh=10))
    watcher = _Interloper(lambda: world.ingest(rows(0, 60), settings=settings), 2)
    done = ingest(
        world.fleet, BytesSource("file.csv", rows(0, 60).encode()), world.request, watcher
    )

    assert "failed" == done.status
    assert isinstance(done.error, IllegalCommand)
    assert str(world.state(done.ingestion).superseded_by) in str(done.error)
    assert 2 == len(world.state(done.ingestion).chunks)


class _Failing(BytesSource):
    """A file that changes once so many bytes are read."""

    def __init__(self, text: str, after: int) -> None:
        super().__init__("file.csv", text.encode())
        self._after = after

    @contextmanager
    def open(self, dialect: Dialect) -> Iterator[BinaryIO]:
        with super().open(dialect) as content:
            readable = content.read(self._after)

        class Breaking(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                if read := super().read(size):
                    return read
                raise SourceChanged("file.csv: the file changed while it was read")

        yield Breaking(readable)


def test_a_file_that_changes_fails_with_what_was_committed(
    world: World, rows: Callable[..., str]
) -> None:
    """What was committed before a file broke off is in the log and in the ledger."""
    done = ingest(world.fleet, _Failing(rows(0, 60), after=1500), world.request)

    assert ("failed", "source-changed") == (done.status, done.error and done.error.code)
    assert done.ledger.rows.read > 0
    assert 0 == done.ledger.pending
    assert world.log().total() == done.ledger.store.stored > 0


def test_a_failed_ingestion_is_followed_by_another_attempt(
    world: World, rows: Callable[..., str], undisturbed: World
) -> None:
    """The second attempt takes all; what the first stored is already there."""
    failed = ingest(world.fleet, _Failing(rows(0, 60), after=1500), world.request)
    done = world.ingest(rows(0, 60))

    assert "completed" == done.status
    assert f"{str(failed.ingestion)[:-1]}2" == done.ingestion
    assert failed.ledger.store.stored == done.ledger.store.already_stored
    assert undisturbed.facts() == world.facts()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
def test_overlapping_files_end_in_the_same_log_in_any_order(
    new_world: Callable[[], World], rows: Callable[..., str], order: tuple[int, ...]
) -> None:
    """The log is the union of its files; only who brought a fact first depends on order."""
    texts = [rows(0, 60), rows(30, 90), rows(20, 70)]
    expected, world = new_world(), new_world()
    for text in texts:
        expected.ingest(text)
    for number in order:
        assert "completed" == world.ingest(texts[number]).status

    assert expected.facts() == world.facts()
    assert 1 == max(world.facts().values())
    assert world.log().total() == sum(
        state.ledger.store.stored + state.ledger.store.conflicting
        for state in world.states().values()
    )


def test_overlapping_files_at_once_end_in_the_same_log(
    new_world: Callable[[], World], rows: Callable[..., str]
) -> None:
    """A file taken in while another one is read changes nothing in the end."""
    expected, world = new_world(), new_world()
    expected.ingest(rows(0, 60))
    expected.ingest(rows(30, 90))
    watcher = _Interloper(lambda: world.ingest(rows(30, 90)), 2)
    source = BytesSource("file.csv", rows(0, 60).encode())

    assert "completed" == ingest(world.fleet, source, world.request, watcher).status
    assert expected.facts() == world.facts()


def test_sizes_and_time_of_the_first_run_stay(world: World, rows: Callable[..., str]) -> None:
    """A run that goes on cuts and judges as the interrupted one did."""
    assert world.dies(20, first_run(world, rows(0, 60)))
    (first,) = world.states()
    world.ingest(rows(0, 60), sizes=evolve(world.request.sizes, block_bytes=10_000))

    assert (received := world.state(first).received) is not None
    assert world.request.sizes == received.sizes
    assert len(world.state(first).chunks) > 3


def test_stops_where_it_is_enough(
    world: World, undisturbed: World, rows: Callable[..., str]
) -> None:
    """Behind a chunk; the file stays pending without an error, and the next runs go on."""
    source = BytesSource("file.csv", rows(0, 60).encode())

    def run() -> Ingested:
        return ingest(world.fleet, source, world.request, is_enough=lambda: True)

    done = [run()]
    chunks = len(world.state(done[0].ingestion).chunks)
    while done[-1].status == "pending":
        done.append(run())

    assert ("pending", None, 1) == (done[0].status, done[0].error, chunks)
    assert len(done) == len(world.state(done[0].ingestion).chunks) > 2
    assert undisturbed.facts() == world.facts()


def test_leaves_storing_to_others(world: World, rows: Callable[..., str]) -> None:
    """Each message waits once, also where an earlier run was interrupted; nothing is stored."""
    source = BytesSource("file.csv", rows(0, 60).encode())
    done = [
        ingest(world.fleet, source, world.request, is_enough=is_enough, stores=False)
        for is_enough in (lambda: True, lambda: False)
    ]

    assert ["pending", "pending"] == [each.status for each in done]
    assert [None, None] == [each.error for each in done]
    assert world.state(done[1].ingestion).unsettled == world.waiting()
    assert not world.log()


FILE = "cab-7.csv"
PATTERN = ReadingOptions(vehicle_from_filename=r"(.*)\.csv")


def _nameless(stop: int) -> BytesSource:
    """A file whose name tells the vehicle."""
    rows = (f"{1_700_000_000_000 + each * 1000},40,-3.{each}\n" for each in range(stop))
    return BytesSource(FILE, ("observed_at,latitude,longitude\n" + "".join(rows)).encode())


class _Vehicles(VehicleDirectory):
    """Every vehicle has its depot at the equator."""

    def find(self, vehicle_ids: Collection[str]) -> Mapping[str, Vehicle]:
        return {
            each: Vehicle(vehicle_id=each, depot_latitude=0, depot_longitude=0)
            for each in vehicle_ids
        }


def _begin(world: World, source: BytesSource, **changes: Any) -> str:
    """Commit one chunk."""
    request = evolve(world.request, **changes)
    done = ingest(world.fleet, source, request, is_enough=lambda: True, stores=False)
    assert done.ingestion is not None
    return done.ingestion


def test_goes_on_under_what_the_ingestion_pinned(world: World) -> None:
    """Its metadata and the vehicle id of its name, whatever is configured now."""
    source = _nameless(60)
    metadata = Metadata(content_id="sha256:0f", directory=_Vehicles())
    ingestion = _begin(world, source, metadata=metadata, reading=PATTERN)
    asked = []

    def directory_of(content_id: str) -> VehicleDirectory:
        asked.append(content_id)
        return _Vehicles()

    done = [go_on(world.fleet, source, ingestion, directory_of, is_enough=lambda: True)]
    done.append(go_on(world.fleet, source, ingestion, directory_of))
    drain(world.fleet)

    assert [("pending", ingestion)] * 2 == [(each.status, each.ingestion) for each in done]
    assert [ingestion] == list(world.states())
    assert {"cab-7"} == {stored.event.vehicle_id for stored in world.log()}
    assert all(stored.distance_from_depot_m for stored in world.log())
    assert 60 == world.log().total()
    assert ["sha256:0f"] * 2 == asked
    assert "already-ingested" == go_on(world.fleet, source, ingestion, directory_of).status


def _no_metadata(content_id: str) -> VehicleDirectory:
    pytest.fail(f"{content_id} was pinned nowhere")


def test_going_on_sends_what_a_crash_left_unsent(
    new_world: Callable[[], World], rows: Callable[..., str]
) -> None:
    """A process that dies anywhere and goes on leaves each message on the lanes."""
    for calls in range(MOST_CALLS):
        new = new_world()
        source = BytesSource("file.csv", rows(0, 60).encode())
        ingestion = _begin(new, source)

        def going_on(fleet: Fleet, source: BytesSource = source, at: str = ingestion) -> None:
            go_on(fleet, source, at, _no_metadata)

        died = new.dies(calls, going_on)
        going_on(new.fleet)
        assert new.state(ingestion).read_to_end
        assert set(new.state(ingestion).unsettled) == set(new.waiting()), calls
        if not died:
            assert calls > 10
            return
    pytest.fail("it never ends")


def test_other_bytes_do_not_go_on(world: World, rows: Callable[..., str]) -> None:
    """The ingestion fails with what was committed, and says so once more."""
    ingestion = _begin(world, BytesSource("file.csv", rows(0, 60).encode()))
    other = BytesSource("file.csv", rows(0, 61).encode())
    first, second = (go_on(world.fleet, other, ingestion, _no_metadata) for _ in range(2))

    assert ("failed", SourceChanged) == (first.status, type(first.error))
    assert ("failed", UnreadableFile) == (second.status, type(second.error))
    assert 1 == len(world.state(ingestion).chunks)


def test_an_unknown_ingestion_does_not_go_on(world: World) -> None:
    """Nothing begins in its place."""
    done = go_on(world.fleet, _nameless(1), "00-1", _no_metadata)

    assert ("failed", None, UnknownIngestion) == (done.status, done.ingestion, type(done.error))
    assert {} == world.states()


def test_a_forgotten_name_ends_what_needs_it(world: World) -> None:
    """Without the vehicle's id the rest of the rows would be somebody's."""
    source = _nameless(60)
    ingestion = _begin(world, source, reading=PATTERN)
    world.fleet.origins.note(ingestion, Origin(name="", vehicle_id=None))
    done = go_on(world.fleet, source, ingestion, _no_metadata)

    assert ("failed", UnreadableFile) == (done.status, type(done.error))


def test_the_pending_ingestion_of_a_content_is_found(
    world: World, rows: Callable[..., str]
) -> None:
    """However it was understood, until it is over; no other content's."""
    source = BytesSource("file.csv", rows(0, 60).encode())
    assert pending_ingestion(world.fleet, source) is None
    settings = FleetSettings(limits=Limits(max_speed_kmh=10))
    ingestion = _begin(world, source, settings=settings)

    assert ingestion == pending_ingestion(world.fleet, source)
    assert pending_ingestion(world.fleet, BytesSource("file.csv", b"other")) is None
    go_on(world.fleet, source, ingestion, _no_metadata)
    drain(world.fleet)
    assert pending_ingestion(world.fleet, source) is None
