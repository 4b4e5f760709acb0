"""Looks at what regions hold: the first notes what differs, the second says who has drifted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from attrs import field, frozen

from fleetcore.application.panel import Panel
from fleetcore.domain.digests import LEAVES_A_BUCKET
from fleetcore.domain.drift import (
    Drifted,
    Noted,
    NotedTombstone,
    asked,
    contested,
    differing,
    differing_leaves,
    noted,
    noted_tombstones,
    still_behind,
)
from fleetcore.domain.facts import Fact, is_genuine, version_of, winners_of
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.ports.region import Region

VEHICLES_A_READ: Final = 10_000
"""So many are asked for at once, so that no answer grows beyond what a link carries."""


@frozen(kw_only=True, slots=True)
class FirstLook:
    """What differed at `at_ms`: in flight or drifting, nobody can tell yet.

    Each of the `buckets` and `leaves` that differed had a vehicle that differed when it was asked
    for; by the time of the last answer some have arrived, and are not among `vehicles`.
    `corrupt` are vehicles by region, found by going through registers one by one; `untrue` counts
    leaves of a region whose sums were not those of its registers.
    """

    at_ms: int
    compared: tuple[str, ...]
    registers: int = 0
    buckets: int = 0
    leaves: int = 0
    vehicles: tuple[Noted, ...] = ()
    tombstones: tuple[NotedTombstone, ...] = ()
    corrupt: Mapping[str, tuple[str, ...]] = field(factory=dict)
    untrue: Mapping[str, int] = field(factory=dict)

    @property
    def is_alone(self) -> bool:
        """Whether no two regions answered, so that nothing was compared."""
        return len(self.compared) < 2

    @property
    def suspicious(self) -> bool:
        """Whether a second look is due."""
        return bool(self.vehicles or self.tombstones or any(self.corrupt.values()))


@frozen(kw_only=True, slots=True)
class SecondLook:
    """Who has drifted, and which tombstones regions still lack.

    `corrupt` are registers, by region, whose payload is not what their fingerprint says.
    """

    drifted: tuple[Drifted, ...] = ()
    tombstones: tuple[NotedTombstone, ...] = ()
    corrupt: Mapping[str, tuple[Fact, ...]] = field(factory=dict)


def first_look(panel: Panel, at_ms: int, recounted: tuple[int, int] | None = None) -> FirstLook:
    """Compare all registers of the regions that answer.

    `recounted` (part, parts) are gone through one by one as well, by each region itself.
    """

    def inside(
        region: Region, leaves: Collection[int]
    ) -> tuple[Mapping[int, Collection[int]], tuple[Tombstone, ...]]:
        # Regions wait for the slowest of them at every question, so these two are one.
        return region.fingerprints(leaves), region.tombstones(leaves)

    digests = panel.ask_all(lambda region: region.digest())
    buckets = differing({name: digest.buckets for name, digest in digests.items()})
    sums = panel.ask(asked(buckets), lambda region, wanted: region.leaves(wanted))
    leaves = differing_leaves(buckets, sums, LEAVES_A_BUCKET)
    found = panel.ask(asked(leaves), inside)
    fingerprints = {name: prints for name, (prints, _) in found.items()}
    tombstones = {name: graves for name, (_, graves) in found.items()}
    held = panel.ask(contested(leaves, fingerprints), lambda region, each: region.held(each))
    versions = {
        each.version[2]: (each.vehicle_id, each.version)
        for answer in held.values()
        for each in answer
    }
    keys = {each.key for answer in tombstones.values() for each in answer}
    forgotten = {
        vehicle_id for vehicle_id, _ in versions.values() if keys and key_of(vehicle_id) in keys
    }
    vehicles = noted(leaves, fingerprints, versions, forgotten)
    lacking = noted_tombstones(leaves, tombstones)
    # Last: a region that cannot count its registers anew has still been compared.
    recounts = (
        panel.ask_all(lambda region: region.recount(*recounted)) if recounted is not None else {}
    )
    return FirstLook(
        at_ms=at_ms,
        compared=tuple(sorted(digests)),
        registers=max((digest.registers for digest in digests.values()), default=0),
        buckets=len(buckets),
        leaves=len(leaves),
        vehicles=vehicles,
        tombstones=lacking,
        corrupt={name: each.corrupt for name, each in recounts.items() if each.corrupt},
        untrue={name: len(each.untrue) for name, each in recounts.items() if each.untrue},
    )


def second_look(panel: Panel, first: FirstLook) -> SecondLook:
    """Judge what a first look noted; the regions that do not answer are not judged."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for region, vehicle_ids in first.corrupt.items():
        wanted[region].update(vehicle_ids)
    for each in first.vehicles:
        for region in each.behind:
            wanted[region].add(each.vehicle_id)
    held = read(panel, wanted)
    corrupt = {region: _corrupt_in(facts.values()) for region, facts in held.items()}
    behind = still_behind(first.vehicles, held)
    winning = _winning(panel, [each for each in first.vehicles if each.vehicle_id in behind])
    for region, facts in winning.corrupt.items():
        corrupt[region] = {**corrupt.get(region, {}), **facts}
    return SecondLook(
        drifted=tuple(
            Drifted(region=region, winning=best, held=fact)
            for vehicle_id, regions in behind.items()
            if (best := winning.genuine.get(vehicle_id)) is not None
            for region in regions
            if vehicle_id not in corrupt[region]
            and (
                (fact := held[region].get(vehicle_id)) is None
                or version_of(fact) < version_of(best)
            )
        ),
        tombstones=lacking(panel, first.tombstones),
        corrupt={region: tuple(facts.values()) for region, facts in corrupt.items() if facts},
    )


