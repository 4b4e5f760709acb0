"""One queue: batches of requests, and what fails of a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar

from attrs import frozen
from botocore.exceptions import ClientError

from fleetcore_adapters.aws.aws_errors import code_of, translated
from fleetcore_adapters.aws.clients import Clients
from fleetcore_adapters.aws.sqs.messages import MAX_BYTES
from fleetcore_adapters.resilience.policy import Policy

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import (
        BatchResultErrorEntryTypeDef,
        MessageTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

E = TypeVar("E")

BATCH_ENTRIES: Final = 10
"""What SQS takes, and hands out, in one request."""

LONGEST_HIDE_S: Final = 43_200
"""SQS hides a message for at most twelve hours from when it was handed out."""

_ATTRIBUTES: Final = ("ApproximateReceiveCount", "SentTimestamp")
_OVER: Final = frozenset(
    {
        *("InvalidParameterValue", "InvalidParameterValueException", "MessageNotInflight"),
        "ReceiptHandleIsInvalid",
    }
)
"""What SQS says of the receipt of a delivery that was settled, expired, or handed out again."""

_CANNOT: Final = frozenset({"InvalidAction", "UnsupportedOperation"})
"""A service, or a stand-in for it, that moves no messages."""


@frozen(kw_only=True, slots=True)
class Outgoing:
    """A message to send; a standard queue has no use for the ids."""

    body: str
    group_id: str
    deduplication_id: str


@frozen(kw_only=True, slots=True)
class Received:
    """A message as SQS handed it out; `sent_at_ms` is when it came to the queue."""

    message_id: str
    body: str
    receipt: str
    receive_count: int
    sent_at_ms: int


class Queue:
    """A FIFO or standard queue, told by the end of its URL.

    Requests go through the policy; of a batch only what failed is asked for again. Methods raise
    `StorageUnavailable`.
    """

    def __init__(self, clients: Clients, url: str, policy: Policy) -> None:
        self._clients = clients
        self._url = url
        self._policy = policy
        self._name = url.rpartition("/")[2]

    def send(self, messages: Iterable[Outgoing]) -> None:
        """Send all: at most 10 messages and 256 KiB a request. Needs `sqs:SendMessage`."""
        for batch in _sized(messages):
            self._each(
                batch,
                lambda numbered: self._clients.sqs.send_message_batch(
                    QueueUrl=self._url,
                    Entries=[self._entry(number, each) for number, each in numbered],
                ).get("Failed", []),
            )

    def _entry(self, number: str, message: Outgoing) -> SendMessageBatchRequestEntryTypeDef:
        if not self._url.endswith(".fifo"):
            return {"Id": number, "MessageBody": message.body}
        return {
            "Id": number,
            "MessageBody": message.body,
            "MessageGroupId": message.group_id,
            "MessageDeduplicationId": message.deduplication_id,
        }

    def receive(self, limit: int, *, lease_s: int, wait_s: int = 0) -> Iterator[Received]:
        """At most `limit` messages, request by request until they are enough or nothing comes."""
        left = limit
        while left > 0 and (some := self.receive_some(left, lease_s=lease_s, wait_s=wait_s)):
            yield from some
            left -= len(some)

    def receive_some(self, limit: int, *, lease_s: int, wait_s: int = 0) -> list[Received]:
        """At most `limit` messages, and 10; others do not see them for `lease_s`.

        One is waited for as long as `wait_s`; 0 asks some of the service's servers only, and may
        miss a message. Needs `sqs:ReceiveMessage`.
        """
        return self._policy.call(
            partial(self._some, min(limit, BATCH_ENTRIES), lease_s=lease_s, wait_s=wait_s)
        )

    def _some(self, places: int, *, lease_s: int, wait_s: int) -> list[Received]:
        with translated(f"the queue {self._name}"):
            response = self._clients.sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=places,
                VisibilityTimeout=lease_s,
                WaitTimeSeconds=wait_s,
                MessageSystemAttributeNames=_ATTRIBUTES,
            )
        return [_received(each) for each in response.get("Messages", [])]

    def delete(self, receipts: Iterable[str]) -> list[str]:
        """Take messages off; a delivery that is over is nothing. Needs `sqs:DeleteMessage`.

        The receipts of which SQS says that they are over; a standard queue may not say it.
        """
        over: list[str] = []
        for batch in _batches(receipts):
            over += self._each(
                batch,
                lambda numbered: self._clients.sqs.delete_message_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": number, "ReceiptHandle": receipt} for number, receipt in numbered
                    ],
                ).get("Failed", []),
                nothing=_OVER,
            )
        return over

    def hide(self, receipts: Iterable[str], seconds: int) -> None:
        """Let none see these for so many seconds; a delivery that is over is nothing.

        Needs `sqs:ChangeMessageVisibility`.
        """
        timeout_s = min(max(seconds, 0), LONGEST_HIDE_S)
        for batch in _batches(receipts):
            self._each(
                batch,
                lambda numbered: self._clients.sqs.change_message_visibility_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": number, "ReceiptHandle": receipt, "VisibilityTimeout": timeout_s}
                        for number, receipt in numbered
                    ],
                ).get("Failed", []),
                nothing=_OVER,
            )

    def move_to(self, other: Queue, rate_per_s: int) -> bool:
        """Begin to move all messages, so many a second; False where the service cannot.

        Where to is said for each task: what was sent to a dead-letter queue, and not moved there,
        has no queue of its own to go back to. Needs `sqs:GetQueueAttributes`, here
        `sqs:StartMessageMoveTask`, `sqs:ReceiveMessage` and `sqs:DeleteMessage`, there
        `sqs:SendMessage`.
        """
        source, destination = self.arn(), other.arn()

        def move() -> bool:
            with translated(f"the queue {self._name}"):
                try:
                    self._clients.sqs.start_message_move_task(
                        SourceArn=source,
                        DestinationArn=destination,
                        MaxNumberOfMessagesPerSecond=rate_per_s,
                    )
                except ClientError as error:
                    if code_of(error) in _CANNOT:
                        return False
                    raise
                return True

        return self._policy.call(move)

    def arn(self) -> str:
        """What policies call the queue. Needs `sqs:GetQueueAttributes`."""

        def look() -> str:
            with translated(f"the queue {self._name}"):
                response = self._clients.sqs.get_queue_attributes(
                    QueueUrl=self._url, AttributeNames=["QueueArn"]
                )
            return response["Attributes"]["QueueArn"]

        return self._policy.call(look)

    def _each(
        self,
        batch: Sequence[E],
        request: Callable[[Sequence[tuple[str, E]]], Sequence[BatchResultErrorEntryTypeDef]],
        *,
        nothing: frozenset[str] = frozenset(),
    ) -> list[E]:
        """Ask for a batch until nothing of it fails; what failed with a code that is `nothing`."""
        waiting = {str(number): each for number, each in enumerate(batch)}
        ended: list[E] = []

        def ask() -> None:
            with translated(f"the queue {self._name}"):
                answers = request(list(waiting.items()))
                failed = {each["Id"]: each for each in answers if _code_of(each) not in nothing}
                ended.extend(waiting[each["Id"]] for each in answers if each["Id"] not in failed)
                for number in waiting.keys() - failed.keys():
                    del waiting[number]
                if failed:
                    raise _error_of(next(iter(failed.values())))

        self._policy.call(ask)
        return ended


def _received(message: MessageTypeDef) -> Received:
    """What the SDK calls optional is there: SQS says all that it is asked for."""
    attributes = message.get("Attributes", {})
    return Received(
        message_id=message.get("MessageId", ""),
        body=message.get("Body", ""),
        receipt=message.get("ReceiptHandle", ""),
        receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
        sent_at_ms=int(attributes.get("SentTimestamp", 0)),
    )


def _code_of(failed: BatchResultErrorEntryTypeDef) -> str:
    return code_of(_error_of(failed))


def _error_of(failed: BatchResultErrorEntryTypeDef) -> ClientError:
    """What the SDK would have raised of a request for this entry alone."""
    status = HTTPStatus.BAD_REQUEST if failed["SenderFault"] else HTTPStatus.INTERNAL_SERVER_ERROR
    return ClientError(
        {
            "Error": {"Code": failed["Code"], "Message": failed.get("Message", "")},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "a batch",
    )


def _batches(receipts: Iterable[str]) -> Iterator[list[str]]:
    """Each receipt once."""
    distinct = list(dict.fromkeys(receipts))
    for start in range(0, len(distinct), BATCH_ENTRIES):
        yield distinct[start : start + BATCH_ENTRIES]


def _sized(messages: Iterable[Outgoing]) -> Iterator[list[Outgoing]]:
    batch: list[Outgoing] = []
    size_bytes = 0
    for message in messages:
        more_bytes = len(message.body.encode())
        if batch and (len(batch) == BATCH_ENTRIES or size_bytes + more_bytes > MAX_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(message)
        size_bytes += more_bytes
    if batch:
        yield batch
