"""Digests: small sums over many registers; equal digests, equal registers.

The word of a register is its fact's fingerprint through the splitmix64 finaliser once more, so
that it is none of the words the fingerprint itself was summed from. Sums are modulo 2**64: they
do not depend on order, and a merge changes them by the difference of two words. A vehicle's leaf
is the lowest bits of its id's hash; a bucket is `LEAVES_A_BUCKET` leaves.

A tombstone stands in the place of a forgotten vehicle's register, with a word of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from fleetcore.domain.fingerprint import GAMMA, MASK, mix, text_bits

BUCKETS: Final = 1024
LEAVES_A_BUCKET: Final = 16
LEAVES: Final = BUCKETS * LEAVES_A_BUCKET


@frozen(slots=True)
class Sum:
    """How many registers, and the sum of their words (unsigned 64 bits)."""

    count: int = 0
    words: int = 0

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.count + other.count, (self.words + other.words) & MASK)


@frozen(kw_only=True, slots=True)
class Digest:
    """One region's registers in brief.

    `buckets` has the sum of each bucket that is not empty, tombstones included; `cities` that of
    each city the registers report, `""` for none, without tombstones.
    """

    buckets: Mapping[int, Sum] = field(factory=dict)
    cities: Mapping[str, Sum] = field(factory=dict)

    @property
    def registers(self) -> int:
        """All registers and tombstones."""
        return sum(each.count for each in self.buckets.values())


def leaf_of(vehicle_id: str) -> int:
    """The leaf a vehicle's register belongs to, from 0."""
    return text_bits(vehicle_id.encode()) % LEAVES


def bucket_of(leaf: int) -> int:
    """The bucket a leaf belongs to."""
    return leaf // LEAVES_A_BUCKET


def word_of(fingerprint: int) -> int:
    """What the register with this fact adds to its sums."""
    return mix((fingerprint + GAMMA) & MASK)