def read(panel: Panel, wanted: Mapping[str, Collection[str]]) -> dict[str, dict[str, Fact]]:
    """What regions hold of the vehicles each is asked for, by vehicle."""

    def reading(region: Region, vehicle_ids: Collection[str]) -> dict[str, Fact]:
        ordered = sorted(vehicle_ids)
        return {
            fact.vehicle_id: fact
            for start in range(0, len(ordered), VEHICLES_A_READ)
            for fact in region.read(ordered[start : start + VEHICLES_A_READ])
        }

    return panel.ask({name: each for name, each in wanted.items() if each}, reading)


def lacking(panel: Panel, tombstones: Iterable[NotedTombstone]) -> tuple[NotedTombstone, ...]:
    """Those of the tombstones that regions still lack, with these regions."""
    tombstones = tuple(tombstones)
    leaves: dict[str, set[int]] = defaultdict(set)
    for each in tombstones:
        for region in each.behind:
            leaves[region].add(each.tombstone.leaf)
    answers = panel.ask(leaves, lambda region, wanted: region.tombstones(sorted(wanted)))
    keys = {region: {each.key for each in answer} for region, answer in answers.items()}
    found = (
        NotedTombstone(
            tombstone=each.tombstone,
            behind=tuple(
                region
                for region in each.behind
                if region in keys and each.tombstone.key not in keys[region]
            ),
        )
        for each in tombstones
    )
    return tuple(each for each in found if each.behind)


def genuine_winners(panel: Panel, vehicle_ids: Collection[str]) -> dict[str, Fact]:
    """The genuine fact that wins of each vehicle, among all registers and logs that answer."""
    if not vehicle_ids:
        return {}
    ordered = sorted(vehicle_ids)
    registers = read(panel, dict.fromkeys(panel.reachable, ordered))
    logs = panel.ask_all(lambda region: region.logged(ordered))
    return winners_of(
        fact
        for facts in (*(each.values() for each in registers.values()), *logs.values())
        for fact in facts
        if is_genuine(fact)
    )


@frozen(slots=True)
class _Winning:
    """Genuine winning facts by vehicle, and the corrupt ones met on the way, by region."""

    genuine: dict[str, Fact]
    corrupt: dict[str, dict[str, Fact]]


def _winning(panel: Panel, vehicles: Iterable[Noted]) -> _Winning:
    """The winning fact of each vehicle, from the first of its holders that has a genuine one.

    Where no register has one, the logs are asked.
    """
    genuine: dict[str, Fact] = {}
    corrupt: dict[str, dict[str, Fact]] = {}
    left = {each.vehicle_id: list(each.holders) for each in vehicles}
    while any(left.values()):
        wanted: dict[str, set[str]] = defaultdict(set)
        for vehicle_id, holders in left.items():
            if holders:
                wanted[holders.pop(0)].add(vehicle_id)
        for region, facts in read(panel, wanted).items():
            genuine.update((each, fact) for each, fact in facts.items() if is_genuine(fact))
            if denied := _corrupt_in(facts.values()):
                corrupt.setdefault(region, {}).update(denied)
        left = {each: holders for each, holders in left.items() if each not in genuine}
    return _Winning(genuine | genuine_winners(panel, left.keys()), corrupt)


def _corrupt_in(facts: Iterable[Fact]) -> dict[str, Fact]:
    return {fact.vehicle_id: fact for fact in facts if not is_genuine(fact)}
