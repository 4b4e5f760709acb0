"""Digests: small sums over many registers; equal digests, equal registers.

The word of a register is its fact's fingerprint through the splitmix64 finaliser once more, so
that it is none of the words the fingerprint itself was summed from. Sums are modulo 2**64: they
do not depend on order, and a merge changes them by the difference of two words. A vehicle's leaf
is the lowest bits of its id's hash; a bucket is `LEAVES_A_BUCKET` leaves.

A tombstone stands in the place of a forgotten vehicle's register, with a word of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, MutableSequence
from itertools import compress
from typing import Final, NamedTuple

from attrs import Factory, define, field, frozen

from fleetcore.domain.facts import Fact
from fleetcore.domain.fingerprint import GAMMA, MASK, mix, text_bits

BUCKETS: Final = 1024
LEAVES_A_BUCKET: Final = 16
LEAVES: Final = BUCKETS * LEAVES_A_BUCKET


class Sum(NamedTuple):
    """How many registers, and the sum of their words (unsigned 64 bits).

    A named tuple, because every look makes and compares tens of thousands.
    """

    registers: int = 0
    words: int = 0

    def plus(self, registers: int, word: int) -> Sum:
        """With more registers; what is added may be less than nothing."""
        return Sum(self.registers + registers, (self.words + word) & MASK)


_EMPTY: Final = Sum()


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
        return sum(each.registers for each in self.buckets.values())


def leaf_of(vehicle_id: str) -> int:
    """The leaf a vehicle's register belongs to, from 0."""
    return text_bits(vehicle_id.encode()) % LEAVES


def bucket_of(leaf: int) -> int:
    """The bucket a leaf belongs to."""
    return leaf // LEAVES_A_BUCKET


def word_of(fingerprint: int) -> int:
    """What the register with this fact adds to its sums."""
    return mix((fingerprint + GAMMA) & MASK)


@define(kw_only=True, slots=True)
class Sums:
    """The sums of all leaves, and of cities, while registers change; both lists have `LEAVES`."""

    counts: MutableSequence[int] = Factory(lambda: [0] * LEAVES)
    words: MutableSequence[int] = Factory(lambda: [0] * LEAVES)
    cities: dict[str, Sum] = field(factory=dict)

    def change(self, leaf: int, count: int, word: int) -> None:
        """Add to a leaf what may be less than nothing."""
        self.counts[leaf] += count
        self.words[leaf] = (self.words[leaf] + word) & MASK

    def add(self, leaf: int, fact: Fact) -> None:
        """Count a register in."""
        word = word_of(fact.fingerprint)
        self.change(leaf, 1, word)
        self.change_city(fact.city, 1, word)

    def remove(self, leaf: int, fact: Fact) -> None:
        """Count a register out."""
        word = word_of(fact.fingerprint)
        self.change(leaf, -1, -word)
        self.change_city(fact.city, -1, -word)

    def change_city(self, city: str | None, count: int, word: int) -> None:
        """Add to a city what may be less than nothing; a city without registers is none."""
        held = self.cities.get(city or "", _EMPTY)
        changed = held.plus(count, word)
        if changed == _EMPTY:
            self.cities.pop(city or "", None)
        else:
            self.cities[city or ""] = changed

    def leaves(self, buckets: Iterable[int]) -> dict[int, Sum]:
        """The sums of the leaves of these buckets, by leaf; empty ones left out."""
        found = ((leaf, Sum(self.counts[leaf], self.words[leaf])) for leaf in leaves_of(buckets))
        return {leaf: each for leaf, each in found if each != _EMPTY}

    def put_right(self, counted: Sums, buckets: Collection[int] | None) -> tuple[int, ...]:
        """Take over what was `counted` in these buckets (None: in all, and cities); what differed.

        The leaves are given in order.
        """
        # Whole buckets first: hardly ever is one wrong.
        suspect = [
            bucket
            for bucket in (range(BUCKETS) if buckets is None else buckets)
            if self._bucket(bucket) != counted._bucket(bucket)
        ]
        wrong = tuple(
            leaf
            for leaf in leaves_of(suspect)
            if (self.counts[leaf], self.words[leaf]) != (counted.counts[leaf], counted.words[leaf])
        )
        for leaf in wrong:
            self.counts[leaf], self.words[leaf] = counted.counts[leaf], counted.words[leaf]
        if buckets is None:
            self.cities = counted.cities
        return wrong

    def digest(self) -> Digest:
        """What they say in brief."""
        filled = {*map(bucket_of, compress(range(LEAVES), self.counts))}
        filled.update(map(bucket_of, compress(range(LEAVES), self.words)))
        buckets = {}
        for bucket in sorted(filled):
            counts, words = self._bucket(bucket)
            buckets[bucket] = Sum(sum(counts), sum(words) & MASK)
        return Digest(buckets=buckets, cities=dict(self.cities))

    def _bucket(self, bucket: int) -> tuple[list[int], list[int]]:
        leaves = slice(bucket * LEAVES_A_BUCKET, (bucket + 1) * LEAVES_A_BUCKET)
        return list(self.counts[leaves]), list(self.words[leaves])


def leaves_of(buckets: Iterable[int]) -> Iterator[int]:
    """The leaves of these buckets, once each and in order."""
    for bucket in sorted(set(buckets)):
        yield from range(bucket * LEAVES_A_BUCKET, (bucket + 1) * LEAVES_A_BUCKET)
