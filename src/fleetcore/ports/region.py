"""A region as others see it, near or far."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from fleetcore.domain.digests import Digest, Sum
from fleetcore.domain.facts import Fact
from fleetcore.domain.tombstones import Tombstone
from fleetcore.ports.live_log import Batches
from fleetcore.ports.registers import Held


class Region(Protocol):
    """What a region answers to those who compare it with others, mend it, or copy its log.

    Every method raises `RegionUnreachable` where no answer comes in time: then it may have been
    carried out, and carrying it out again is safe.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """What the region is called; never raises."""
        raise NotImplementedError

    @abstractmethod
    def digest(self) -> Digest:
        """See `Registers.digest`."""
        raise NotImplementedError

    @abstractmethod
    def leaves(self, buckets: Collection[int]) -> Mapping[int, Sum]:
        """See `Registers.leaves`."""
        raise NotImplementedError

    @abstractmethod
    def held(self, leaves: Collection[int]) -> tuple[Held, ...]:
        """See `Registers.held`."""
        raise NotImplementedError

    @abstractmethod
    def tombstones(self, leaves: Collection[int]) -> tuple[Tombstone, ...]:
        """See `Registers.tombstones`."""
        raise NotImplementedError

    @abstractmethod
    def read(self, vehicle_ids: Collection[str]) -> tuple[Fact, ...]:
        """See `Registers.read`; what is not genuine is among it."""
        raise NotImplementedError

    @abstractmethod
    def mend(self, facts: Sequence[Fact], run: str) -> int:
        """Take facts in: into the log, then by the ordinary merge; how many registers changed.

        What is not genuine is left out. `run` names the consistency run that asks for it.
        """
        raise NotImplementedError

    @abstractmethod
    def replace(self, old: Fact, new: Fact) -> bool:
        """See `Registers.replace`; `new` is genuine."""
        raise NotImplementedError

    @abstractmethod
    def bury(self, tombstones: Sequence[Tombstone]) -> int:
        """Forget these vehicles here too; how many were new."""
        raise NotImplementedError

    @abstractmethod
    def batches_since(self, cursor: int, limit: int) -> Batches:
        """See `LiveLog.batches_since`."""
        raise NotImplementedError
