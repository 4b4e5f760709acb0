"""SQS as a test wants it to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

from attrs import define, field
from botocore.exceptions import ClientError, EndpointConnectionError

Entry: TypeAlias = dict[str, str | int]


def failed(entry: Mapping[str, str | int], code: str, *, sender_fault: bool = False) -> Entry:
    """What SQS says of an entry of a batch that it did not take."""
    return {"Id": entry["Id"], "Code": code, "Message": "", "SenderFault": sender_fault}


@define
class ScriptedSqs:
    """Answers as it is told, and keeps what it was asked.

    `refusals` says of each batch what of it fails, by turns; nothing when they are used up.
    `messages` are handed out and not again; after `outage_after` receives there is no network.
    `move_refusal` is the code of what it says to a task that moves messages.
    """

    refusals: list[Callable[[list[Entry]], list[Entry]]] = field(factory=list)
    messages: list[Entry] = field(factory=list)
    outage_after: int = 1_000_000
    move_refusal: str = ""
    batches: list[list[Entry]] = field(factory=list)
    waits_s: list[int] = field(factory=list)
    moves: list[dict[str, object]] = field(factory=list)

    def send_message_batch(self, **request: object) -> object:
        """Take a batch, or what it is told to of it."""
        entries = cast("list[Entry]", request["Entries"])
        self.batches.append(entries)
        return {"Failed": self.refusals.pop(0)(entries) if self.refusals else []}

    delete_message_batch = send_message_batch
    change_message_visibility_batch = send_message_batch

    def receive_message(self, **request: object) -> object:
        """Hand out some of the messages."""
        places = cast("int", request["MaxNumberOfMessages"])
        if len(self.waits_s) >= self.outage_after:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")
        self.waits_s.append(cast("int", request["WaitTimeSeconds"]))
        some = self.messages[:places]
        del self.messages[:places]
        return {"Messages": [_handed_out(number, each) for number, each in enumerate(some)]}

    def get_queue_attributes(self, **request: object) -> object:
        """Tell the name of a queue."""
        return {"Attributes": {"QueueArn": f"arn of {request['QueueUrl']}"}}

    def start_message_move_task(self, **request: object) -> object:
        """Begin a task, or refuse to."""
        self.moves.append(request)
        if self.move_refusal:
            raise ClientError({"Error": {"Code": self.move_refusal}}, "StartMessageMoveTask")
        return {}


def _handed_out(number: int, message: Entry) -> dict[str, object]:
    return {
        "MessageId": f"{number}-{message['Body']}",
        "ReceiptHandle": f"receipt of {message['Body']}",
        "Attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1700000000000"},
        **message,
    }
