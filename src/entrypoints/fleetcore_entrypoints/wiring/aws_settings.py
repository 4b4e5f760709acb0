"""How a fleet on AWS reads and judges files: its configuration, its vehicles' metadata."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

from fleetcore.application.fleet_file import FleetConfig, fleet_config
from fleetcore.application.ingesting import Metadata, Request
from fleetcore.errors import InvalidConfiguration
from fleetcore.ports.object_store import ObjectStore
from fleetcore.ports.vehicle_directory import VehicleDirectory
from fleetcore_entrypoints.options import content_at, metadata_in
from fleetcore_entrypoints.wiring.aws_config import SIZES, AwsConfig
from fleetcore_entrypoints.wiring.aws_redis import RedisCaches


def requests_of(
    config: AwsConfig,
    document: Callable[[str], bytes],
    redis: RedisCaches | None,
    objects: ObjectStore,
) -> Callable[[], Request]:
    """How files are read and judged: the configuration once, the vehicles as they are now."""

    @cache
    def configured() -> FleetConfig:
        if config.config is None:
            return FleetConfig()
        try:
            return fleet_config(document(config.config).decode(), config.config)
        except UnicodeDecodeError as error:
            raise InvalidConfiguration(f"{config.config}: the file is not UTF-8: {error}") from None

    metadata = _metadata(config.vehicles, document, redis, objects)

    def request() -> Request:
        told = configured()
        return Request(
            reading=told.reading, settings=told.settings, metadata=metadata(), sizes=SIZES
        )

    return request


def _metadata(
    url: str | None,
    document: Callable[[str], bytes],
    redis: RedisCaches | None,
    objects: ObjectStore,
) -> Callable[[], Metadata | None]:
    """The vehicles as they are now, kept for whoever goes on with what they begin to judge."""
    if url is None:
        return lambda: None

    def fetch() -> bytes:
        return content_at(url, document)

    @lru_cache(maxsize=1)
    def kept(content: bytes) -> Metadata:
        metadata = metadata_in(content, url.partition("?")[0])
        objects.put_if_absent(_key_of(metadata.content_id), content)
        return metadata

    read = cache(fetch) if redis is None else redis.vehicles(url, fetch).content
    return lambda: kept(read())


def directories_in(objects: ObjectStore) -> Callable[[str], VehicleDirectory]:
    """The vehicles' metadata that an ingestion was begun with, by its content id."""

    @lru_cache(maxsize=1)
    def directory(content_id: str) -> VehicleDirectory:
        key = _key_of(content_id)
        return metadata_in(objects.get(key), key).directory

    return directory


def _key_of(content_id: str) -> str:
    """Where vehicles' metadata is kept: `metadata/<hex>` for `sha256:<hex>`."""
    return f"metadata/{content_id.rpartition(':')[2]}"
