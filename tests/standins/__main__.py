"""Starts every stand-in for a person, says where they are, and stops them on Ctrl-C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from types import FrameType
from typing import Final

from attrs import frozen
from tests.standins.dynamodb_local import running_dynamodb_local
from tests.standins.localstack import running_localstack
from tests.standins.ministack import running_ministack
from tests.standins.missing import Missing
from tests.standins.mosquitto import running_mosquitto
from tests.standins.redis_server import running_redis, running_valkey
from tests.standins.server import Endpoint

CREDENTIALS: Final = (
    "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1"
)


@frozen(slots=True)
class Service:
    """A stand-in; `uses` are the lines that point fleetcore, or the AWS command line, at it."""

    name: str
    run: Callable[[], AbstractContextManager[Endpoint]]
    uses: Callable[[Endpoint], tuple[str, ...]]


SERVICES: Final = (
    Service(
        "ministack (S3, SQS, DynamoDB, SNS, CloudWatch, Lambda, ...)",
        running_ministack,
        lambda at: (CREDENTIALS, f"export AWS_ENDPOINT_URL={at.http}"),
    ),
    Service(
        "Redis 7",
        running_redis,
        lambda at: (f"export FLEETCORE_REDIS_URL={at.redis}",),
    ),
    Service(
        "Valkey 9, instead of Redis",
        running_valkey,
        lambda at: (f"# export FLEETCORE_REDIS_URL={at.redis}",),
    ),
    Service(
        "Mosquitto, a broker of MQTT",
        running_mosquitto,
        lambda at: (f"# fleetcore listen mqtt://127.0.0.1:{at.port}/fleet/#",),
    ),
    Service(
        "DynamoDB Local, instead of ministack's DynamoDB",
        running_dynamodb_local,
        lambda at: (f"# export AWS_ENDPOINT_URL_DYNAMODB={at.http}",),
    ),
    Service(
        "LocalStack, instead of ministack's S3 and SQS",
        running_localstack,
        lambda at: (
            f"# export AWS_ENDPOINT_URL_S3={at.http}",
            f"# export AWS_ENDPOINT_URL_SQS={at.http}",
        ),
    ),
)


def started(stack: ExitStack) -> Iterator[str]:
    """Lines for a shell, as the services come up."""
    for service in SERVICES:
        try:
            endpoint = stack.enter_context(service.run())
        except Missing as missing:
            yield f"# {service.name}: left out: {missing}"
        else:
            yield f"# {service.name}: port {endpoint.port}, process {endpoint.pid}"
            yield from service.uses(endpoint)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run until interrupted."""
    signal.signal(signal.SIGTERM, _interrupt)
    with ExitStack() as stack:
        try:
            for line in started(stack):
                _say(line)
            _say("# All is up, and empty. Ctrl-C stops it.")
            signal.pause()
        except KeyboardInterrupt:
            _say("# Stopped.")


if __name__ == "__main__":
    main()
