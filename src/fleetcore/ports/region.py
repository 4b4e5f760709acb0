"""A region as others see it, near or far."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from attrs import frozen

from fleetcore.domain.digests import Digest, Sum
from fleetcore.domain.facts import Fact
from fleetcore.domain.tombstones import Tombstone
from fleetcore.ports.live_log import Batches
from fleetcore.ports.registers import Held


@frozen(kw_only=True, slots=True)
class Recount:
    """What a region found when it went through some of its own registers.

    `corrupt` are the vehicles whose payload is not what its fingerprint says; `untrue` the
    leaves whose sums are not those of what they hold.
    """

    registers: int
    corrupt: tuple[str, ...]
    untrue: tuple[int, ...]


class Region(Protocol):
    """What a region answers to those who compare it with others, mend it, or copy its log.

    Every method raises `RegionUnreachable` where no answer comes in time: then it may have been
    carried out, and carrying it out again is safe. Two answers are of two moments: what changes
    in between may be in one and not in the other.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """What the region is called; never raises."""
        raise NotImplementedError

    @abstractmethod
    def digest(self) -> Digest:
        """The sums of buckets: see `Registers.digest`. Cities are left out, so it stays small."""
        raise NotImplementedError

    @abstractmethod
    def cities(self) -> Mapping[str, Sum]:
        """The sum of each city the registers report, `""` for none; as many as there are."""
        raise NotImplementedError

    @abstractmethod
    def leaves(self, buckets: Collection[int]) -> Mapping[int, Sum]:
        """See `Registers.leaves`."""
        raise NotImplementedError

    @abstractmethod
    def fingerprints(self, leaves: Collection[int]) -> Mapping[int, Collection[int]]:
        """See `Registers.fingerprints`."""
        raise NotImplementedError

    @abstractmethod
    def held(self, fingerprints: Mapping[int, Collection[int]]) -> tuple[Held, ...]:
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
    def logged(self, vehicle_ids: Collection[str]) -> tuple[Fact, ...]:
        """The winner of each of these vehicles in the region's log, by vehicle id: slower."""
        raise NotImplementedError

    @abstractmethod
    def recount(self, part: int, parts: int) -> Recount:
        """Go through the `part`-th (from 0) of `parts` equal parts of the buckets.

        One part is all of them: then the sums of cities are counted anew, too.
        """
        raise NotImplementedError

    @abstractmethod
    def mend(self, facts: Sequence[Fact], run: str) -> int:
        """Take facts in: into the log, then by the ordinary merge; how many registers changed.

        What is not genuine is left out. `run` names the consistency run that asks for it.
        """
        raise NotImplementedError

    @abstractmethod
    def replace(self, old: Fact, new: Fact) -> bool:
        """See `Registers.replace`; a `new` that is not genuine, or of another vehicle, is not."""
        raise NotImplementedError

    @abstractmethod
    def bury(self, tombstones: Sequence[Tombstone]) -> int:
        """Forget these vehicles here too; how many were new.

        The first instant that the log was told stays, for the registers too.
        """
        raise NotImplementedError

    @abstractmethod
    def batches_since(self, cursor: int, limit: int) -> Batches:
        """See `LiveLog.batches_since`."""
        raise NotImplementedError
