"""A document that is costly to fetch, kept in Redis."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Final, TypeVar
from uuid import uuid4

from attrs import frozen

from fleetcore.errors import FleetcoreError, StorageUnavailable
from fleetcore.ports.telemeter import Telemeter
from fleetcore_adapters.redis.clients import Client, Connect
from fleetcore_adapters.redis.redis_errors import translated
from fleetcore_adapters.resilience.policy import Policy

T = TypeVar("T")

FRESH_S: Final = 3600
"""So long a document is served without a look at its source, less a random tenth: what was
fetched at once is not fetched again at once."""

KEPT_S: Final = 24 * 3600
"""So long it is served where its source fails."""

LEASE_S: Final = 60
"""So long one caller fetches alone; after a failure, so long nobody does."""

POLL_S: Final = 0.1
POLLS: Final = 50
"""Callers that have nothing to serve wait 5 s for the one that fetches."""

_RELEASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('UNLINK', KEYS[1]) end
"""
"""Lets go of the lock, unless its lease is over and it is somebody else's."""


@frozen(slots=True)
class _Held:
    content: bytes | None
    is_fresh: bool


_NOTHING: Final = _Held(None, is_fresh=False)


class CachedDocument:
    """Serves one document: fresh from Redis, else fetched by one caller at a time.

    While one fetches, and where the source fails, the others serve what was fetched before.
    Where Redis is away the source is asked each time (`DocumentCacheUnavailable` is measured);
    `StaleDocument` counts failures of the source that nobody noticed.
    """

    def __init__(
        self,
        connect: Connect,
        source: str,
        fetch: Callable[[], bytes],
        telemeter: Telemeter,
        policy: Policy,
        *,
        sleep: Callable[[float], None],
        random: Callable[[], float],
    ) -> None:
        """`source` names the document; only a hash of it becomes a key."""
        self._connect = connect
        self._fetch = fetch
        self._telemeter = telemeter
        self._policy = policy
        self._sleep = sleep
        self._random = random
        self._key = f"fleetcore:document:{{{blake2b(source.encode(), digest_size=16).hexdigest()}}}"

    def read(self) -> bytes:
        """The document. Raises what `fetch` raises where there is nothing to serve instead."""
        held = self._held()
        if held.content is not None and held.is_fresh:
            return held.content
        owner = uuid4().hex
        if not self._locked(owner):
            others = held.content if held.content is not None else self._awaited()
            return self._fetch() if others is None else others
        return self._refreshed(owner)

    def _refreshed(self, owner: str) -> bytes:
        """The document, fetched by the owner of the lock unless another just did so."""
        held = self._held()
        if held.content is not None and held.is_fresh:
            self._release(owner)
            return held.content
        try:
            content = self._fetch()
        except FleetcoreError:
            if held.content is None:
                self._release(owner)
                raise
            # The lock stays: the source is left alone until its lease is over.
            self._count("StaleDocument")
            return held.content
        self._keep(content)
        self._release(owner)
        return content

    def _awaited(self) -> bytes | None:
        """What another caller fetches meanwhile; None if that takes too long."""
        for _ in range(POLLS):
            self._sleep(POLL_S)
            held = self._held()
            if held.content is not None:
                return held.content
        return None

    def _held(self) -> _Held:
        def get(client: Client) -> _Held:
            content, is_fresh = client.mget([self._key, f"{self._key}:fresh"])
            return _Held(content if isinstance(content, bytes) else None, is_fresh is not None)

        return self._asked(get, _NOTHING)

    def _keep(self, content: bytes) -> None:
        fresh_ms = round(FRESH_S * 1000 * (1 - 0.1 * self._random()))

        def put(client: Client) -> None:
            # In this order: what is called fresh is there.
            client.set(self._key, content, ex=KEPT_S)
            client.set(f"{self._key}:fresh", b"", px=fresh_ms)

        self._asked(put, None)

    def _locked(self, owner: str) -> bool:
        """Whether this caller may fetch: any may where Redis is away."""
        return self._asked(
            lambda client: client.set(f"{self._key}:lock", owner, nx=True, ex=LEASE_S) is not None,
            True,
        )

    def _release(self, owner: str) -> None:
        self._asked(lambda client: client.eval(_RELEASE, 1, f"{self._key}:lock", owner), None)

    def _asked(self, ask: Callable[[Client], T], otherwise: T) -> T:
        """What Redis answers; `otherwise` where it is away."""

        def call() -> T:
            with translated("Redis"):
                return ask(self._connect())

        try:
            return self._policy.call(call)
        except StorageUnavailable:
            self._count("DocumentCacheUnavailable")
            return otherwise

    def _count(self, metric: str) -> None:
        self._telemeter.measure({metric: (1, "Count")}, {"Dependency": "Redis"})
