"""What Lambda hands over of a queue: records, and the answer which of them failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias, TypedDict

from attrs import frozen

from fleetcore.errors import InvalidInput

Event: TypeAlias = Mapping[str, object]
"""An invocation's event, as Lambda parsed its JSON."""


@frozen(kw_only=True, slots=True)
class Record:
    """A message of a queue (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS").

    `tries` counts how often it was handed out, `sent_at_ms` is when it came to the queue (epoch
    ms). `trace` is the X-Ray header of who sent it: `Root=1-...`.
    """

    message_id: str
    receipt: str
    body: str
    tries: int
    sent_at_ms: int
    trace: str | None


def records_of(event: Event) -> tuple[Record, ...]:
    """The records of an event of SQS. Raises `InvalidInput` for any other event."""
    records = event.get("Records")
    if not isinstance(records, list):
        raise InvalidInput(
            "the event is none of SQS: it has no Records; map a queue to this Lambda"
        )
    return tuple(map(_record, records))


def _record(record: object) -> Record:
    match record:
        case {
            "eventSource": "aws:sqs",
            "messageId": str(message_id),
            "receiptHandle": str(receipt),
            "body": str(body),
            "attributes": {
                "ApproximateReceiveCount": str(tries),
                "SentTimestamp": str(sent_at_ms),
                **others,
            },
        }:
            trace = others.get("AWSTraceHeader")
            return Record(
                message_id=message_id,
                receipt=receipt,
                body=body,
                tries=int(tries),
                sent_at_ms=int(sent_at_ms),
                trace=trace if isinstance(trace, str) else None,
            )
        case _:
            raise InvalidInput("a record of the event is none of SQS; map a queue to this Lambda")


class _Failure(TypedDict):
    itemIdentifier: str


class Answer(TypedDict):
    """Which messages are to be handed out again; Lambda takes all others off the queue.

    The event source mapping has to be told so: `ReportBatchItemFailures`.
    """

    batchItemFailures: list[_Failure]


def answer(failed: Iterable[str]) -> Answer:
    """The answer that names these message ids, each once."""
    return {"batchItemFailures": [{"itemIdentifier": each} for each in dict.fromkeys(failed)]}
