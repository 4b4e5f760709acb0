"""`ingest_file`: each message ends as what it names deserves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from attrs import asdict, evolve
from botocore.exceptions import ReadTimeoutError
from tests.unit.entrypoints.lambdas.conftest import (
    VEHICLE,
    Context,
    Logged,
    MemoryApp,
    NoVehicles,
    event_of,
    rows,
)

from fleetcore.application.ingesting import Metadata, Request
from fleetcore.application.streams import IngestionStream
from fleetcore.domain.ingestion_events import Supersede
from fleetcore.domain.parts import LaneMessage
from fleetcore.errors import (
    InvalidConfiguration,
    InvalidInput,
    StorageUnavailable,
    Throttled,
    UnbalancedLedger,
)
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_adapters.memory.lanes import MemoryLanes
from fleetcore_entrypoints.lambdas.ingest_file import METRICS, Run
from fleetcore_entrypoints.lambdas.records import Answer

NONE_FAILED: Answer = {"batchItemFailures": []}
MONDAY = ("telemetry/monday.csv", "096fKKXTRTtl3on89fVO.nfljtsv6qko")


def failed(*numbers: int) -> Answer:
    """The answer that names these messages of an event."""
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in numbers]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}


@pytest.fixture(name="run")
def _run(app: MemoryApp, logged: Logged) -> Callable[..., Answer]:
    """Hands an event to the function."""

    def run(
        event: str | Mapping[str, Any], context: Context | None = None, app: MemoryApp = app
    ) -> Answer:
        told = event_of(event) if isinstance(event, str) else event
        return Run(app, context or Context(), logged.log, 1 << 30).all(told)

    return run


def test_a_file_is_taken_in_and_left_to_the_lanes(
    app: MemoryApp, run: Callable[..., Answer]
) -> None:
    """Its parts wait for other workers; the message is acknowledged."""
    app.bucket[MONDAY] = rows(0, 60)

    assert NONE_FAILED == run("arrived")
    (state,) = app.states()
    assert state.chunks[-1].last
    assert state.ledger.pending == state.ledger.rows.to_store > 0
    waiting = app.fleet.lanes.receive(100)
    assert {part.key for part in state.parts} == {each.message.part.key for each in waiting}


def test_rows_are_measured_by_verdict(app: MemoryApp, run: Callable[..., Answer]) -> None:
    """Every metric is there, under the function's name, with what the ledger says."""
    app.bucket[MONDAY] = rows(0, 60)
    run("arrived")
    (state,) = app.states()
    counts, metrics = state.ledger.rows, app.metrics()
    (measured,) = app.telemeter.measured()

    assert {"function": "function"} == measured.dimensions
    assert {*METRICS, "duration_ms", "memory_mb", "queue_age_s"} == metrics.keys()
    assert (counts.read, counts.accepted, counts.rejected, counts.malformed) == (
        metrics["rows_read"],
        metrics["rows_accepted"],
        metrics["rows_rejected"],
        metrics["rows_malformed"],
    )
    assert min(counts.accepted, counts.rejected, counts.malformed) > 0
    assert (1, 0, 10.0) == (
        metrics["files_completed"],
        metrics["files_failed"],
        metrics["queue_age_s"],
    )


def test_a_duplicate_notification_changes_nothing(
    app: MemoryApp, run: Callable[..., Answer]
) -> None:
    """Twice in one batch, and once more: one ingestion, its rows counted once."""
    app.bucket[MONDAY] = rows(0, 60)
    run("arrived")
    once = app.states()

    assert NONE_FAILED == run("duplicate")
    assert once == app.states()
    assert (0, 2) == (app.metrics()["rows_read"], app.metrics()["files_completed"])


def test_the_order_of_notifications_decides_nothing(
    app: MemoryApp, run: Callable[..., Answer]
) -> None:
    """Each version is its own file, whichever is told of first."""
    app.bucket["telemetry/file.csv", "first"] = rows(0, 30)
    app.bucket["telemetry/file.csv", "second"] = rows(10, 60)

    assert NONE_FAILED == run("reordered")
    read = {state.ledger.rows.read for state in app.states()}
    reverse = event_of("reordered")
    reverse["Records"].reverse()
    assert NONE_FAILED == run(reverse)
    assert {30, 50} == read == {state.ledger.rows.read for state in app.states()}
    assert 2 == len(app.states())


