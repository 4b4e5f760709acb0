"""A worker process of a fleet on AWS: serves uploads and lanes, in the place of Lambda.

    python -m tests.system.aws_worker LEASE_S

The environment names the fleet. Before a handler gets messages their receipts are a line on
standard output, `{"queue": ..., "receipts": [...]}`; metrics and logs are lines too. SIGTERM ends
it when no message is in hand.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import Final

from attrs import evolve
from aws_lambda_powertools.logging import Logger
from botocore.exceptions import BotoCoreError, ClientError
from tests.system.cloud import QUEUES, Cloud, Context, Handler, handlers_on

from fleetcore.domain.ingestion_events import Sizes
from fleetcore_entrypoints.wiring.aws import wire_aws

SMALL: Final = Sizes(block_bytes=16_000, blocks_per_chunk=2)
POLL_S: Final = 0.05


def say(content: Mapping[str, object]) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{json.dumps(content)}\n")
    sys.stdout.flush()


class Worker:
    """Takes from one queue after the other."""

    def __init__(self, cloud: Cloud, lease_s: int) -> None:
        app = wire_aws()
        small = evolve(app, request=lambda: evolve(app.request(), sizes=SMALL))
        ingest, store = handlers_on(small, Logger(service="worker", stream=sys.stdout))
        self._handlers: dict[str, Handler] = {
            queue: ingest if queue == "UPLOADS" else store for queue in QUEUES
        }
        self._cloud = cloud
        self._lease_s = lease_s
        self._is_told_to_stop = False

    def stop(self, _signal: int, _frame: object) -> None:
        """Take no more messages."""
        self._is_told_to_stop = True

    def serve(self) -> None:
        """Work until told to stop; a queue that does not answer is asked again."""
        while not self._is_told_to_stop:
            try:
                if not sum(self._served(queue) for queue in QUEUES):
                    time.sleep(POLL_S)
            except (BotoCoreError, ClientError) as error:
                say({"queue_error": str(error)})

    def _served(self, queue: str) -> int:
        messages = self._cloud.receive(queue, self._lease_s)
        if messages:
            say({"queue": queue, "receipts": [each["ReceiptHandle"] for each in messages]})
            self._cloud.handle(queue, messages, self._handlers[queue], Context())
        return len(messages)


def main(lease_s: str) -> None:
    """Serve the fleet that the environment names."""
    worker = Worker(Cloud.of(os.environ), int(lease_s))
    signal.signal(signal.SIGTERM, worker.stop)
    say({"ready": os.getpid()})
    worker.serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
