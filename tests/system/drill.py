"""A drill: a fleet on servers of its own, worker processes, and what is done to them."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import define, evolve, field
from tests.standins.ministack import running_ministack
from tests.standins.redis_server import running_redis
from tests.standins.server import REPOSITORY, Endpoint
from tests.system.cloud import QUEUES, Cloud, cloud_at
from tests.system.outcomes import Outcome, ledgers, outcome

from fleetcore.domain.ledger import Ledger
from fleetcore_entrypoints.wiring.aws import AwsApp, wire_aws

AT_MOST_S: Final = 240.0
"""Longer than anything takes on a machine that others use too."""
POLL_S: Final = 0.05


@define
class Worker:
    """A worker process; what it says goes to a file."""

    process: subprocess.Popen[bytes]
    said: Path

    def lines(self) -> list[dict[str, Any]]:
        """What it said so far; a line that was cut short by its death is left out."""
        whole = self.said.read_text(encoding="utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]


@define(kw_only=True)
class Drill:
    """A fleet, its workers, and the log of what happened to them."""

    ministack: Endpoint
    cloud: Cloud
    app: AwsApp
    folder: Path
    workers: list[Worker] = field(factory=list)
    started_s: float = field(factory=time.monotonic)

    def tell(self, text: str) -> None:
        """A line of the log."""
        sys.stdout.write(f"{time.monotonic() - self.started_s:6.1f} s  {text}\n")

    def start_worker(self, lease_s: int = 300) -> Worker:
        """A worker that is ready."""
        said = self.folder / f"worker-{len(self.workers)}"
        with said.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.system.aws_worker", str(lease_s)],
                cwd=REPOSITORY,
                env={**os.environ, **self.cloud.environment},
                stdout=output,
            )
        worker = Worker(process, said)
        self.workers.append(worker)
        self.until(lambda: bool(worker.lines()))
        return worker

    def kill(self, worker: Worker) -> None:
        """End it at once; what it held is handed out again, as when its lease is over."""
        worker.process.kill()
        worker.process.wait()
        held = [each for each in worker.lines() if "receipts" in each][-1:]
        for each in held:
            for receipt in each["receipts"]:
                self.cloud.sqs.change_message_visibility(
                    QueueUrl=self.cloud.url(each["queue"]),
                    ReceiptHandle=receipt,
                    VisibilityTimeout=0,
                )

    def upload(self, path: Path) -> None:
        """Put a file where telemetry arrives."""
        self.cloud.upload(path, path.name)
        self.tell(f"{path.name} is uploaded")

    def until(self, happened: Callable[[], bool]) -> None:
        """Wait for something."""
        give_up_s = time.monotonic() + AT_MOST_S
        while not happened():
            assert time.monotonic() < give_up_s, "it did not happen"
            time.sleep(POLL_S)

    def ledger(self, path: Path) -> Ledger | None:
        """The ledger of a file, as it is now."""
        return ledgers(self.app.fleet).get(path.name)

    def is_done(self, path: Path) -> bool:
        """Whether a file is read to its end and nothing of it waits."""
        ledger = self.ledger(path)
        held = sum(self.cloud.held(queue) for queue in QUEUES)
        return ledger is not None and not ledger.pending and not held

    def finish(self, path: Path) -> None:
        """Wait until a file is done."""
        self.until(lambda: self.is_done(path))
        self.tell(f"{path.name} is done: {told(self.ledger(path))}")

    def outcome(self) -> Outcome:
        """What the fleet says in the end, with no message and no letter left."""
        for queue in QUEUES:
            assert 0 == self.cloud.held(queue) == self.cloud.held(f"{queue}_DEAD")
        assert () == self.app.fleet.dead_letters.read()
        found = outcome(self.app.fleet)
        counted = ", ".join(f"{name} {number}" for name, number in self.counted().items())
        self.tell(f"the log holds {found.log.total():,} events; measured: {counted or 'no fault'}")
        return found

    def counted(self) -> Mapping[str, int]:
        """What the workers measured that is out of the ordinary, summed."""
        total: Counter[str] = Counter()
        for worker in self.workers:
            for line in worker.lines():
                for name in ("messages_failed", "SeenWindowUnavailable", "SeenWindowLost"):
                    total[name] += int(line.get(name, 0))
        return +total


def told(ledger: Ledger | None) -> str:
    """A ledger in a line."""
    if ledger is None:
        return "nothing is known of it"
    rows, store = ledger.rows, ledger.store
    return (
        f"read {rows.read:,} = accepted {rows.accepted:,} + duplicate {rows.duplicate:,} "
        f"+ conflicting {rows.conflicting:,} + rejected {rows.rejected:,} "
        f"+ malformed {rows.malformed:,}; stored {store.stored:,}, already stored "
        f"{store.already_stored:,}, conflicting {store.conflicting:,}, dead "
        f"{ledger.dead_lettered:,}, pending {ledger.pending:,}"
    )


@contextmanager
def drill(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, redis: Endpoint | None = None, **files: Path
) -> Iterator[Drill]:
    """A fleet on a ministack of its own; its workers end with the block.

    `files` are its settings, each named by its variable.
    """
    with ExitStack() as stack:
        ministack = stack.enter_context(running_ministack())
        url = (redis or stack.enter_context(running_redis())).redis
        cloud = cloud_at(ministack.http)
        named = {f"FLEETCORE_{name.upper()}": cloud.set(path) for name, path in files.items()}
        environment = {**cloud.environment, **named, "FLEETCORE_REDIS_URL": url}
        for name, text in environment.items():
            monkeypatch.setenv(name, text)
        cloud = evolve(cloud, environment=environment)
        app = wire_aws(metrics=io.StringIO())
        found = Drill(ministack=ministack, cloud=cloud, app=app, folder=folder)
        try:
            yield found
        finally:
            for worker in found.workers:
                worker.process.kill()
                worker.process.wait()


def stopped(server: Endpoint, seconds: float) -> None:
    """Let a server do nothing for a while; its connections stay open."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(server.pid, signal.SIGCONT)
