"""A fleet's resources on a stand-in of AWS, and its queues driven by hand, not by Lambda."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias
from uuid import uuid4

from attrs import field, frozen
from aws_lambda_powertools.logging import Logger
from tests.standins.aws import REGION, clients_at
from tests.standins.server import LOOPBACK
from tests.standins.tables import table_definition

from fleetcore_adapters.aws.dynamodb import tables
from fleetcore_entrypoints.lambdas.ingest_file import Run
from fleetcore_entrypoints.lambdas.store_events import store_all
from fleetcore_entrypoints.wiring.aws import AwsApp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

ACCOUNT: Final = "000000000000"
MAX_RECEIVES: Final = 4
LEASE_S: Final = 300
QUEUES: Final = ("UPLOADS", "MOVING", "IDLE")
TABLES: Final = {
    "LOG": tables.LOG,
    "STREAMS": tables.STREAMS,
    "VIEWS": tables.VIEWS,
    "PARTS": tables.PARTS,
}

Message: TypeAlias = Mapping[str, Any]
"""As SQS hands it out; the SDK calls optional what is always there."""
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


def handlers_on(app: AwsApp, log: Logger) -> tuple[Handler, Handler]:
    """`ingest_file` and `store_events`, of a fleet that is wired already."""
    return (
        lambda event, context: Run(app, context, log).all(event),
        lambda event, context: store_all(event, context, app, log),
    )


@frozen(kw_only=True)
class Cloud:
    """The resources of one fleet. `environment` names them as a handler's variables do."""

    environment: Mapping[str, str]
    dynamodb: DynamoDBClient = field(repr=False)
    s3: S3Client = field(repr=False)
    sqs: SQSClient = field(repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """The fleet that these variables name."""
        clients = clients_at(environment["AWS_ENDPOINT_URL"])
        return cls(
            environment=environment,
            dynamodb=clients.dynamodb,
            s3=clients.s3,
            sqs=clients.sqs,
        )

    @property
    def endpoint(self) -> str:
        """Where the stand-in answers."""
        return self.environment["AWS_ENDPOINT_URL"]

    @property
    def settings_bucket(self) -> str:
        """The bucket that holds what files are read and judged by."""
        return f"{self.environment['FLEETCORE_BUCKET']}-settings"

    def set(self, path: Path) -> str:
        """Put a file into the bucket of settings; the URL that names it."""
        self.s3.upload_file(str(path), self.settings_bucket, path.name)
        return f"s3://{self.settings_bucket}/{path.name}"

    def upload(self, path: Path, key: str) -> None:
        """Put a file where telemetry arrives, which its notification tells the queue."""
        bucket = self.environment["FLEETCORE_BUCKET"]
        self.s3.upload_file(str(path), bucket, f"telemetry/{key}")

    def receive(self, queue: str, lease_s: int = LEASE_S) -> list[Message]:
        """What a queue hands out at once, at most a batch."""
        answer = self.sqs.receive_message(
            QueueUrl=self.url(queue),
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            VisibilityTimeout=lease_s,
        )
        return list(answer.get("Messages", []))

    def handle(
        self, queue: str, messages: Sequence[Message], handler: Handler, context: Context
    ) -> None:
        """Hand messages to a handler, and take off the queue what it does not name as failed."""
        url = self.url(queue)
        answer = handler({"Records": [_record(each, url) for each in messages]}, context)
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        done = [each["ReceiptHandle"] for each in messages if each["MessageId"] not in failed]
        if done:
            self.sqs.delete_message_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": receipt}
                    for number, receipt in enumerate(done)
                ],
            )

    def deliver(
        self, queue: str, handler: Handler, context: Context, lease_s: int = LEASE_S
    ) -> int:
        """Hand what waits in a queue to a handler, as an event source mapping does; how many."""
        messages = self.receive(queue, lease_s)
        if messages:
            self.handle(queue, messages, handler, context)
        return len(messages)

    def run(self, ingest: Handler, store: Handler, context: Context | None = None) -> None:
        """Deliver until nothing waits."""
        context = context or Context()
        while sum(
            self.deliver(queue, ingest if queue == "UPLOADS" else store, context)
            for queue in QUEUES
        ):
            pass

    def url(self, queue: str) -> str:
        """The URL of one of `QUEUES`; with `_DEAD` behind its name, of its dead-letter queue."""
        return self.environment[f"FLEETCORE_{queue}_QUEUE"]

    def held(self, queue: str) -> int:
        """How many messages a queue holds, hidden ones too."""
        counted: list[QueueAttributeNameType] = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
        ]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url(queue), AttributeNames=counted)
        return sum(int(found["Attributes"][each]) for each in counted)

    def logged(self) -> int:
        """How many events the log's table holds."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.environment["FLEETCORE_LOG_TABLE"], Select="COUNT"
        )
        return sum(page["Count"] for page in pages)


def _record(message: Message, url: str) -> dict[str, Any]:
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


def cloud_at(endpoint: str) -> Cloud:
    """A fleet's resources under fresh names; nothing is left of them but on the stand-in."""
    name = f"fleet-{uuid4().hex[:12]}"
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "FLEETCORE_BUCKET": name,
        "NO_PROXY": LOOPBACK,
    }
    cloud = Cloud.of(environment)
    dynamodb, s3, sqs = cloud.dynamodb, cloud.s3, cloud.sqs
    for which, table in TABLES.items():
        dynamodb.create_table(**table_definition(f"{name}-{which.lower()}", table))
        environment[f"FLEETCORE_{which}_TABLE"] = f"{name}-{which.lower()}"
    for which in QUEUES:
        fifo = which == "MOVING"
        dead = _queue(sqs, f"{name}-{which.lower()}-dead", fifo=fifo)
        environment[f"FLEETCORE_{which}_DEAD_QUEUE"] = dead
        environment[f"FLEETCORE_{which}_QUEUE"] = _queue(
            sqs, f"{name}-{which.lower()}", fifo=fifo, dead=_arn(sqs, dead)
        )
    topic = clients_at(endpoint).sns.create_topic(Name=name)
    environment["FLEETCORE_ALERTS_TOPIC"] = topic["TopicArn"]
    for bucket in (name, cloud.settings_bucket):
        s3.create_bucket(Bucket=bucket)
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
    return cloud


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
