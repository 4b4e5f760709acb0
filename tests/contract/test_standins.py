"""What the suites run on: each stand-in starts, answers, and is gone when it should be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Final

import pytest
from redis import Redis
from tests.standins.__main__ import SERVICES, started
from tests.standins.aws import clients_at
from tests.standins.dynamodb_local import running_dynamodb_local
from tests.standins.localstack import running_localstack
from tests.standins.ministack import running_ministack
from tests.standins.moto import running_moto
from tests.standins.redis_server import running_redis, running_valkey
from tests.standins.server import Endpoint, NotStarted, accepts, running
from tests.standins.shared import shared

REPOSITORY: Final = Path(__file__).parents[2]
GONE_WITHIN_S: Final = 10.0

HOLDER: Final = """
from tests.standins.redis_server import running_valkey
with running_valkey() as endpoint:
    print(endpoint.port, flush=True)
    input()
"""


def _gone(port: int) -> bool:
    """Whether nobody listens any more, soon."""
    give_up = time.monotonic() + GONE_WITHIN_S
    while accepts(port) and time.monotonic() < give_up:
        time.sleep(0.01)
    return not accepts(port)


@pytest.mark.parametrize("run", [running_ministack, running_localstack])
def test_emulators_answer(run: Callable[[], AbstractContextManager[Endpoint]]) -> None:
    """S3 and SQS are there."""
    clients = clients_at(shared(run).http)

    assert isinstance(clients.s3.list_buckets()["Buckets"], list)
    assert clients.sqs.list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("run", [running_ministack, running_dynamodb_local])
def test_emulators_of_dynamodb_answer(
    run: Callable[[], AbstractContextManager[Endpoint]],
) -> None:
    """DynamoDB is there."""
    assert isinstance(clients_at(shared(run).http).dynamodb.list_tables()["TableNames"], list)


def test_moto_forgets() -> None:
    """What one test leaves in moto, the next does not find."""
    with running_moto() as clients:
        clients.s3.create_bucket(Bucket="left-behind")
    with running_moto() as clients:
        assert [] == clients.s3.list_buckets()["Buckets"]


@pytest.mark.parametrize("run", [running_redis, running_valkey])
def test_redis_and_valkey_answer(run: Callable[[], AbstractContextManager[Endpoint]]) -> None:
    """They are there, and they end with the block."""
    with run() as endpoint, Redis.from_url(endpoint.redis) as client:
        assert client.ping()

    assert not accepts(endpoint.port)


def test_a_server_can_come_back_where_it_was() -> None:
    """Killed and started again on its port, it is empty."""
    with running_valkey() as first:
        os.kill(first.pid, signal.SIGKILL)
        assert _gone(first.port)
        with running_valkey(port=first.port) as second, Redis.from_url(second.redis) as client:
            assert 0 == client.dbsize()


def test_a_server_does_not_outlive_whoever_started_it(tmp_path: Path) -> None:
    """`kill -9` of the tests leaves no orphan."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(tmp_path)},  # which it leaves there
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        port = int(holder.stdout.readline())
        assert accepts(port)
        holder.kill()

    assert _gone(port)


def test_a_server_that_fails_says_what_it_said() -> None:
    """Its last output is in the error."""
    server = running(lambda _port, _folder: ["sh", "-c", "echo no such luck"], ready=accepts)

    with pytest.raises(NotStarted, match="no such luck"):
        server.__enter__()


def test_what_is_missing_skips_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that is not on this machine is named, and the test skips."""
    monkeypatch.setattr("shutil.which", lambda _name, path=None: None)

    with pytest.raises(pytest.skip.Exception, match="redis-server is not on this machine"):
        running_redis().__enter__()


def test_services_are_printed_for_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line is a comment or an export; what is missing is named and the rest still starts."""
    monkeypatch.setattr("shutil.which", lambda _name, path=None: None)
    with ExitStack() as stack:
        lines = list(started(stack))

    assert [] == [line for line in lines if not line.startswith(("# ", "export "))]
    assert len(SERVICES) <= len(lines)
    assert any("Redis 7: left out: redis-server" in line for line in lines)
