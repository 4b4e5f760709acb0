"""Real servers that lose filters in every way: then nothing is new."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis import Redis
from tests.standins.proxy import running_proxy
from tests.standins.redis_server import running_redis
from tests.standins.server import Endpoint, free_port

from fleetcore_adapters.redis.clients import connecting
from fleetcore_adapters.redis.seen_window import IMPATIENT, RedisSeenWindow
from fleetcore_adapters.resilience.policy import Limits, Policy

if TYPE_CHECKING:
    from tests.unit.adapters.redis.conftest import Heard

DAY = "2024-05-01"
ONE, TWO, THREE = ("cab-1", 1), ("cab-2", 2), ("cab-3", 3)
TIMEOUT_S = 0.5


STUBBORN = Limits(attempts=1)


def opened(port: int, heard: Heard, limits: Limits = STUBBORN) -> RedisSeenWindow:
    """A filter whose breaker does not open soon."""
    connect = connecting(f"redis://127.0.0.1:{port}", timeout_s=TIMEOUT_S)
    return RedisSeenWindow(connect, heard, Policy("Redis", limits))


def begun(window: RedisSeenWindow) -> str:
    """The token of a generation in which ONE is marked."""
    token = window.begin(DAY, 1000)
    assert token is not None
    assert (False,) == window.mark(DAY, token, [ONE])
    return token


@contextmanager
def admin(endpoint: Endpoint) -> Iterator[Redis]:
    """A client that waits."""
    with Redis.from_url(endpoint.redis, socket_timeout=10) as client:
        yield client


@pytest.fixture(name="endpoint")
def _endpoint() -> Iterator[Endpoint]:
    with running_redis() as endpoint:
        yield endpoint


def test_a_server_that_restarts_empty(heard: Heard) -> None:
    """Killed and started again: the old token is lost, while it is away and for ever."""
    port = free_port()
    window = opened(port, heard)
    with running_redis(port=port) as endpoint:
        token = begun(window)
        os.kill(endpoint.pid, signal.SIGKILL)
        assert window.mark(DAY, token, [ONE, TWO]) is None
        assert window.begin(DAY, 1000) is None
    with running_redis(port=port):
        assert window.mark(DAY, token, [ONE, TWO]) is None
        assert opened(port, heard).mark(DAY, token, [TWO, THREE]) is None
        begun(window)

    assert {"SeenWindowUnavailable": 2, "SeenWindowLost": 2} == heard.counts


def test_a_server_that_restarts_from_an_old_dump(tmp_path: Path, heard: Heard) -> None:
    """The filter is there and lacks the last marks: another run id gives it away."""
    port = free_port()
    options = ("--dir", str(tmp_path), "--save", "3600 1")
    window = opened(port, heard)
    with running_redis(*options, port=port) as endpoint:
        token = begun(window)
        with admin(endpoint) as client:
            client.save()
        assert (False,) == window.mark(DAY, token, [TWO])
        os.kill(endpoint.pid, signal.SIGKILL)
    with running_redis(*options, port=port) as endpoint, admin(endpoint) as client:
        assert 1 == client.dbsize()
        other = opened(port, heard)
        assert other.mark(DAY, token, [TWO, THREE]) is None
        assert 0 == client.dbsize()


def test_a_replica_that_is_promoted_and_the_primary_that_comes_back(heard: Heard) -> None:
    """A replica may lack marks; a primary that comes back after it is another primary.

    It is the same process, but holds what the replica held.
    """
    at_once = ("--repl-diskless-sync-delay", "0")
    with running_redis(*at_once) as one, running_redis(*at_once) as two:
        with admin(one) as first, admin(two) as second:
            second.replicaof("127.0.0.1", one.port)
            _until(lambda: second.info("replication")["master_link_status"] == "up")
            token = begun(opened(one.port, heard))
            first.wait(1, 5000)
            second.replicaof("NO", "ONE")
            assert (False,) == opened(one.port, heard).mark(DAY, token, [TWO])
            first.replicaof("127.0.0.1", two.port)
            _until(lambda: first.info("replication")["master_link_status"] == "up")
            first.replicaof("NO", "ONE")
            assert 1 == first.dbsize()

        assert opened(one.port, heard).mark(DAY, token, [TWO, THREE]) is None
        assert opened(two.port, heard).mark(DAY, token, [TWO, THREE]) is None


def test_a_server_that_pauses_for_a_moment(endpoint: Endpoint, heard: Heard) -> None:
    """It is asked once more: what the first try may have marked was perhaps seen, no more."""
    connect = connecting(f"redis://127.0.0.1:{endpoint.port}", timeout_s=TIMEOUT_S)
    policy = Policy("Redis", IMPATIENT, random=lambda: 1.0)
    window = RedisSeenWindow(connect, heard, policy)
    token = begun(window)
    with admin(endpoint) as client:
        client.client_pause(int(TIMEOUT_S * 1000) + 50)

    marked = window.mark(DAY, token, [ONE, TWO])

    assert marked is not None
    assert marked[0]
    assert (False,) == window.mark(DAY, token, [THREE])
    assert {} == heard.counts


def test_a_mark_whose_answer_is_lost_is_maybe(endpoint: Endpoint, heard: Heard) -> None:
    """The second try meets the marks of the first."""
    with running_proxy(endpoint.port) as proxy:
        connect = connecting(f"redis://127.0.0.1:{proxy.port}", timeout_s=TIMEOUT_S)

        def heal(_pause_s: float) -> None:
            proxy.heal()

        window = RedisSeenWindow(connect, heard, Policy("Redis", IMPATIENT, sleep=heal))
        token = begun(window)
        proxy.cut(after_bytes=3)

        assert (True, True) == window.mark(DAY, token, [ONE, TWO])
    assert {} == heard.counts


def test_a_server_that_hangs(endpoint: Endpoint, heard: Heard) -> None:
    """It costs a timeout; when it goes on another generation can begin."""
    window = opened(endpoint.port, heard)
    token = begun(window)
    os.kill(endpoint.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert window.mark(DAY, token, [ONE, TWO]) is None
        assert time.monotonic() - started < 4 * TIMEOUT_S
    finally:
        os.kill(endpoint.pid, signal.SIGCONT)

    begun(window)


def test_many_calls_of_a_server_that_hangs_cost_few_timeouts(
    endpoint: Endpoint, heard: Heard
) -> None:
    """The breaker opens: later calls cost nothing."""
    window = opened(endpoint.port, heard, IMPATIENT)
    token = begun(window)
    os.kill(endpoint.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        for _ in range(200):
            assert window.mark(DAY, token, [TWO]) is None
        assert time.monotonic() - started < 4 * TIMEOUT_S + 2
    finally:
        os.kill(endpoint.pid, signal.SIGCONT)

    assert 200 == heard.counts["SeenWindowUnavailable"]


def test_a_key_that_is_evicted(endpoint: Endpoint, heard: Heard) -> None:
    """What a cache threw away is not made anew."""
    window = opened(endpoint.port, heard)
    token = begun(window)
    with admin(endpoint) as client:
        client.flushall()

        assert window.mark(DAY, token, [ONE, TWO]) is None
        assert 0 == client.dbsize()


def test_a_server_that_is_full(endpoint: Endpoint, heard: Heard) -> None:
    """Without memory for marks none is made, and the caller is told."""
    window = opened(endpoint.port, heard)
    token = begun(window)
    with admin(endpoint) as client:
        client.config_set("maxmemory", 1)
        assert window.mark(DAY, token, [ONE, TWO]) is None
        assert window.begin(DAY, 1000) is None
        client.config_set("maxmemory", 0)

    begun(window)


def test_a_replica_is_not_asked(endpoint: Endpoint, heard: Heard) -> None:
    """A server that only reads can neither begin nor mark."""
    window = opened(endpoint.port, heard)
    token = begun(window)
    with admin(endpoint) as client:
        client.replicaof("127.0.0.1", free_port())

        assert window.begin(DAY, 1000) is None
        assert window.mark(DAY, token, [ONE, TWO]) is None


def test_a_network_that_cuts_and_corrupts(endpoint: Endpoint, heard: Heard) -> None:
    """Whatever comes back, a call ends in an answer."""
    with running_proxy(endpoint.port) as proxy:
        window = opened(proxy.port, heard)
        token = begun(window)
        proxy.corrupt()
        assert window.mark(DAY, token, [ONE, TWO]) is None
        damaged = window.begin(DAY, 1000)
        proxy.heal()
        assert window.mark(DAY, str(damaged), [ONE, TWO]) is None
        other = begun(window)
        proxy.cut(after_bytes=3)
        assert window.mark(DAY, other, [ONE, TWO]) is None
        proxy.cut()
        assert window.mark(DAY, other, [ONE, TWO]) is None


def test_a_client_that_knows_no_cluster(heard: Heard) -> None:
    """-MOVED is nobody's answer."""
    with running_redis("--cluster-enabled", "yes") as endpoint:
        assert opened(endpoint.port, heard).begin(DAY, 1000) is None

    assert {"SeenWindowUnavailable": 1} == heard.counts


