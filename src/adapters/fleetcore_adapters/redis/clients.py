"""Clients of Redis and Valkey, from a URL."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis import Redis, RedisCluster
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.credentials import CredentialProvider
from redis.exceptions import ConnectionError as ConnectionCut
from redis.exceptions import ReadOnlyError
from redis.exceptions import TimeoutError as NoAnswer
from redis.retry import Retry

from fleetcore.errors import InvalidConfiguration

Client: TypeAlias = Redis | RedisCluster
Connect: TypeAlias = Callable[[], Client]
"""The client, made when it is first asked for: a cluster's asks for its slots then."""

TIMEOUT_S: Final = 0.25
"""For each answer: a cache that takes longer costs more than it saves."""

CONNECT_TIMEOUT_S: Final = 1.0
"""To connect, at the least: that is seldom, and a server that is busy is slow to accept."""

OPTIONS: Final = frozenset(
    {
        *("cluster", "db", "client_name"),
        *("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"),
    }
)
"""What may stand behind the `?` of a URL: `cluster`, and parameters of redis-py."""

_YES: Final = frozenset({"true", "1", "yes"})


class TokenCredentials(CredentialProvider):
    """A user whose password is a token of a short life, made for each new connection."""

    def __init__(self, user: str, token: Callable[[], str]) -> None:
        self._user = user
        self._token = token

    def get_credentials(self) -> tuple[str, str]:
        """The user, and a token that is valid now."""
        return self._user, self._token()


def connecting(
    url: str, *, credentials: CredentialProvider | None = None, timeout_s: float = TIMEOUT_S
) -> Connect:
    """How to connect to `redis://`, `rediss://` (TLS) or `unix://`; `?cluster=true`: a cluster.

    An answer may take `timeout_s`. No call is tried twice here: the policy of calls decides that.
    Raises `InvalidConfiguration` for a URL that cannot be used.
    """
    plain_url, is_cluster = _understood(url)
    kind = RedisCluster if is_cluster else Redis

    @cache
    def connect() -> Client:
        # A primary that became a replica refuses writes on connections that stay open. An error
        # that the client may retry, even no times, closes them, and the name is looked up anew.
        retry = Retry(NoBackoff(), 0, (ConnectionCut, NoAnswer, ReadOnlyError))
        return kind.from_url(
            plain_url,
            credential_provider=credentials,
            socket_timeout=timeout_s,
            socket_connect_timeout=max(timeout_s, CONNECT_TIMEOUT_S),
            retry=retry,
        )

    return connect


def _understood(url: str) -> tuple[str, bool]:
    """The URL as redis-py takes it, and whether a cluster is behind it."""
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        unknown = sorted(options.keys() - OPTIONS)
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not one of {', '.join(sorted(OPTIONS))}")
        is_cluster = options.pop("cluster", "no").lower() in _YES
        plain_url = urlunsplit(parts._replace(query=urlencode(options)))
        parse_url(plain_url)  # type: ignore[no-untyped-call]
    except ValueError as error:
        # The URL itself may hold a password.
        raise InvalidConfiguration(f"the URL of Redis cannot be used: {error}") from None
    return plain_url, is_cluster
