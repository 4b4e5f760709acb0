"""`store_events`: what is stored is acknowledged, what fails is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve
from tests.unit.entrypoints.lambdas.conftest import VEHICLE, Context, Logged, MemoryApp, rows

from fleetcore.application.ingesting import ingest
from fleetcore.application.storing import BACKOFF_S, TRIES
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.parts import Part
from fleetcore.errors import StorageUnavailable, UnbalancedLedger
from fleetcore.ports.lanes import Delivery
from fleetcore.ports.location_log import LocationLog
from fleetcore_adapters.aws.sqs.messages import message_body
from fleetcore_adapters.memory.lanes import MemoryLanes
from fleetcore_adapters.memory.source import BytesSource
from fleetcore_entrypoints.lambdas.records import Answer
from fleetcore_entrypoints.lambdas.store_events import METRICS, store_all
from fleetcore_entrypoints.lambdas.tally import TalliedLog

NONE_FAILED: Answer = {"batchItemFailures": []}


def event_with(deliveries: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    """An event of SQS with these bodies, receipts and tries."""
    return {
        "Records": [
            {
                "eventSource": "aws:sqs",
                "messageId": f"message-{receipt}",
                "receiptHandle": receipt,
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": str(tries),
                    "SentTimestamp": "1749999940000",
                    "MessageGroupId": "group",
                    "AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793",
                },
            }
            for body, receipt, tries in deliveries
        ]
    }


def handed_out(app: MemoryApp) -> list[Delivery]:
    """What waits on the lanes now."""
    return list(app.fleet.lanes.receive(100))


def event_of(deliveries: Sequence[Delivery]) -> dict[str, Any]:
    """The event in which Lambda hands these over."""
    return event_with(
        [(message_body(each.message), each.receipt, each.tries) for each in deliveries]
    )


@pytest.fixture(name="filled")
def _filled(app: MemoryApp) -> MemoryApp:
    """A fleet whose lanes hold the parts of a file."""
    source = BytesSource("file.csv", rows(0, 60))
    ingest(app.fleet, source, app.request(), stores=False)
    return app


def failed(deliveries: Sequence[Delivery]) -> Answer:
    """The answer that names these."""
    return {
        "batchItemFailures": [{"itemIdentifier": f"message-{each.receipt}"} for each in deliveries]
    }


class _Log(TalliedLog):
    """A log that fails on parts whose key holds a text."""

    def __init__(self, log: LocationLog, text: str, error: Exception) -> None:
        super().__init__(log)
        self._text = text
        self._error = error

    def append(self, parts: Sequence[Part]) -> tuple[StoreOutcome, ...]:
        if any(self._text in part.key for part in parts):
            raise self._error
        return super().append(parts)


def ailing(app: MemoryApp, text: str, error: Exception | None = None) -> MemoryApp:
    """The fleet with a log that fails."""
    log = _Log(app.fleet.log, text, error or StorageUnavailable("the log table: no answer"))
    return evolve(app, fleet=evolve(app.fleet, log=log))


def test_parts_are_stored_and_acknowledged(filled: MemoryApp, logged: Logged) -> None:
    """All rows are in the log, and the ingestion is complete."""
    answer = store_all(event_of(handed_out(filled)), Context(), filled, logged.log)
    (state,) = filled.states()

    assert NONE_FAILED == answer
    assert "completed" == state.status
    assert state.ledger.rows.to_store == state.ledger.store.stored > 0


def test_outcomes_are_measured(filled: MemoryApp, logged: Logged) -> None:
    """Rows by what the log said of them, under the function's name."""
    deliveries = handed_out(filled)
    store_all(event_of(deliveries), Context(), filled, logged.log)
    (state,) = filled.states()
    (measured,) = filled.telemeter.measured()
    metrics = filled.metrics()

    assert {"function": "function"} == measured.dimensions
    assert {*METRICS, "duration_ms", "memory_mb", "queue_age_s"} == metrics.keys()
    assert (state.ledger.store.stored, len(deliveries), 0, 60.0) == (
        metrics["rows_stored"],
        metrics["parts_stored"],
        metrics["dead_letters"],
        metrics["queue_age_s"],
    )


def test_messages_twice_and_in_any_order_change_nothing(filled: MemoryApp, logged: Logged) -> None:
    """A redelivered part has its first outcome."""
    event = event_of(handed_out(filled))
    store_all(event, Context(), filled, logged.log)
    once = filled.states()
    event["Records"] = [*reversed(event["Records"]), *event["Records"]]

    assert NONE_FAILED == store_all(event, Context(), filled, logged.log)
    assert once == filled.states()


