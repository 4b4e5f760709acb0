"""The registers of one region."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from fleetcore.domain.digests import Digest, Sum
from fleetcore.domain.facts import Fact, Version
from fleetcore.domain.tombstones import Tombstone


class Held(NamedTuple):
    """Which version of a vehicle a region holds."""

    vehicle_id: str
    version: Version


class Registers(Protocol):
    """The winner of each vehicle in one region, with digests that every change keeps true.

    A register and the sums it is part of change in one atomic step, with the cursor. Every
    method raises `StorageUnavailable`.
    """

    @abstractmethod
    def cursor(self) -> int:
        """How far the registers have followed the region's log; 0 if they never did."""
        raise NotImplementedError

    @abstractmethod
    def merge(self, facts: Sequence[Fact], cursor: int | None = None, since: int = 0) -> int:
        """Keep, a vehicle, the winner of what is held and `facts`; how many registers changed.

        By the one order: a stale fact never wins, an equal one is nothing, and a forgotten
        vehicle stays forgotten. The cursor (None: as it is) is saved in the same step; a smaller
        one than is held changes no cursor. `since` is the cursor that the facts came behind: one
        held before it, because the registers were cleared meanwhile, stays where it is.
        """
        raise NotImplementedError

    @abstractmethod
    def bury(self, tombstones: Sequence[Tombstone]) -> int:
        """Put tombstones in the place of the registers; how many were new. The first stays."""
        raise NotImplementedError

    @abstractmethod
    def replace(self, old: Fact, new: Fact) -> bool:
        """Put `new` in the place of a register that is, field by field, `old`; whether it was.

        Both are of one vehicle. The order of versions is not asked: it is for registers that are
        corrupt.
        """
        raise NotImplementedError

    @abstractmethod
    def read(self, vehicle_ids: Collection[str]) -> tuple[Fact, ...]:
        """The registers of those vehicles that are known, by vehicle id."""
        raise NotImplementedError

    @abstractmethod
    def scan(self, buckets: Collection[int] | None = None) -> Iterator[Fact]:
        """Every register of these buckets (None: all) once, in no order to rely on.

        Of what is merged meanwhile it is either the old or the new one.
        """
        raise NotImplementedError

    @abstractmethod
    def digest(self) -> Digest:
        """The sums of buckets and cities at one moment."""
        raise NotImplementedError

    @abstractmethod
    def leaves(self, buckets: Collection[int]) -> Mapping[int, Sum]:
        """The sums of the leaves of these buckets, by leaf, at one moment; empty ones left out."""
        raise NotImplementedError

    @abstractmethod
    def fingerprints(self, leaves: Collection[int]) -> Mapping[int, Collection[int]]:
        """The fingerprints of the registers of these leaves, by leaf; empty ones left out."""
        raise NotImplementedError

    @abstractmethod
    def held(self, fingerprints: Mapping[int, Collection[int]]) -> tuple[Held, ...]:
        """The versions of the registers with these fingerprints, given by leaf; by vehicle id.

        Those that no register has any more are left out.
        """
        raise NotImplementedError

    @abstractmethod
    def recount(self, buckets: Collection[int] | None = None) -> tuple[int, ...]:
        """Sum registers and tombstones anew and put the sums right; the leaves that were wrong.

        In one atomic step; only a store that was damaged has wrong ones. Without `buckets` it is
        done for all, and for cities too.
        """
        raise NotImplementedError

    @abstractmethod
    def tombstones(self, leaves: Collection[int] | None = None) -> tuple[Tombstone, ...]:
        """The tombstones of these leaves (None: all), by key."""
        raise NotImplementedError

    @abstractmethod
    def clear(self) -> None:
        """Forget every register, sum and tombstone, and the cursor: to be built from the log."""
        raise NotImplementedError
