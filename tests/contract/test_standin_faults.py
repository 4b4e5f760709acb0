"""Each stand-in has the faults that are declared of it, and no others that are known."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args
from uuid import uuid4

import pytest
from attrs import frozen
from botocore.exceptions import ClientError
from tests.contract.harness.harness import Rows
from tests.standins import ministack, moto
from tests.standins.aws import clients_at
from tests.standins.dynamodb_local import running_dynamodb_local
from tests.standins.localstack import running_localstack
from tests.standins.server import Endpoint
from tests.standins.shared import shared

from fleetcore.testing.contracts.capabilities import Capability
from fleetcore_adapters.aws.clients import Clients

Service: TypeAlias = Literal["dynamodb", "s3", "sqs"]
PAGE: Final = Path(__file__).parents[2] / "docs" / "stand-ins.md"
MOVED_WITHIN_S: Final = 10.0


@frozen(slots=True)
class StandIn:
    """A stand-in, what of AWS it is asked for, and what is declared of it."""

    open: Callable[[], AbstractContextManager[Clients]]
    serves: frozenset[Service]
    lacks: frozenset[Capability] = frozenset()


@contextmanager
def _clients_of(run: Callable[[], AbstractContextManager[Endpoint]]) -> Iterator[Clients]:
    yield clients_at(shared(run).http)


STANDINS: Final[Mapping[str, StandIn]] = {
    "local": StandIn(partial(_clients_of, running_dynamodb_local), frozenset({"dynamodb"})),
    "localstack": StandIn(partial(_clients_of, running_localstack), frozenset({"s3", "sqs"})),
    "ministack": StandIn(
        partial(_clients_of, ministack.running_ministack),
        frozenset({"dynamodb", "s3", "sqs"}),
        ministack.LACKS,
    ),
    "moto": StandIn(moto.running_moto, frozenset({"dynamodb", "s3", "sqs"}), moto.LACKS),
}
"""By what it is called in the names of rows."""


def _name() -> str:
    return f"probe-{uuid4().hex}"


def _table(clients: Clients) -> str:
    name = _name()
    clients.dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def _queue(clients: Clients) -> tuple[str, str]:
    """URL and ARN of a new FIFO queue."""
    url = clients.sqs.create_queue(QueueName=f"{_name()}.fifo", Attributes={"FifoQueue": "true"})[
        "QueueUrl"
    ]
    answer = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, answer["Attributes"]["QueueArn"]


def refuses_long_batches(clients: Clients) -> bool:
    """BatchWriteItem takes at most 25 requests."""
    table = _table(clients)
    try:
        clients.dynamodb.batch_write_item(
            RequestItems={
                table: [{"PutRequest": {"Item": {"pk": {"S": str(n)}}}} for n in range(26)]
            }
        )
    except ClientError:
        return True
    return False


def does_a_transaction_once(clients: Clients) -> bool:
    """TransactWriteItems with the ClientRequestToken of an earlier one changes nothing."""
    table = _table(clients)
    for _ in range(2):
        clients.dynamodb.transact_write_items(
            ClientRequestToken="the-same",
            TransactItems=[
                {
                    "Update": {
                        "TableName": table,
                        "Key": {"pk": {"S": "counter"}},
                        "UpdateExpression": "ADD times :one",
                        "ExpressionAttributeValues": {":one": {"N": "1"}},
                    }
                }
            ],
        )
    answer = clients.dynamodb.get_item(
        TableName=table, Key={"pk": {"S": "counter"}}, ConsistentRead=True
    )
    return answer.get("Item", {}).get("times") == {"N": "1"}


def refuses_a_wrong_checksum(clients: Clients) -> bool:
    """PutObject compares the bytes with the checksum of the request."""
    bucket = _name()
    clients.s3.create_bucket(Bucket=bucket)
    try:
        clients.s3.put_object(Bucket=bucket, Key="k", Body=b"x", ChecksumSHA256="A" * 43 + "=")
    except ClientError:
        return True
    return False


def answers_with_the_first_id(clients: Clients) -> bool:
    """SendMessage with a deduplication id of the last five minutes answers as it did before."""
    url, _ = _queue(clients)
    ids = {
        clients.sqs.send_message(
            QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="1"
        )["MessageId"]
        for _ in range(2)
    }
    return len(ids) == 1


def moves_messages(clients: Clients) -> bool:
    """StartMessageMoveTask takes what is in a dead-letter queue to the queue that is named."""
    (dead_url, dead), (url, queue) = _queue(clients), _queue(clients)
    clients.sqs.set_queue_attributes(
        QueueUrl=url,
        Attributes={"RedrivePolicy": f'{{"deadLetterTargetArn":"{dead}","maxReceiveCount":"4"}}'},
    )
    clients.sqs.send_message(
        QueueUrl=dead_url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="1"
    )
    try:
        clients.sqs.start_message_move_task(SourceArn=dead, DestinationArn=queue)
    except (ClientError, NotImplementedError):
        return False
    give_up = time.monotonic() + MOVED_WITHIN_S
    while time.monotonic() < give_up:
        if clients.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"):
            return True
    return False


CHECKS: Final[Mapping[Capability, tuple[Service, Callable[[Clients], bool]]]] = {
    "batch limits": ("dynamodb", refuses_long_batches),
    "checksums": ("s3", refuses_a_wrong_checksum),
    "fifo deduplication": ("sqs", answers_with_the_first_id),
    "message moves": ("sqs", moves_messages),
    "transaction tokens": ("dynamodb", does_a_transaction_once),
}

ASKED: Final = [
    pytest.param(stand_in, capability, id=f"{name}-{capability.replace(' ', '-')}")
    for name, stand_in in STANDINS.items()
    for capability, (service, _) in CHECKS.items()
    if service in stand_in.serves
]


@pytest.mark.parametrize(("stand_in", "capability"), ASKED)
def test_a_fault_is_declared_and_a_declared_fault_is_there(
    stand_in: StandIn, capability: Capability
) -> None:
    """A stand-in does what the service does, unless it is declared to lack just that."""
    _, does = CHECKS[capability]
    with stand_in.open() as clients:
        assert (capability not in stand_in.lacks) == does(clients)


def test_every_capability_is_checked() -> None:
    """None is declared without a test that reproduces the fault."""
    assert set(get_args(Capability)) == CHECKS.keys()


def test_the_page_tells_who_lacks_what() -> None:
    """The table in docs/stand-ins.md is what is declared."""
    page = PAGE.read_text(encoding="utf-8")
    told = {
        name: set(stand_ins.split(", "))
        for name, stand_ins in re.findall(r"^\| ([a-z ]+): .* \| (.*) \|$", page, re.MULTILINE)
    }

    assert told == {
        capability: {name for name, each in STANDINS.items() if capability in each.lacks}
        for capability in CHECKS
    }


def _declared(row_name: str) -> set[Capability]:
    """What the stand-in lacks that a row's name names."""
    words = row_name.split("-")
    return {each for word in words if word in STANDINS for each in STANDINS[word].lacks}


def test_rows_declare_nothing_else(harnesses: Rows) -> None:
    """A row lacks no more than its stand-in, and what runs on none lacks nothing."""
    rows = [row for port in harnesses.values() for row in port]

    assert [] == [row.name for row in rows if row.lacks - _declared(row.name)]
