"""Drift: which regions stay behind on which vehicles, found exactly from small sums.

    digests --> buckets that differ --> leaves --> fingerprints --> versions --> noted
                                                                                   | settle
                                                    behind the noted version? <----'

Regions are grouped by equal sums, and one of each class is asked for more. The first look notes
the winning version of every vehicle on which regions differ, in flight or not; only a region that
the second look, later, finds still behind that version has drifted. So no clock is compared, and
no event time. Nothing here is random or asks anybody: answers come in, sets come out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final, TypeAlias

from attrs import frozen

from fleetcore.domain.digests import Sum
from fleetcore.domain.facts import Fact, Version, version_of
from fleetcore.domain.geodesy import haversine_m
from fleetcore.domain.tombstones import Tombstone

Class: TypeAlias = tuple[str, ...]
"""Names of regions that hold the same, in order; the first speaks for them."""

_NOTHING: Final = Sum()


@frozen(kw_only=True, slots=True)
class Noted:
    """A vehicle on which regions differ: the version that wins, who holds it, who does not."""

    vehicle_id: str
    version: Version
    holders: tuple[str, ...]
    behind: tuple[str, ...]


@frozen(kw_only=True, slots=True)
class NotedTombstone:
    """A forgotten vehicle that some regions have not forgotten."""

    tombstone: Tombstone
    behind: tuple[str, ...]


@frozen(kw_only=True, slots=True)
class Drifted:
    """A region that stays behind on a vehicle: what it holds (None: nothing), and what wins."""

    region: str
    winning: Fact
    held: Fact | None

    @property
    def vehicle_id(self) -> str:
        """The vehicle."""
        return self.winning.vehicle_id

    @property
    def metres(self) -> float | None:
        """From the held position to the winning one; None where nothing is held."""
        if self.held is None:
            return None
        return haversine_m(
            self.held.latitude, self.held.longitude, self.winning.latitude, self.winning.longitude
        )

    @property
    def behind_ms(self) -> int | None:
        """How much later the winning event is than the held one; None where nothing is held."""
        return None if self.held is None else self.winning.observed_at - self.held.observed_at


def differing(
    sums: Mapping[str, Mapping[int, Sum]], among: Iterable[int] | None = None
) -> dict[int, tuple[Class, ...]]:
    """The numbers (of buckets, or leaves) whose sums differ, and the classes of equal ones.

    `sums` by region, those of empty ones left out. `among` (None: all) are looked at only.
    """
    numbers = set().union(*sums.values()) if among is None else among
    found: dict[int, tuple[Class, ...]] = {}
    for number in numbers:
        held = [each.get(number, _NOTHING) for each in sums.values()]
        if held and held.count(held[0]) < len(held):
            classes: dict[Sum, list[str]] = {}
            for region, each in zip(sums, held, strict=True):
                classes.setdefault(each, []).append(region)
            found[number] = tuple(tuple(sorted(each)) for each in classes.values())
    return found


def differing_leaves(
    buckets: Mapping[int, tuple[Class, ...]],
    leaves: Mapping[str, Mapping[int, Sum]],
    leaves_a_bucket: int,
) -> dict[int, tuple[Class, ...]]:
    """The leaves that differ in differing buckets, by what the speakers of the classes answered.

    A class whose speaker did not answer is left out.
    """
    found: dict[int, tuple[Class, ...]] = {}
    for bucket, classes in buckets.items():
        members = {each[0]: each for each in classes if each[0] in leaves}
        first = bucket * leaves_a_bucket
        among = range(first, first + leaves_a_bucket)
        for leaf, speakers in differing({each: leaves[each] for each in members}, among).items():
            found[leaf] = tuple(
                tuple(region for speaker in each for region in members[speaker])
                for each in speakers
            )
    return found


def asked(classes: Mapping[int, tuple[Class, ...]]) -> dict[str, list[int]]:
    """What the speaker of each class is asked for, by its name."""
    questions: dict[str, list[int]] = {}
    for number, each in classes.items():
        for members in each:
            questions.setdefault(members[0], []).append(number)
    return questions


def contested(
    leaves: Mapping[int, tuple[Class, ...]],
    fingerprints: Mapping[str, Mapping[int, Collection[int]]],
) -> dict[str, dict[int, set[int]]]:
    """Whom to ask for the version of each fingerprint that not all speakers of a leaf hold."""
    questions: dict[str, dict[int, set[int]]] = {}
    for leaf, classes in leaves.items():
        held = _held_in(leaf, classes, fingerprints)
        common = set.intersection(*held.values()) if held else set()
        known = common
        for speaker, its_own in held.items():
            if new := its_own - known:
                questions.setdefault(speaker, {})[leaf] = new
                known = known | new
    return questions


def noted(
    leaves: Mapping[int, tuple[Class, ...]],
    fingerprints: Mapping[str, Mapping[int, Collection[int]]],
    versions: Mapping[int, tuple[str, Version]],
    forgotten: Collection[str] = (),
) -> tuple[Noted, ...]:
    """Every vehicle on which regions differ, by id; one that is `forgotten` is none.

    `versions` has vehicle and version of each contested fingerprint that was still there.
    """
    found: list[Noted] = []
    for leaf, classes in leaves.items():
        held = _held_in(leaf, classes, fingerprints)
        winners: dict[str, Version] = {}
        for fingerprint in set().union(*held.values()) & versions.keys():
            vehicle_id, version = versions[fingerprint]
            if vehicle_id not in winners or winners[vehicle_id] < version:
                winners[vehicle_id] = version
        for vehicle_id, version in winners.items():
            having = {each for each in held if version[2] in held[each]}
            if vehicle_id not in forgotten and len(having) < len(held):
                known = [each for each in classes if each[0] in held]
                found.append(
                    Noted(
                        vehicle_id=vehicle_id,
                        version=version,
                        holders=_members(each for each in known if each[0] in having),
                        behind=_members(each for each in known if each[0] not in having),
                    )
                )
    return tuple(sorted(found, key=lambda each: each.vehicle_id))


def noted_tombstones(
    leaves: Mapping[int, tuple[Class, ...]], tombstones: Mapping[str, Collection[Tombstone]]
) -> tuple[NotedTombstone, ...]:
    """Every tombstone that some class lacks, by key; of two of a key the earlier is spread."""
    keys = {speaker: {each.key for each in held} for speaker, held in tombstones.items()}
    first: dict[str, Tombstone] = {}
    for each in sorted(
        (each for held in tombstones.values() for each in held),
        key=lambda each: each.forgotten_at_ms,
    ):
        first.setdefault(each.key, each)
    found: list[NotedTombstone] = []
    for key, tombstone in sorted(first.items()):
        known = [each for each in leaves.get(tombstone.leaf, ()) if each[0] in keys]
        behind = _members(each for each in known if key not in keys[each[0]])
        if behind:
            found.append(NotedTombstone(tombstone=tombstone, behind=behind))
    return tuple(found)


def still_behind(
    noted: Collection[Noted], held: Mapping[str, Mapping[str, Fact]]
) -> dict[str, tuple[str, ...]]:
    """The regions that are still behind the noted version, by vehicle.

    `held` is the second look: what each region that answers holds of the noted vehicles. A region
    that is not in it is not judged.
    """
    found: dict[str, tuple[str, ...]] = {}
    for each in noted:
        behind = tuple(
            region
            for region in each.behind
            if region in held and _is_behind(held[region].get(each.vehicle_id), each.version)
        )
        if behind:
            found[each.vehicle_id] = behind
    return found


def _is_behind(held: Fact | None, version: Version) -> bool:
    return held is None or version_of(held) < version


def _held_in(
    leaf: int,
    classes: tuple[Class, ...],
    fingerprints: Mapping[str, Mapping[int, Collection[int]]],
) -> dict[str, set[int]]:
    """What the speakers that answered hold of a leaf."""
    return {
        each[0]: set(fingerprints[each[0]].get(leaf, ()))
        for each in classes
        if each[0] in fingerprints
    }


def _members(classes: Iterable[Class]) -> tuple[str, ...]:
    return tuple(sorted(region for each in classes for region in each))
