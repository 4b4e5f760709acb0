"""The telemeter on CloudWatch's log lines and SNS, a row a stand-in.

A topic's messages are read by a queue that is subscribed to it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final
from uuid import uuid4

from attrs import frozen
from tests.contract.harness.harness import NOW_MS, Harness, Rows
from tests.standins.aws import clients_at
from tests.standins.endpoint import pluggable
from tests.standins.ministack import running_ministack
from tests.standins.moto import running_moto
from tests.standins.shared import shared

from fleetcore.ports.telemeter import Unit
from fleetcore.testing.contracts.telemeter import Metrics, TelemeterRig
from fleetcore_adapters.aws.clients import Clients
from fleetcore_adapters.aws.cloudwatch.telemeter import CloudWatchTelemeter
from fleetcore_adapters.memory.clock import MemoryClock
from fleetcore_adapters.resilience.policy import Limits, Policy


@frozen(slots=True)
class Service:
    """Something that serves SNS and SQS until the stack is closed, or longer."""

    name: str
    open: Callable[[ExitStack], Clients]


SERVICES: Final = (
    Service("cloudwatch-ministack", lambda _: clients_at(shared(running_ministack).http)),
    Service("cloudwatch-moto", lambda stack: stack.enter_context(running_moto())),
    *([Service("cloudwatch-aws", lambda _: Clients())] if pluggable() else []),
)


def measured_in(lines: str) -> list[tuple[Metrics, Mapping[str, str]]]:
    """What CloudWatch makes of lines in the embedded metric format."""
    found: list[tuple[Metrics, Mapping[str, str]]] = []
    for line in filter(None, lines.split("\n")):
        event = json.loads(line, parse_constant=_refuse)
        for directive in event.get("_aws", {}).get("CloudWatchMetrics", []):
            assert "fleetcore" == directive["Namespace"]
            assert NOW_MS == event["_aws"]["Timestamp"]
            (names,) = directive["Dimensions"]
            found.append((_metrics(event, directive), {name: event[name] for name in names}))
    return found


def _refuse(constant: str) -> float:
    """NaN and the infinities are not JSON; CloudWatch reads nothing of a line that holds one."""
    raise ValueError(f"{constant} is not JSON")


def _metrics(
    event: Mapping[str, float], directive: Mapping[str, Sequence[Mapping[str, Unit]]]
) -> Metrics:
    return {each["Name"]: (event[each["Name"]], each["Unit"]) for each in directive["Metrics"]}


def telemeters_on(service: Service) -> Harness[TelemeterRig]:
    """A topic that tells a queue, and a stream in memory."""

    def start(_folder: Path, stack: ExitStack) -> Callable[[], TelemeterRig]:
        rig = _rig(service.open(stack), stack)
        return lambda: rig

    return Harness(service.name, start)


def _rig(clients: Clients, stack: ExitStack) -> TelemeterRig:
    name = f"test-{uuid4().hex}"
    topic = clients.sns.create_topic(Name=name)["TopicArn"]
    queue = clients.sqs.create_queue(QueueName=name)["QueueUrl"]
    stack.callback(clients.sns.delete_topic, TopicArn=topic)
    stack.callback(clients.sqs.delete_queue, QueueUrl=queue)
    arn = clients.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    clients.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
    stream = io.StringIO()

    def alerts() -> list[tuple[str, str]]:
        answer = clients.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
        bodies = [json.loads(each.get("Body", "")) for each in answer.get("Messages", [])]
        return [(body["Subject"], body["Message"]) for body in bodies]

    def break_() -> None:
        clients.sns.delete_topic(TopicArn=topic)
        stream.close()

    return TelemeterRig(
        telemeter=CloudWatchTelemeter(
            stream,
            MemoryClock(NOW_MS),
            clients=clients,
            policy=Policy("SNS", Limits(attempts=2), sleep=lambda _s: None),
            topic=topic,
        ),
        measured=lambda: measured_in(stream.getvalue()),
        alerts=alerts,
        break_=break_,
    )


ROWS: Final[Rows] = {"telemeter": tuple(telemeters_on(each) for each in SERVICES)}