def test_every_object_of_a_message_is_taken_in(app: MemoryApp, run: Callable[..., Answer]) -> None:
    """A notification may name several."""
    app.bucket[MONDAY] = rows(0, 30)
    app.bucket["telemetry/tuesday.csv", "t1"] = rows(30, 50)

    assert NONE_FAILED == run("several_records")
    assert 50 == app.metrics()["rows_read"]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("test_notification", "S3 tried whether it may send"),
        ("deleted_object", "object removed; what it brought stays"),
        ("other_event", "event of no concern"),
        ("elsewhere", "object outside of telemetry/"),
        ("empty_object", "empty object"),
        ("oversized", "oversized file"),
        ("arrived", "object is gone"),
    ],
)
def test_what_is_no_file_to_take_in_is_acknowledged_and_logged(
    app: MemoryApp, run: Callable[..., Answer], logged: Logged, event: str, said: str
) -> None:
    """No ingestion begins, and no message comes again."""
    assert NONE_FAILED == run(event)
    assert said == logged.lines()[0]["message"]
    assert [] == app.states()


def test_an_oversized_file_is_told_to_people(app: MemoryApp, run: Callable[..., Answer]) -> None:
    """It will not be looked at again, so somebody has to know."""
    run("oversized")

    assert 1 == app.metrics()["files_refused"]
    ((subject, _),) = app.telemeter.alerts()
    assert "fleetcore: file refused" == subject


def test_malformed_messages_are_left_to_the_dead_letter_queue(
    app: MemoryApp, run: Callable[..., Answer]
) -> None:
    """They fail, one by one, until the queue keeps them for a person."""
    assert failed(1, 2, 3, 4, 5, 6, 7) == run("malformed")
    assert (7, 7) == (app.metrics()["messages_malformed"], app.metrics()["messages_failed"])


def test_a_file_of_the_wrong_type_fails_for_good(
    app: MemoryApp, run: Callable[..., Answer], logged: Logged
) -> None:
    """A picture is acknowledged, logged, measured and told to people."""
    app.bucket["telemetry/photo.png", MONDAY[1]] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 20

    assert NONE_FAILED == run("wrong_type")
    assert ("file failed", "ERROR") == (
        logged.lines()[-1]["message"],
        logged.lines()[-1]["level"],
    )
    assert 1 == app.metrics()["files_failed"]
    assert ["fleetcore: file failed"] == [subject for subject, _ in app.telemeter.alerts()]


def test_a_bad_file_stops_no_other(app: MemoryApp, run: Callable[..., Answer]) -> None:
    """The next object of the batch is taken in."""
    app.bucket[MONDAY] = b"\x00\x01\x02"
    app.bucket["telemetry/tuesday.csv", "t1"] = rows(0, 20)

    assert NONE_FAILED == run("several_records")
    assert (1, 1) == (app.metrics()["files_failed"], app.metrics()["files_completed"])


