"""Stores the parts that wait on the lanes: messages of the moving and of the idle queue.

Of a FIFO queue Lambda would have every message behind a failed one fail too, lest one overtakes
another of its group. Each part is a group of its own here, so nothing can be overtaken, and only
what failed is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aws_lambda_powertools.logging import Logger

from fleetcore.application.storing import store
from fleetcore.domain.parts import DeadLetter
from fleetcore.errors import (
    FleetcoreError,
    StorageUnavailable,
    UnbalancedLedger,
    UndecodableEvent,
)
from fleetcore.ports.lanes import Delivery
from fleetcore_adapters.aws.sqs.messages import delivery_of
from fleetcore_entrypoints.lambdas.app import DEADLINE, Context, StoringApp, wired
from fleetcore_entrypoints.lambdas.records import Answer, Event, Record, answer, records_of
from fleetcore_entrypoints.lambdas.tally import tallied
from fleetcore_entrypoints.lambdas.telling import Meter, logger, told

TO_STORE_S: Final = 60.0
"""With less left, no further part of the same batch is begun."""

METRICS: Final = (
    *("rows_stored", "rows_already_stored", "rows_conflicting", "rows_dead_lettered"),
    *("parts_stored", "dead_letters", "messages_failed", "messages_malformed", "ledger_imbalance"),
)
"""What one run counts: rows as the log told of them, `dead_letters` the letters it wrote."""


def handler(event: Event, context: Context) -> Answer:
    """Lambda's entry. Raises `InvalidInput` for an event of no queue, or a wrong environment."""
    DEADLINE.begin(context)
    return told(_ran)(event, context)


def _ran(event: Event, context: Context) -> Answer:
    return store_all(event, context, wired(), logger())


def store_all(event: Event, context: Context, app: StoringApp, log: Logger) -> Answer:
    """Store what the messages name; the answer names those that have to be handed out again.

    The queue hands them out when their back-off is over, and `store` gives up what failed too
    often. A message that cannot be read fails until the queue's own dead-letter queue keeps it.
    """
    meter = Meter(context.function_name, METRICS)
    records = records_of(event)
    deliveries: dict[str, Delivery] = {}
    errors: dict[str, FleetcoreError] = {}
    for record in records:
        try:
            delivery = delivery_of(record.body, record.receipt, record.tries)
        except UndecodableEvent as error:
            meter.counts["messages_malformed"] += 1
            errors[record.message_id] = error
        else:
            deliveries[record.message_id] = delivery
    fleet, tallied_log, letters = tallied(app.fleet)
    by_receipt = store(
        fleet,
        list(deliveries.values()),
        lambda: context.get_remaining_time_in_millis() < TO_STORE_S * 1000,
    )
    errors |= {
        message_id: by_receipt[delivery.receipt]
        for message_id, delivery in deliveries.items()
        if delivery.receipt in by_receipt
    }
    for record in records:
        _log(log, record, deliveries.get(record.message_id), errors.get(record.message_id))
    meter.counts.update(
        rows_stored=tallied_log.outcome.stored,
        rows_already_stored=tallied_log.outcome.already_stored,
        rows_conflicting=tallied_log.outcome.conflicting,
        rows_dead_lettered=sum(len(each.rows) or each.message.part.rows for each in letters.buried),
        parts_stored=len(records) - len(errors) - len(letters.buried),
        dead_letters=len(letters.buried),
        messages_failed=len(errors),
        ledger_imbalance=sum(isinstance(each, UnbalancedLedger) for each in errors.values()),
    )
    meter.tell(app.telemeter, records, fleet.clock.now_ms())
    if letters.buried:
        app.telemeter.alert(f"fleetcore: {len(letters.buried)} dead letters", _told(letters.buried))
    return answer(errors)


def _log(
    log: Logger, record: Record, delivery: Delivery | None, error: FleetcoreError | None
) -> None:
    log.set_correlation_id(record.message_id)
    facts: dict[str, str | int | None] = {"sender": record.trace, "tries": record.tries}
    if delivery is not None:
        message = delivery.message
        facts |= {"ingestion": message.ingestion, "part": message.part.key}
        facts |= {"lane": message.part.lane, "rows": message.part.rows, "attempt": message.attempt}
    if error is None:
        log.info("message dealt with", extra=facts)
        return
    # Other errors may quote a row.
    reason = str(error) if isinstance(error, StorageUnavailable) else None
    log.warning("message failed", extra={**facts, "code": error.code, "reason": reason})


def _told(letters: Sequence[DeadLetter]) -> str:
    lines = [f"{each.message.ingestion}: {each.message.part.key} ({each.code})" for each in letters]
    return "\n".join(["See `fleetcore dead-letters list`. Ingestion: part (code)", *lines])
