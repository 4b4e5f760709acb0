"""What every region does, near or far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import pytest
from attrs import frozen

from fleetcore.domain.digests import BUCKETS, LEAVES_A_BUCKET, Digest, bucket_of, leaf_of
from fleetcore.domain.facts import Fact, fact_of, version_of
from fleetcore.domain.location import LocationEvent
from fleetcore.domain.messages import EventBatch
from fleetcore.domain.tombstones import Tombstone, key_of
from fleetcore.ports.live_log import LiveLog
from fleetcore.ports.region import Region
from fleetcore.ports.registers import Held, Registers


def located(vehicle_id: str, observed_at: int, *, full: bool = False) -> Fact:
    """A genuine fact, with all that may be missing if it is `full`."""
    event = LocationEvent(
        vehicle_id=vehicle_id, observed_at=observed_at, latitude=1.5, longitude=2.0
    )
    if full:
        event = LocationEvent(
            vehicle_id=vehicle_id,
            observed_at=observed_at,
            latitude=-89.999999999,
            longitude=-0.0,
            speed_kmh=0.1,
            heading_deg=359.5,
            accuracy_m=3.3,
            battery_pct=100.0,
            fuel_pct=0.0,
            status="offline",
            city="Zürich",
        )
    return fact_of(event)


FACTS: Final = (
    located("cab-1", 1_700_000_000_000, full=True),
    located("é 車", -1),
    located("cab-2", 2**62),
)
"""In the order of their vehicles' ids they are 1, 3, 2."""
IN_ORDER: Final = tuple(sorted(FACTS))


@frozen(kw_only=True, slots=True)
class RegionRig:
    """A region, and the registers and the log that answer for it.

    `encode` makes a batch of facts, as an engine does.
    """

    region: Region
    registers: Registers
    log: LiveLog
    encode: Callable[[Sequence[Fact], str], EventBatch]


