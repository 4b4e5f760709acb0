"""The adapters on SQS, a row a stand-in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from attrs import frozen
from tests.contract.harness.harness import Harness, Rows
from tests.standins import ministack, moto
from tests.standins.aws import clients_at
from tests.standins.endpoint import pluggable
from tests.standins.localstack import running_localstack
from tests.standins.ministack import running_ministack
from tests.standins.moto import running_moto
from tests.standins.shared import shared

from fleetcore.domain.lanes import LANES, Lane
from fleetcore.testing.contracts.capabilities import Capability
from fleetcore.testing.contracts.lanes import LanesRig
from fleetcore_adapters.aws.clients import Clients
from fleetcore_adapters.aws.sqs.dead_letters import SqsDeadLetters
from fleetcore_adapters.aws.sqs.lanes import SqsLanes
from fleetcore_adapters.aws.sqs.queue import Queue
from fleetcore_adapters.resilience.policy import Policy

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType

LEASE_S: Final = 300
MAX_RECEIVES: Final = 2


@frozen(slots=True)
class Service:
    """Something that serves SQS until the stack is closed, or longer."""

    name: str
    open: Callable[[ExitStack], Clients]
    lacks: frozenset[Capability] = frozenset()


@frozen(kw_only=True, slots=True)
class DeadLetteringRig:
    """Lanes that lease nothing and give a message up after `MAX_RECEIVES`, to these letters."""

    lanes: SqsLanes
    dead_letters: SqsDeadLetters
    queues: dict[Lane, Queue]


def queue(clients: Clients, stack: ExitStack, lane: Lane, dead: Queue | None = None) -> Queue:
    """A new queue of a lane, or of its dead letters; deleted with the stack.

    What was handed out too often goes to the queue `dead`.
    """
    attributes: dict[QueueAttributeNameType, str] = {}
    if lane == "moving":
        attributes["FifoQueue"] = "true"
    if dead is not None:
        attributes["RedrivePolicy"] = json.dumps(
            {"deadLetterTargetArn": dead.arn(), "maxReceiveCount": MAX_RECEIVES}
        )
    name = f"test-{uuid4().hex}" + (".fifo" if lane == "moving" else "")
    url = clients.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    stack.callback(clients.sqs.delete_queue, QueueUrl=url)
    return Queue(clients, url, Policy(name))


def lanes_on(service: Service) -> Harness[LanesRig]:
    """Lanes, and time that passes by itself."""

    def start(_folder: Path, stack: ExitStack) -> Callable[[], LanesRig]:
        clients = service.open(stack)
        queues: dict[Lane, Queue] = {lane: queue(clients, stack, lane) for lane in LANES}
        return lambda: LanesRig(
            lanes=SqsLanes(queues, lease_s=LEASE_S, wait_s=0), advance=time.sleep
        )

    return Harness(service.name, start, service.lacks)


def dead_letters_on(service: Service) -> Harness[SqsDeadLetters]:
    """Dead-letter queues of no lanes."""

    def start(_folder: Path, stack: ExitStack) -> Callable[[], SqsDeadLetters]:
        clients = service.open(stack)
        queues: dict[Lane, Queue] = {lane: queue(clients, stack, lane) for lane in LANES}
        return lambda: SqsDeadLetters(queues, wait_s=0)

    return Harness(service.name, start, service.lacks)


def dead_lettering_on(service: Service) -> Harness[DeadLetteringRig]:
    """Lanes and their dead-letter queues."""

    def start(_folder: Path, stack: ExitStack) -> Callable[[], DeadLetteringRig]:
        clients = service.open(stack)
        dead: dict[Lane, Queue] = {lane: queue(clients, stack, lane) for lane in LANES}
        queues: dict[Lane, Queue] = {
            lane: queue(clients, stack, lane, dead[lane]) for lane in LANES
        }
        return lambda: DeadLetteringRig(
            lanes=SqsLanes(queues, lease_s=0, wait_s=0),
            dead_letters=SqsDeadLetters(dead, max_receives=MAX_RECEIVES, wait_s=0),
            queues=queues,
        )

    return Harness(service.name, start, service.lacks)


SERVICES: Final = (
    Service("sqs-ministack", lambda _: clients_at(shared(running_ministack).http), ministack.LACKS),
    Service("sqs-moto", lambda stack: stack.enter_context(running_moto()), moto.LACKS),
    Service("sqs-localstack", lambda _: clients_at(shared(running_localstack).http)),
    *([Service("sqs-aws", lambda _: Clients())] if pluggable() else []),
)

ROWS: Final[Rows] = {
    "dead_letters": tuple(map(dead_letters_on, SERVICES)),
    "lanes": tuple(map(lanes_on, SERVICES)),
}

DEAD_LETTERING: Final = tuple(map(dead_lettering_on, SERVICES))
