"""A fleet's resources on a stand-in of AWS, and its queues driven by hand, not by Lambda."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import uuid4

import boto3
from attrs import field, frozen

from fleetcore_adapters.aws.dynamodb import tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import CreateTableInputTypeDef
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import MessageTypeDef

REGION: Final = "us-east-1"
ACCOUNT: Final = "000000000000"
MAX_RECEIVES: Final = 4
TABLES: Final = {
    "LOG": tables.LOG,
    "STREAMS": tables.STREAMS,
    "VIEWS": tables.VIEWS,
    "PARTS": tables.PARTS,
}

Handler: TypeAlias = Callable[[dict[str, Any], Any], Mapping[str, Any]]


@frozen
class Context:
    """What a handler is told of its invocation."""

    remaining_ms: Callable[[], int] = lambda: 300_000
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"
    function_name: str = "test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:test"

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda's context has it."""
        return self.remaining_ms()


@frozen(kw_only=True)
class Cloud:
    """The resources of one fleet. `environment` names them as a handler's variables do."""

    endpoint: str
    environment: Mapping[str, str]
    session: boto3.Session = field(repr=False)

    @property
    def s3(self) -> S3Client:
        """S3 of the stand-in."""
        return self.session.client("s3", endpoint_url=self.endpoint)

    @property
    def sqs(self) -> SQSClient:
        """SQS of the stand-in."""
        return self.session.client("sqs", endpoint_url=self.endpoint)

    def upload(self, path: Path, key: str) -> None:
        """Put a file where telemetry arrives, which its notification tells the queue."""
        self.s3.upload_file(str(path), self.environment["FLEETCORE_BUCKET"], f"telemetry/{key}")

    def deliver(self, queue: str, handler: Handler, context: Context) -> int:
        """Hand what waits in a queue to a handler, as an event source mapping does; how many."""
        url = self.environment[f"FLEETCORE_{queue}_QUEUE"]
        found = self.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            VisibilityTimeout=300,
        ).get("Messages", [])
        if not found:
            return 0
        answer = handler({"Records": [_record(each, url) for each in found]}, context)
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for each in found:
            if each["MessageId"] not in failed:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return len(found)

    def run(self, ingest: Handler, store: Handler, context: Context | None = None) -> None:
        """Deliver until nothing waits."""
        context = context or Context()
        while sum(
            self.deliver(queue, handler, context)
            for queue, handler in (("UPLOADS", ingest), ("MOVING", store), ("IDLE", store))
        ):
            pass


def _record(message: MessageTypeDef, url: str) -> dict[str, Any]:
    name = url.rpartition("/")[2]
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": message.get("MessageAttributes", {}),
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
        "awsRegion": REGION,
    }


@contextmanager
def cloud_at(endpoint: str) -> Iterator[Cloud]:
    """A fleet's resources under fresh names; nothing is left of them but on the stand-in."""
    session = boto3.Session("test", "test", region_name=REGION)
    name = f"fleet-{uuid4().hex[:12]}"
    dynamodb = session.client("dynamodb", endpoint_url=endpoint)
    sqs = session.client("sqs", endpoint_url=endpoint)
    s3 = session.client("s3", endpoint_url=endpoint)
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "FLEETCORE_BUCKET": name,
    }
    for which, table in TABLES.items():
        dynamodb.create_table(**_definition(f"{name}-{which.lower()}", table))
        environment[f"FLEETCORE_{which}_TABLE"] = f"{name}-{which.lower()}"
    for which in ("MOVING", "IDLE", "UPLOADS"):
        fifo = which == "MOVING"
        dead = _queue(sqs, f"{name}-{which.lower()}-dead", fifo=fifo)
        environment[f"FLEETCORE_{which}_DEAD_QUEUE"] = dead
        environment[f"FLEETCORE_{which}_QUEUE"] = _queue(
            sqs, f"{name}-{which.lower()}", fifo=fifo, dead=_arn(sqs, dead)
        )
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket=name,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "QueueArn": _arn(sqs, environment["FLEETCORE_UPLOADS_QUEUE"]),
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "telemetry/"}]}},
                }
            ]
        },
    )
    yield Cloud(endpoint=endpoint, environment=environment, session=session)


def _queue(sqs: SQSClient, name: str, *, fifo: bool, dead: str | None = None) -> str:
    attributes: dict[QueueAttributeNameType, str] = {"FifoQueue": "true"} if fifo else {}
    if dead is not None:
        policy = {"deadLetterTargetArn": dead, "maxReceiveCount": MAX_RECEIVES}
        attributes["RedrivePolicy"] = json.dumps(policy)
    full = f"{name}.fifo" if fifo else name
    return sqs.create_queue(QueueName=full, Attributes=attributes)["QueueUrl"]


def _arn(sqs: SQSClient, url: str) -> str:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return found["Attributes"]["QueueArn"]


def _definition(name: str, table: tables.Table) -> CreateTableInputTypeDef:
    definition: CreateTableInputTypeDef = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [
            {"AttributeName": table.partition, "KeyType": "HASH"},
            {"AttributeName": table.sort, "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": table.partition, "AttributeType": "S"},
            {"AttributeName": table.sort, "AttributeType": "S"},
        ],
    }
    if table.index is not None:
        definition["AttributeDefinitions"] = [
            *definition["AttributeDefinitions"],
            {"AttributeName": table.index.partition, "AttributeType": "S"},
            {"AttributeName": table.index.sort, "AttributeType": "N"},
        ]
        definition["GlobalSecondaryIndexes"] = [
            {
                "IndexName": table.index.name,
                "KeySchema": [
                    {"AttributeName": table.index.partition, "KeyType": "HASH"},
                    {"AttributeName": table.index.sort, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ]
    return definition