def test_memory_is_what_it_says(endpoint: Endpoint, heard: Heard) -> None:
    """A small window costs little, a huge one 4 MiB and what an allocator adds, for two weeks."""
    window = opened(endpoint.port, heard)
    with admin(endpoint) as client:
        for expected, most_bytes in ((0, 2_048), (10_000, 260_000), (10**9, 2**22 + 1_024)):
            client.flushall()
            begun_token = window.begin(DAY, expected)
            (key,) = client.keys()

            assert begun_token is not None
            assert (client.memory_usage(key) or 0) < most_bytes
            assert 0 < client.ttl(key) <= 14 * 24 * 3600


def test_a_large_call_is_many_scripts(endpoint: Endpoint, heard: Heard) -> None:
    """No script holds the server up for long: 400 identities each."""
    window = opened(endpoint.port, heard)
    token = begun(window)
    identities = [("cab", at) for at in range(1_001)]
    with admin(endpoint) as client:
        client.config_resetstat()

        assert (False,) * 1_001 == window.mark(DAY, token, identities)
        assert 3 == client.info("commandstats")["cmdstat_eval"]["calls"]


def _until(is_so: object) -> None:
    give_up_s = time.monotonic() + 20
    assert callable(is_so)
    while not is_so():
        assert time.monotonic() < give_up_s
        time.sleep(0.05)
