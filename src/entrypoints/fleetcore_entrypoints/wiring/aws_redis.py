"""What a fleet on AWS keeps in Redis."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from fleetcore.ports.seen_window import SeenWindow
from fleetcore.ports.telemeter import Telemeter
from fleetcore_adapters.aws.clients import Clients
from fleetcore_adapters.resilience.policy import Policy
from fleetcore_entrypoints.options import metadata_in
from fleetcore_entrypoints.wiring.aws_config import AwsConfig

if TYPE_CHECKING:
    from fleetcore_adapters.redis.clients import Connect
    from fleetcore_adapters.redis.vehicles import CachedVehicles

_DOCUMENT_TIMEOUT_S: Final = 2.0
"""Vehicles' metadata may be many MB."""


class RedisCaches:
    """What a fleet keeps in Redis: two caches behind one breaker."""

    def __init__(self, config: AwsConfig, clients: Clients, telemeter: Telemeter) -> None:
        from fleetcore_adapters.redis.seen_window import IMPATIENT

        self._config = config
        self._clients = clients
        self._telemeter = telemeter
        self._policy = Policy("Redis", IMPATIENT)

    def seen_window(self) -> SeenWindow:
        """What saves the log looks."""
        from fleetcore_adapters.redis.seen_window import RedisSeenWindow

        return RedisSeenWindow(self._connect(), self._telemeter, self._policy)

    def vehicles(self, url: str, fetch: Callable[[], bytes]) -> CachedVehicles:
        """The vehicles' metadata behind a URL."""
        from fleetcore_adapters.redis.vehicles import CachedVehicles

        return CachedVehicles(
            self._connect(_DOCUMENT_TIMEOUT_S),
            url,
            fetch,
            lambda content: metadata_in(content, url).directory,
            telemeter=self._telemeter,
            policy=self._policy,
        )

    def _connect(self, timeout_s: float | None = None) -> Connect:
        from fleetcore_adapters.redis.clients import TIMEOUT_S, TokenCredentials, connecting

        config = self._config
        credentials = None
        if config.redis_user is not None and config.redis_iam_cache is not None:
            from fleetcore_adapters.aws.elasticache_token import elasticache_token

            session = self._clients.session
            token = elasticache_token(session, config.redis_iam_cache, config.redis_user)
            credentials = TokenCredentials(config.redis_user, token)
        return connecting(
            config.redis_url or "", credentials=credentials, timeout_s=timeout_s or TIMEOUT_S
        )


def redis_caches(config: AwsConfig, clients: Clients, telemeter: Telemeter) -> RedisCaches | None:
    """None where a fleet has no Redis."""
    return None if config.redis_url is None else RedisCaches(config, clients, telemeter)