class _Unavailable:
    """A store that fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Callable[..., None]:
        def fail(*_arguments: object) -> None:
            raise self._error

        return fail


def ailing(app: MemoryApp, port: str, error: Exception) -> MemoryApp:
    """The fleet with one store that fails."""
    stores: dict[str, Any] = {port: _Unavailable(error)}
    return evolve(app, fleet=evolve(app.fleet, **stores))


@pytest.mark.parametrize("port", ["events", "objects", "lanes", "origins"])
@pytest.mark.parametrize("error", [StorageUnavailable("no answer"), Throttled("later")])
def test_what_a_service_fails_at_is_handed_out_again(
    app: MemoryApp, run: Callable[..., Answer], port: str, error: Exception
) -> None:
    """The message fails; when the service is back, the file is taken in."""
    app.bucket[MONDAY] = rows(0, 60)

    assert failed(1) == run("arrived", app=ailing(app, port, error))
    assert () == app.telemeter.alerts()
    assert NONE_FAILED == run("arrived")
    assert [60] == [state.ledger.rows.read for state in app.states()]


def test_a_ledger_that_does_not_balance_is_measured(
    app: MemoryApp, run: Callable[..., Answer]
) -> None:
    """Its message stays for a person, and the metric has an alarm."""
    app.bucket[MONDAY] = rows(0, 60)
    error = UnbalancedLedger("read 2 is not accepted 1")

    assert failed(1) == run("arrived", app=ailing(app, "objects", error))
    assert 1 == app.metrics()["ledger_imbalance"]


def test_a_long_file_goes_on_in_further_runs(app: MemoryApp, run: Callable[..., Answer]) -> None:
    """Each run commits some chunks and sends the next one on; together they read it once."""
    app.bucket[MONDAY] = rows(0, 500)
    event: str | dict[str, Any] = "arrived"
    read, runs = 0, 0
    while True:
        assert NONE_FAILED == run(event, Context(left_ms=10_000, step_ms=400))
        runs += 1
        read += int(app.metrics()["rows_read"])
        if not app.continuations:
            break
        event = event_of("continuation")
        event["Records"][0]["body"] = app.continuations.pop()
    (state,) = app.states()

    assert runs > 3
    assert 500 == read == state.ledger.rows.read
    assert state.chunks[-1].last


class _ChangingApp(MemoryApp):
    """A fleet whose vehicles' metadata is another one whenever it is asked for."""

    def request(self) -> Request:
        """Keeps the metadata, as whoever wires a fleet does."""
        number = sum(1 for _ in self.fleet.objects.keys("sha256-"))
        metadata = Metadata(content_id=f"sha256:{number}", directory=NoVehicles())
        self.fleet.objects.put_if_absent(f"sha256-{number}", b"")
        return evolve(super().request(), metadata=metadata)


def changing(app: MemoryApp) -> MemoryApp:
    """The same fleet, with metadata that changes."""
    return _ChangingApp(**asdict(app, recurse=False))


def test_metadata_that_changes_meanwhile_judges_no_file_that_is_begun(
    app: MemoryApp, run: Callable[..., Answer]
) -> None:
    """A chunk a run, each with other vehicles: one ingestion, under those it began with."""
    app.bucket[MONDAY] = rows(0, 200)
    event = event_of("arrived")
    for _ in range(100):
        assert NONE_FAILED == run(event, Context(left_ms=2_000, step_ms=500), changing(app))
        if not app.continuations:
            break
        event["Records"][0]["body"] = app.continuations.pop()
    (state,) = app.states()

    assert len(app.telemeter.measured()) == len(state.chunks) > 3
    assert 200 == state.ledger.rows.read
    assert state.received is not None
    assert "sha256:0" == state.received.directory


def test_a_notification_that_comes_again_goes_on_with_what_is_begun(
    app: MemoryApp, run: Callable[..., Answer]
) -> None:
    """A run that died told of no continuation; the metadata may have changed since."""
    app.bucket[MONDAY] = rows(0, 200)
    run("arrived", Context(left_ms=2_000, step_ms=500), changing(app))
    app.continuations.clear()

    assert NONE_FAILED == run("arrived", app=changing(app))
    assert [200] == [state.ledger.rows.read for state in app.states()]


def test_an_object_that_is_gone_or_damaged_behind_its_first_chunk_is_told_to_people(
    app: MemoryApp, run: Callable[..., Answer]
) -> None:
    """Part of it is stored: that is a failed file, and no message comes again."""
    event = event_of("continuation")
    for replaced in (None, rows(5, 100)):
        app.bucket[MONDAY] = rows(0, 200)
        run("arrived", Context(left_ms=2_000, step_ms=500))
        event["Records"][0]["body"] = app.continuations.pop()
        del app.bucket[MONDAY]
        if replaced is not None:
            app.bucket[MONDAY] = replaced

        for _ in range(2):
            assert NONE_FAILED == run(event)
            assert 1 == app.metrics()["files_failed"]
            assert "fleetcore: file failed" == app.telemeter.alerts()[-1][0]
        assert app.states()[-1].failure is not None


