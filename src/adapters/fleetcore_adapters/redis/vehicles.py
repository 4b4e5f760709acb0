"""Vehicles' metadata that lies elsewhere, cached in Redis."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

from attrs import frozen

from fleetcore.domain.vehicles import Vehicle
from fleetcore.errors import StorageUnavailable
from fleetcore.ports.telemeter import Telemeter
from fleetcore.ports.vehicle_directory import VehicleDirectory
from fleetcore_adapters.redis.clients import Connect
from fleetcore_adapters.redis.documents import CachedDocument
from fleetcore_adapters.redis.seen_window import IMPATIENT
from fleetcore_adapters.resilience.policy import Policy

LOOK_AGAIN_S: Final = 60.0
"""So long a process goes on with what it has read, before it looks into the cache again."""


@frozen(slots=True)
class _Read:
    content: bytes
    directory: VehicleDirectory
    until_s: float


class CachedVehicles(VehicleDirectory):
    """The vehicles of one document, `metadata_api.json` for example, as of the last hour.

    `fetch` gets the document from its source, called `source`; `parse` reads it and raises
    `InvalidInput` where it is no list of vehicles: then the one before is served, if there is
    one. See `CachedDocument`.
    """

    def __init__(
        self,
        connect: Connect,
        source: str,
        fetch: Callable[[], bytes],
        parse: Callable[[bytes], VehicleDirectory],
        *,
        telemeter: Telemeter,
        policy: Policy | None = None,
        now_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        def checked() -> bytes:
            content = fetch()
            parse(content)
            return content

        self._parse = parse
        self._now_s = now_s
        self._read: _Read | None = None
        self._document = CachedDocument(
            connect,
            source,
            checked,
            telemeter,
            policy or Policy("Redis", IMPATIENT),
            sleep=sleep,
            random=random,
        )

    def content(self) -> bytes:
        """The whole document: what pins an ingestion's metadata. Raises what `fetch` raises."""
        return self._document.read()

    def find(self, vehicle_ids: Collection[str]) -> Mapping[str, Vehicle]:
        """See `VehicleDirectory.find`; `InvalidInput` where no document was ever readable."""
        return self._directory().find(vehicle_ids)

    def _directory(self) -> VehicleDirectory:
        read = self._read
        if read is not None and self._now_s() < read.until_s:
            return read.directory
        try:
            content = self.content()
        except StorageUnavailable:
            if read is None:
                raise
            content = read.content
        same = read is not None and read.content == content
        directory = read.directory if read is not None and same else self._parse(content)
        self._read = _Read(content, directory, self._now_s() + LOOK_AGAIN_S)
        return directory