class RegionContract:
    """Needs the fixture `open_region`, which opens a `RegionRig` of a region called `north`."""

    @pytest.fixture
    def rig(self, open_region: Callable[[], RegionRig]) -> RegionRig:
        """The region under test, and what it stands on."""
        return open_region()

    def test_has_a_name(self, rig: RegionRig) -> None:
        """It is the one it was given."""
        assert "north" == rig.region.name

    def test_is_empty_at_first(self, rig: RegionRig) -> None:
        """It answers, and the answers are empty."""
        region = rig.region
        assert (Digest(), {}, ()) == (region.digest(), region.leaves([1]), region.read(["cab-1"]))
        assert ({}, (), ()) == (region.fingerprints([1]), region.held({1: [2]}), region.logged([]))
        assert {} == region.cities()
        assert ((), 0) == (region.batches_since(0, 10).batches, region.recount(0, 1).registers)

    def test_answers_for_its_registers(self, rig: RegionRig) -> None:
        """Digest, leaves and registers are those it stands on, field by field."""
        rig.registers.merge(FACTS)

        told = rig.registers.digest()
        assert Digest(buckets=told.buckets) == rig.region.digest()
        assert told.cities == rig.region.cities()
        assert {"", "Zürich"} == set(rig.region.cities())
        assert rig.registers.leaves(range(BUCKETS)) == rig.region.leaves(range(BUCKETS))
        assert list(map(repr, IN_ORDER)) == list(
            map(repr, rig.region.read(["cab-2", "é 車", "nobody", "cab-1"]))
        )

    def test_tells_fingerprints_by_leaf(self, rig: RegionRig) -> None:
        """Only of the leaves it is asked for."""
        rig.registers.merge(FACTS)
        first, second, _ = (leaf_of(fact.vehicle_id) for fact in FACTS)

        found = rig.region.fingerprints([first, second])

        assert {first: [FACTS[0].fingerprint], second: [FACTS[1].fingerprint]} == {
            leaf: list(each) for leaf, each in found.items()
        }

    def test_tells_versions_of_fingerprints(self, rig: RegionRig) -> None:
        """Those it still holds; others are left out."""
        rig.registers.merge(FACTS)
        asked = {leaf_of(fact.vehicle_id): [fact.fingerprint] for fact in FACTS[:2]}
        asked[leaf_of("cab-2")] = [7]

        assert {Held(fact.vehicle_id, version_of(fact)) for fact in FACTS[:2]} == set(
            rig.region.held(asked)
        )

    def test_tells_what_its_log_says(self, rig: RegionRig) -> None:
        """The winner of each vehicle it knows, whatever the registers hold."""
        later = located("cab-1", 1_700_000_000_001)
        rig.log.append_batches(rig.encode([*FACTS, later], "live-1"))

        assert (later, FACTS[2]) == rig.region.logged(["cab-2", "nobody", "cab-1"])
        assert () == rig.region.read(["cab-1"])

    def test_counts_anew(self, rig: RegionRig) -> None:
        """Parts cover every register once; a payload that its fingerprint denies is corrupt."""
        false = FACTS[0]._replace(latitude=12.0)
        rig.registers.merge(FACTS)
        assert rig.registers.replace(FACTS[0], false)

        parts = [rig.region.recount(part, 3) for part in range(3)]

        assert 3 == sum(each.registers for each in parts)
        assert ["cab-1"] == [each for part in parts for each in part.corrupt]
        assert [] == [each for part in parts for each in part.untrue]

    def test_tells_one_answer_whatever_the_cities(self, rig: RegionRig) -> None:
        """The digest has none of them: as many as payloads name would have to be told."""
        rig.registers.merge(
            [
                fact_of(
                    LocationEvent(
                        vehicle_id="cab-1", observed_at=5, latitude=1.5, longitude=2.0, city=city
                    )
                )
                for city in ("Bern", "Rome")
            ]
        )

        assert {} == rig.region.digest().cities
        assert 1 == len(rig.region.cities())

    def test_is_mended(self, rig: RegionRig) -> None:
        """What it takes in is in its log and, by the one order, in its registers."""
        newer = located("cab-2", 2**62 + 1)
        rig.registers.merge([newer])

        assert 2 == rig.region.mend(FACTS, "consistency-1")
        assert 0 == rig.region.mend(FACTS, "consistency-1")

        assert (FACTS[0], newer) == rig.region.read(["cab-1", "cab-2"])
        assert IN_ORDER == rig.region.logged([fact.vehicle_id for fact in FACTS])

    def test_takes_nothing_that_is_not_genuine(self, rig: RegionRig) -> None:
        """Neither to mend nor to replace; nor another vehicle's."""
        rig.registers.merge([FACTS[0]])
        false = FACTS[0]._replace(observed_at=FACTS[0].observed_at + 1)

        assert 0 == rig.region.mend([false], "consistency-1")
        assert not rig.region.replace(FACTS[0], false)
        assert not rig.region.replace(FACTS[0], FACTS[1])
        assert (FACTS[0],) == rig.region.read(["cab-1", "é 車"])
        assert () == rig.region.logged(["cab-1"])

    def test_replaces_what_is_still_there(self, rig: RegionRig) -> None:
        """A register that is, field by field, what was read; then its sums are true again."""
        rig.registers.merge([FACTS[0]])
        before = rig.region.digest()
        false = FACTS[0]._replace(latitude=12.0)
        rig.registers.replace(FACTS[0], false)

        assert not rig.region.replace(FACTS[0], FACTS[0])
        assert rig.region.replace(false, FACTS[0])
        assert (before, (FACTS[0],)) == (rig.region.digest(), rig.region.read(["cab-1"]))

    def test_forgets(self, rig: RegionRig) -> None:
        """A buried vehicle is gone, cannot come back, and leaves its tombstone; the first stays."""
        rig.registers.merge(FACTS)
        leaf = leaf_of("cab-1")
        grave = Tombstone(key=key_of("cab-1"), leaf=leaf, forgotten_at_ms=-5)
        later = Tombstone(key=key_of("cab-1"), leaf=leaf, forgotten_at_ms=9)

        assert (1, 0) == (rig.region.bury([grave]), rig.region.bury([later]))
        assert 0 == rig.region.mend(FACTS, "consistency-1")

        assert (grave,) == rig.region.tombstones([leaf]) == rig.log.tombstones()
        assert () == rig.region.read(["cab-1"]) == rig.region.logged(["cab-1"])
        assert rig.registers.digest().buckets == rig.region.digest().buckets
        assert () == rig.region.tombstones([leaf ^ 1])

    def test_forgets_as_its_log_did(self, rig: RegionRig) -> None:
        """Where it died half-way and is asked once more, log and registers say the same instant."""
        rig.registers.merge(FACTS)
        leaf = leaf_of("cab-1")
        first, later = (
            Tombstone(key=key_of("cab-1"), leaf=leaf, forgotten_at_ms=at) for at in (5, 9)
        )
        rig.log.bury([first])

        assert 1 == rig.region.bury([later])
        assert (first,) == rig.region.tombstones([leaf]) == rig.log.tombstones()

    def test_hands_out_what_it_took_in(self, rig: RegionRig) -> None:
        """Batches behind a cursor, but none that came from another region."""
        rig.log.append_batches(rig.encode(FACTS[:2], "live-1"))
        rig.log.append_batches(rig.encode(FACTS[2:], "replica-south"))

        found = rig.region.batches_since(0, 1_000)

        assert rig.log.batches_since(0, 1_000) == found
        assert 2 == sum(batch.rows for batch in found.batches)
        assert () == rig.region.batches_since(found.cursor, 1_000).batches

    def test_sums_are_of_buckets(self, rig: RegionRig) -> None:
        """The leaves of a bucket add up to what the digest says of it."""
        rig.registers.merge([located(f"cab-{n}", n) for n in range(50)])
        digest = rig.region.digest()

        for bucket, expected in digest.buckets.items():
            leaves = rig.region.leaves([bucket])
            assert {bucket} == {bucket_of(leaf) for leaf in leaves}
            assert len(leaves) <= LEAVES_A_BUCKET
            assert expected.registers == sum(each.registers for each in leaves.values())
