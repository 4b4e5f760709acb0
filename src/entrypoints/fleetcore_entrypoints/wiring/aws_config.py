"""Which fleet on AWS: the names of its resources, from the environment's variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

from attrs import fields, frozen

from fleetcore.domain.ingestion_events import Sizes
from fleetcore.errors import InvalidConfiguration

SIZES: Final = Sizes(block_bytes=1 << 20, blocks_per_chunk=1)
"""A chunk is a part or two, and a part is what a Lambda stores in one run: some 10,000 rows."""

_PREFIX: Final = "FLEETCORE_"


@frozen(kw_only=True, slots=True)
class AwsConfig:
    """The resources of one fleet; each attribute is the variable `FLEETCORE_<NAME>`.

    Queues are URLs. `uploads_queue` takes the continuations of long files. `vehicles` is the URL
    of the vehicles' metadata (`https:`, `http:` or `s3://bucket/key`), `config` that of a
    `fleet.toml` in S3. `log_ttl_days` is how long after it was observed an event stays in the
    log table. With `redis_iam_cache`, the name of the cache, `redis_user` logs in by IAM tokens.
    """

    bucket: str
    log_table: str
    streams_table: str
    views_table: str
    parts_table: str
    moving_queue: str
    idle_queue: str
    moving_dead_queue: str
    idle_dead_queue: str
    uploads_queue: str | None = None
    redis_url: str | None = None
    redis_user: str | None = None
    redis_iam_cache: str | None = None
    vehicles: str | None = None
    config: str | None = None
    log_ttl_days: int | None = None
    alerts_topic: str | None = None
    kms_key: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.log_ttl_days is not None and self.log_ttl_days < 1:
            raise InvalidConfiguration(
                f"{_PREFIX}LOG_TTL_DAYS: {self.log_ttl_days} is no number of days above 0"
            )
        if (self.redis_user is None) != (self.redis_iam_cache is None):
            raise InvalidConfiguration(
                f"{_PREFIX}REDIS_USER and {_PREFIX}REDIS_IAM_CACHE need each other"
            )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """The fleet that these variables name; an empty one is not set.

        Raises `InvalidConfiguration` that names every variable which is missing, or the one
        that cannot be used.
        """
        said = {
            each.name: environment.get(_PREFIX + each.name.upper(), "").strip()
            for each in fields(cls)
        }
        missing = [
            _PREFIX + each.name.upper()
            for each in fields(cls)
            if each.default is not None and not said[each.name]
        ]
        if missing:
            raise InvalidConfiguration(
                f"{', '.join(missing)}: not set; they name the resources of a fleet on AWS "
                "(docs/aws.md)"
            )
        days = said.pop("log_ttl_days")
        if days and not days.isdecimal():
            raise InvalidConfiguration(f"{_PREFIX}LOG_TTL_DAYS: {days!r} is no number of days")
        texts = {name: text for name, text in said.items() if text}
        return cls(**texts, log_ttl_days=int(days) if days else None)
