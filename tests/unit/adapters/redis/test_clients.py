"""Clients made of URLs."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path

import pytest
from redis import Redis, RedisCluster
from redis.exceptions import ConnectionError as ConnectionCut
from redis.exceptions import TimeoutError as NoAnswer
from tests.standins.certificate import self_signed
from tests.standins.proxy import running_proxy
from tests.standins.redis_server import running_redis
from tests.standins.server import free_port
from tests.standins.shared import shared

from fleetcore.errors import InvalidConfiguration
from fleetcore_adapters.redis.clients import TokenCredentials, connecting


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://:secret@host", "URL must specify one of the following schemes"),
        ("", "URL must specify one of the following schemes"),
        ("redis://:secret@host?ssl_ca_cert=x", "'ssl_ca_cert' is not one of client_name, cluster"),
        ("redis://:secret@host:port", "[Pp]ort"),
        ("redis://:secret@[host", "Invalid IPv6 URL"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(url: str, why: str) -> None:
    """At once, with what is wrong, and without what may be secret in it."""
    with pytest.raises(InvalidConfiguration, match=why) as caught:
        connecting(url)

    assert "secret" not in str(caught.value)


def test_nothing_is_asked_before_the_first_call() -> None:
    """A client of a server that is not there can be made."""
    assert isinstance(connecting(f"redis://127.0.0.1:{free_port()}")(), Redis)


def test_a_client_is_made_once() -> None:
    """All who share a connection pool share one client."""
    connect = connecting("redis://127.0.0.1:1/2?client_name=fleetcore")

    assert connect() is connect()
    assert 2 == connect().get_connection_kwargs()["db"]


def test_a_call_is_tried_once_and_not_for_long() -> None:
    """A server that does not answer costs one timeout."""
    endpoint = shared(running_redis)
    with running_proxy(endpoint.port) as proxy:
        client = connecting(f"redis://127.0.0.1:{proxy.port}", timeout_s=0.2)()
        client.ping()
        proxy.delay(5.0)
        started = time.monotonic()
        with pytest.raises(NoAnswer):
            client.ping()

    assert time.monotonic() - started < 2


@pytest.mark.parametrize(("timeout_s", "connect_s"), [(0.25, 1.0), (5.0, 5.0)])
def test_connecting_may_take_a_second(timeout_s: float, connect_s: float) -> None:
    """Or as long as an answer, if that is longer."""
    settings = connecting("redis://127.0.0.1:1", timeout_s=timeout_s)().get_connection_kwargs()

    assert (timeout_s, connect_s) == (
        settings["socket_timeout"],
        settings["socket_connect_timeout"],
    )


def test_a_cluster_that_is_not_there_is_not_waited_for() -> None:
    """Asking for the slots of a cluster fails within the timeout."""
    connect = connecting(f"redis://127.0.0.1:{free_port()}?cluster=true", timeout_s=0.2)
    started = time.monotonic()
    with pytest.raises(Exception, match="cannot be connected"):
        connect()

    assert time.monotonic() - started < 2


def test_tls_wants_a_certificate_that_is_vouched_for(tmp_path: Path) -> None:
    """A server nobody vouches for gets no command."""
    files = self_signed(tmp_path)
    with running_redis(
        *("--port", "0", "--tls-auth-clients", "no"),
        *("--tls-cert-file", str(files.certificate), "--tls-key-file", str(files.key)),
        port_option="--tls-port",
    ) as endpoint:
        url = f"rediss://127.0.0.1:{endpoint.port}"
        with pytest.raises(ConnectionCut, match="CERTIFICATE_VERIFY_FAILED"):
            connecting(url, timeout_s=5)().ping()

        assert connecting(f"{url}?ssl_ca_certs={files.certificate}", timeout_s=5)().ping()


def test_each_connection_has_a_token_of_its_own() -> None:
    """A token of a short life is made when a connection is."""
    endpoint = shared(running_redis)
    admin = Redis.from_url(endpoint.redis)
    admin.acl_setuser("app", enabled=True, passwords=["+token-1", "+token-2"], commands=["+@all"])
    turns = count(1)
    credentials = TokenCredentials("app", lambda: f"token-{next(turns)}")
    client = connecting(endpoint.redis, credentials=credentials, timeout_s=5)()

    assert "app" == client.acl_whoami()
    admin.client_kill_filter(user="app")
    assert "app" == client.acl_whoami()
    assert 3 == next(turns)
    admin.close()


def test_a_cluster_is_understood() -> None:
    """`cluster` chooses the client and is no parameter of it."""
    from tests.contract.harness.redis import running_cluster

    connect = connecting(f"{shared(running_cluster).redis}?cluster=true", timeout_s=5)

    assert isinstance(connect(), RedisCluster)
    assert connect().set("{a}b", 1)
