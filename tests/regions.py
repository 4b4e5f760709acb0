"""Regions in memory, and facts for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

from attrs import field, frozen

from fleetcore.application.hosting import HostedRegion
from fleetcore.domain.digests import leaf_of
from fleetcore.domain.facts import Fact, fact_of
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.errors import RegionUnreachable
from fleetcore.ports.region import Region
from fleetcore_adapters.links.addresses import Address
from fleetcore_adapters.links.client import LinkedRegion
from fleetcore_adapters.links.server import RegionServer
from fleetcore_adapters.memory.links import MemoryLinks
from fleetcore_adapters.memory.live_engine import MemoryLiveEngine
from fleetcore_adapters.memory.location_log import MemoryLog
from fleetcore_adapters.memory.object_store import MemoryObjectStore
from fleetcore_adapters.memory.registers import MemoryRegisters

T0: Final = 1_700_000_000_000
LOOPBACK: Final = Address("127.0.0.1", 0)


@frozen(kw_only=True, slots=True)
class MemoryRegion:
    """A region and what it stands on."""

    region: HostedRegion
    registers: MemoryRegisters
    log: MemoryLog
    links: MemoryLinks = field(factory=MemoryLinks)

    def take_in(self, facts: Sequence[Fact], ingestion: str = "live-1") -> None:
        """Take events in as a listener does, and follow the log."""
        self.log.append_batches(MemoryLiveEngine().encoded(facts, ingestion))
        self.registers.merge(facts)


def memory_region(name: str) -> MemoryRegion:
    """A region that holds nothing."""
    registers, log = MemoryRegisters(), MemoryLog(MemoryObjectStore())
    region = HostedRegion(
        name, registers=registers, log=log, history=log, engine=MemoryLiveEngine()
    )
    return MemoryRegion(region=region, registers=registers, log=log)


def fact(
    vehicle_id: str = "cab-1",
    at: int = 0,
    *,
    latitude: float = 48.1,
    longitude: float = 11.5,
    speed_kmh: float | None = None,
    accuracy_m: float | None = None,
    city: str | None = None,
) -> Fact:
    """A genuine fact, `at` ms after a fixed instant."""
    return fact_of(
        LocationEvent(
            vehicle_id=vehicle_id,
            observed_at=T0 + at,
            latitude=latitude,
            longitude=longitude,
            speed_kmh=speed_kmh,
            accuracy_m=accuracy_m,
            city=city,
        )
    )


def forged(genuine: Fact) -> Fact:
    """The same version with another content."""
    return genuine._replace(latitude=genuine.latitude + 1)


def tombstone(vehicle_id: str, at_ms: int = T0) -> Tombstone:
    """What is left of a vehicle."""
    return Tombstone(key=key_of(vehicle_id), leaf=leaf_of(vehicle_id), forgotten_at_ms=at_ms)


class Silent:
    """A region that answers nothing more from its `after`-th question on."""

    def __init__(self, region: Region, after: int = 0) -> None:
        self._region = region
        self._left = after

    def __getattr__(self, name: str) -> object:
        if name == "name":
            return self._region.name
        if self._left <= 0:
            raise RegionUnreachable(f"region {self._region.name!r} does not answer")
        self._left -= 1
        return getattr(self._region, name)


@contextmanager
def linked(
    regions: Iterable[Region], secret: bytes = b"secret"
) -> Iterator[tuple[LinkedRegion, ...]]:
    """The regions behind servers on free ports of this machine."""
    with ExitStack() as stack:
        found: list[LinkedRegion] = []
        for region in regions:
            server = stack.enter_context(RegionServer(region, LOOPBACK, secret))
            client = LinkedRegion(region.name, server.address, secret)
            stack.callback(client.close)
            found.append(client)
        yield tuple(found)