def test_only_what_failed_is_named(filled: MemoryApp, logged: Logged) -> None:
    """Others of the batch are stored; each part is a group of its own on the FIFO queue."""
    deliveries = handed_out(filled)
    bad = [each for each in deliveries if "/00001-" in each.message.part.key]
    answer = store_all(event_of(deliveries), Context(), ailing(filled, "/00001-"), logged.log)
    (state,) = filled.states()

    assert 0 < len(bad) < len(deliveries)
    assert failed(bad) == answer
    assert sum(each.message.part.rows for each in bad) == state.ledger.pending


def test_what_failed_is_put_off(filled: MemoryApp, logged: Logged) -> None:
    """It is handed out again when its back-off is over, not before."""
    deliveries = handed_out(filled)
    store_all(event_of(deliveries), Context(), ailing(filled, ""), logged.log)

    filled.clock.advance(BACKOFF_S[0] * 1000 - 1)
    assert [] == handed_out(filled)
    filled.clock.advance(1)
    assert len(deliveries) == len(handed_out(filled))


def test_the_last_try_makes_dead_letters_and_tells_people(
    filled: MemoryApp, logged: Logged
) -> None:
    """They are acknowledged, counted, and kept for a redrive."""
    deliveries = [evolve(each, tries=TRIES) for each in handed_out(filled)]
    answer = store_all(event_of(deliveries), Context(), ailing(filled, ""), logged.log)
    ((subject, message),) = filled.telemeter.alerts()
    metrics = filled.metrics()

    assert NONE_FAILED == answer
    assert len(deliveries) == len(filled.fleet.dead_letters.read()) == metrics["dead_letters"]
    assert 0 == metrics["parts_stored"]
    assert filled.states()[0].ledger.dead_lettered == metrics["rows_dead_lettered"] > 0
    assert f"fleetcore: {len(deliveries)} dead letters" == subject
    assert "storage-unavailable" in message


def test_where_nothing_can_be_put_off_the_lease_decides(filled: MemoryApp, logged: Logged) -> None:
    """A queue that does not answer either: what failed is named all the same."""

    class Mute(MemoryLanes):
        def hide(self, deliveries: Sequence[Delivery], seconds: int) -> None:
            raise StorageUnavailable("the queue: no answer")

    deliveries = handed_out(filled)
    bad = [each for each in deliveries if "/00001-" in each.message.part.key]
    app = ailing(filled, "/00001-")
    app = evolve(app, fleet=evolve(app.fleet, lanes=Mute(filled.clock)))

    assert failed(bad) == store_all(event_of(deliveries), Context(), app, logged.log)


@pytest.mark.parametrize("body", ["{", "[]", '{"v": 2}', '{"v": 1, "ingestion": "1a#1"}'])
def test_a_message_that_cannot_be_read_fails_alone(
    filled: MemoryApp, logged: Logged, body: str
) -> None:
    """The queue's own dead-letter queue keeps it in the end; all others are stored."""
    deliveries = handed_out(filled)
    event = event_of(deliveries)
    event["Records"].insert(1, event_with([(body, "bad", 1)])["Records"][0])
    answer = store_all(event, Context(), filled, logged.log)

    assert {"batchItemFailures": [{"itemIdentifier": "message-bad"}]} == answer
    assert "completed" == filled.states()[0].status
    assert (1, len(deliveries)) == (
        filled.metrics()["messages_malformed"],
        filled.metrics()["parts_stored"],
    )


def test_a_dead_letter_that_was_moved_back_is_a_message(filled: MemoryApp, logged: Logged) -> None:
    """What stands under `dead` is for people."""
    (first, *_) = handed_out(filled)
    body = message_body(first.message)[:-1] + ',"dead":{"code":"corrupt-object"}}'

    assert NONE_FAILED == store_all(
        event_with([(body, first.receipt, 1)]), Context(), filled, logged.log
    )


def test_a_ledger_that_does_not_balance_is_measured(filled: MemoryApp, logged: Logged) -> None:
    """It fails, and the metric has an alarm."""
    deliveries = handed_out(filled)
    app = ailing(filled, "", UnbalancedLedger("accepted 1 is not stored 2"))
    store_all(event_of(deliveries), Context(), app, logged.log)

    assert len(deliveries) == filled.metrics()["ledger_imbalance"]


def test_logs_name_neither_vehicle_nor_place(filled: MemoryApp, logged: Logged) -> None:
    """Parts are named, and what became of them."""
    deliveries = handed_out(filled)
    store_all(event_of(deliveries), Context(), ailing(filled, "/00001-"), logged.log)
    lines = logged.lines()

    assert {"message dealt with", "message failed"} == {line["message"] for line in lines}
    assert all(line["correlation_id"].startswith("message-") for line in lines)
    assert all(line["sender"].startswith("Root=1-5759e988-") for line in lines)
    assert VEHICLE not in logged.text()
    assert "40.25" not in logged.text()


def test_no_message_no_work(app: MemoryApp, logged: Logged) -> None:
    """An empty batch is answered."""
    assert NONE_FAILED == store_all({"Records": []}, Context(), app, logged.log)