def test_the_continuation_of_a_superseded_ingestion_is_acknowledged(
    app: MemoryApp, run: Callable[..., Answer], logged: Logged
) -> None:
    """The other ingestion of the file has messages of its own."""
    app.bucket[MONDAY] = rows(0, 200)
    run("arrived", Context(left_ms=2_000, step_ms=500))
    event = event_of("continuation")
    event["Records"][0]["body"] = app.continuations.pop()
    (state,) = app.states()
    assert state.received is not None
    IngestionStream(app.fleet.events, state.received.ingestion).carry_out(Supersede(by="00-1"))

    assert NONE_FAILED == run(event)
    assert "file was superseded" == logged.lines()[-1]["message"]
    assert (0, ()) == (app.metrics()["files_failed"], app.telemeter.alerts())


def test_a_message_that_fails_is_put_off_the_longer_the_more_often(
    app: MemoryApp, run: Callable[..., Answer]
) -> None:
    """By 30 s, 5 min, then 15 min; what is acknowledged is not."""
    app.bucket[MONDAY] = rows(0, 60)
    event = event_of("arrived")
    for tries in range(1, 5):
        event["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(tries)
        run(event, app=ailing(app, "objects", StorageUnavailable("no answer")))
    run(event)

    assert [("receipt-1", each) for each in (30, 300, 900, 900)] == app.hidden


def test_a_queue_that_cannot_hide_changes_nothing(
    app: MemoryApp, run: Callable[..., Answer]
) -> None:
    """The message comes again when its lease is over."""
    refusing = evolve(app, hidden=_Refusing(StorageUnavailable("no answer")))

    assert failed(1, 2, 3, 4, 5, 6, 7) == run("malformed", app=refusing)


def test_a_run_stops_with_time_to_spare(app: MemoryApp, run: Callable[..., Answer]) -> None:
    """Behind its last chunk there is more than a second left, and time for another chunk."""
    app.bucket[MONDAY] = rows(0, 200)
    context = Context(left_ms=10_000, step_ms=400)
    run("arrived", context)

    assert 1 == app.metrics()["files_continued"]
    assert 1_000 < context.left_ms < 3_500


def test_a_message_is_kept_where_its_continuation_cannot_be_sent(
    app: MemoryApp, run: Callable[..., Answer]
) -> None:
    """Without the queue the file comes again by the queue's own means, and still goes on."""
    app.bucket[MONDAY] = rows(0, 60)
    for error in (StorageUnavailable("no answer"), InvalidConfiguration("not set")):
        refusing = evolve(app, continuations=_Refusing(error))
        assert failed(1) == run("arrived", Context(10_000, 1_500), refusing)
    assert NONE_FAILED == run("arrived")
    assert [60] == [state.ledger.rows.read for state in app.states()]


class _Refusing(list[Any]):
    """A queue that takes no message."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def append(self, _message: object) -> None:
        raise self._error


def test_trouble_without_progress_is_no_continuation(
    app: MemoryApp, run: Callable[..., Answer]
) -> None:
    """A run that committed nothing would go on for ever."""
    app.bucket[MONDAY] = rows(0, 60)
    error = Throttled("no time")

    assert failed(1) == run("arrived", Context(left_ms=1_000), ailing(app, "objects", error))
    assert [] == app.continuations


class _SlowLanes(MemoryLanes):
    """Lanes that fail from the n-th call on."""

    def __init__(self, calls: int) -> None:
        super().__init__(MemoryClock(0))
        self._calls = calls

    def send(self, messages: Sequence[LaneMessage]) -> None:
        self._calls -= 1
        if self._calls < 0:
            raise Throttled("no time is left")
        super().send(messages)


def test_trouble_behind_a_chunk_at_the_end_of_the_time_goes_on(
    app: MemoryApp, run: Callable[..., Answer]
) -> None:
    """A service that was slow costs no try, as long as chunks are committed."""
    app.bucket[MONDAY] = rows(0, 60)
    slow = evolve(app, fleet=evolve(app.fleet, lanes=_SlowLanes(2)))

    assert failed(1) == run("arrived", Context(900_000), slow)
    slow = evolve(app, fleet=evolve(app.fleet, lanes=_SlowLanes(2)))
    assert NONE_FAILED == run("arrived", Context(3_000, 800), slow)
    assert 1 == len(app.continuations)


def test_no_further_file_is_begun_at_the_end_of_the_time(
    app: MemoryApp, run: Callable[..., Answer]
) -> None:
    """The second message of a batch comes again, unharmed."""
    app.bucket["telemetry/file.csv", "second"] = rows(10, 20)
    app.bucket["telemetry/file.csv", "first"] = rows(0, 10)

    assert failed(2) == run("reordered", Context(left_ms=4_900))
    assert 1 == len(app.states())


def test_logs_and_alerts_name_neither_file_nor_vehicle_nor_place(
    app: MemoryApp, run: Callable[..., Answer], logged: Logged
) -> None:
    """Whatever happens, and whatever the errors of services say."""
    event = event_of("arrived")
    event["Records"][0]["body"] = event["Records"][0]["body"].replace("monday", VEHICLE)
    key = (f"telemetry/{VEHICLE}.csv", MONDAY[1])
    run(event)
    for content in (rows(0, 30), b"\x00", rows(0, 30).split(b"\n", 1)[1], VEHICLE.encode()):
        app.bucket[key] = content
        run(event, app=ailing(app, "objects", _timeout(key[0])))
        run(event)
    text = logged.text() + json.dumps(app.telemeter.alerts())

    assert {"file taken in", "file failed", "service failed", "object is gone"} <= {
        line["message"] for line in logged.lines()
    }
    assert VEHICLE not in text
    assert "40.25" not in text


def _timeout(key: str) -> StorageUnavailable:
    """What a call of S3 ends in that takes too long."""
    sdk = ReadTimeoutError(endpoint_url=f"https://fleet.s3.amazonaws.com/{quote(key)}")
    error = StorageUnavailable(f"S3: s3://fleet/{key}: ReadTimeoutError: {sdk} (tries: 5)")
    error.__cause__ = sdk
    return error


def test_no_encoding_of_a_name_is_logged(
    app: MemoryApp, run: Callable[..., Answer], logged: Logged
) -> None:
    """The SDK's errors quote URLs; logged are the service and the class of each cause."""
    key = "telemetry/driver=Müller Anna.csv"
    event = event_of("arrived")
    body = event["Records"][0]["body"]
    event["Records"][0]["body"] = body.replace("telemetry/monday.csv", quote_plus(key))
    app.bucket[key, MONDAY[1]] = rows(0, 60)
    run(event, app=ailing(app, "objects", _timeout(key)))
    (line,) = logged.lines()

    assert ("service failed", "S3", "StorageUnavailable < ReadTimeoutError") == (
        line["message"],
        line["dependency"],
        line["reason"],
    )
    for name in ("ller", "Anna", "driver"):
        assert name not in logged.text()


def test_log_lines_are_correlated(
    app: MemoryApp, run: Callable[..., Answer], logged: Logged
) -> None:
    """By S3's request of the upload, or the message; with the trace of who sent it."""
    run("arrived")
    run("test_notification")
    gone, trial = logged.lines()

    assert "C3D13FE58DE4C810" == gone["correlation_id"]
    assert "00000000-0000-4000-8000-000000000001" == trial["correlation_id"]
    assert gone["sender"].startswith("Root=1-5759e988-")


def test_an_event_of_no_queue_is_refused(run: Callable[..., Answer]) -> None:
    """The function is mapped to something else."""
    with pytest.raises(InvalidInput, match="none of SQS"):
        run({"Records": [{"eventSource": "aws:kinesis"}]})
    with pytest.raises(InvalidInput, match="none of SQS"):
        run({"detail": {}})
