"""Repair: writes that end drift, and the look that verifies them.

A value comes from a genuine fact only, and goes through the region's ordinary merge, so a newer
update that comes between wins. Corruption is replaced only where it still is, field by field, what
was read. Tombstones spread.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

from attrs import frozen

from fleetcore.application.looks import SecondLook, genuine_winners, lacking, read
from fleetcore.application.panel import Panel
from fleetcore.domain.facts import Fact, is_genuine, version_of
from fleetcore.domain.tombstones import Tombstone
from fleetcore.ports.region import Region

FACTS_A_MEND: Final = 5_000


@frozen(kw_only=True, slots=True)
class Repairs:
    """How many registers each kind of repair changed; `valueless` have no genuine value."""

    mended: int
    replaced: int
    buried: int
    valueless: int


def repair(panel: Panel, look: SecondLook, run: str) -> Repairs:
    """Write what the second look found missing; `run` names the run to the regions."""
    facts: dict[str, list[Fact]] = defaultdict(list)
    for each in look.drifted:
        facts[each.region].append(each.winning)
    graves: dict[str, list[Tombstone]] = defaultdict(list)
    for grave in look.tombstones:
        for region in grave.behind:
            graves[region].append(grave.tombstone)
    corrupt = {fact.vehicle_id for held in look.corrupt.values() for fact in held}
    values = genuine_winners(panel, corrupt)
    pairs = {
        region: [(each, values[each.vehicle_id]) for each in held if each.vehicle_id in values]
        for region, held in look.corrupt.items()
    }

    def mend(region: Region, facts: list[Fact]) -> int:
        return sum(
            region.mend(facts[start : start + FACTS_A_MEND], run)
            for start in range(0, len(facts), FACTS_A_MEND)
        )

    def replace(region: Region, pairs: list[tuple[Fact, Fact]]) -> int:
        return sum(region.replace(old, new) for old, new in pairs)

    return Repairs(
        buried=sum(panel.ask(graves, lambda region, each: region.bury(each)).values()),
        mended=sum(panel.ask(facts, mend).values()),
        replaced=sum(panel.ask(pairs, replace).values()),
        valueless=len(corrupt - values.keys()),
    )


def remaining(panel: Panel, look: SecondLook) -> dict[str, int]:
    """How many of the look's registers are as they were, by region.

    Those of a region that does not answer are among them: nobody knows.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for each in look.drifted:
        wanted[each.region].add(each.vehicle_id)
    for region, facts in look.corrupt.items():
        wanted[region].update(fact.vehicle_id for fact in facts)
    held = read(panel, wanted)
    graves = [(region, each) for each in look.tombstones for region in each.behind]
    left = lacking(panel, look.tombstones)
    ungraved = {(region, each.tombstone.key) for each in left for region in each.behind}
    return dict(
        Counter(
            (
                *(
                    each.region
                    for each in look.drifted
                    if _is_behind(held, each.region, each.winning)
                ),
                *(
                    region
                    for region, facts in look.corrupt.items()
                    for fact in facts
                    if _is_corrupt(held, region, fact.vehicle_id)
                ),
                *(
                    region
                    for region, grave in graves
                    if region in panel.unreachable or (region, grave.tombstone.key) in ungraved
                ),
            )
        )
    )


def _is_behind(held: Mapping[str, Mapping[str, Fact]], region: str, winning: Fact) -> bool:
    fact = held.get(region, {}).get(winning.vehicle_id)
    return fact is None or version_of(fact) < version_of(winning)


def _is_corrupt(held: Mapping[str, Mapping[str, Fact]], region: str, vehicle_id: str) -> bool:
    if region not in held:
        return True
    fact = held[region].get(vehicle_id)
    return fact is not None and not is_genuine(fact)
