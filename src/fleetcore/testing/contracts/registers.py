"""What every store of a region's registers does."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleetcore.domain.digests import BUCKETS, Digest, Sum, bucket_of, leaf_of
from fleetcore.domain.facts import Fact, version_of, winners_of
from fleetcore.ports.registers import Held, Registers
from fleetcore.testing.contracts.race import raced
from fleetcore.testing.contracts.register_facts import (
    BARE,
    CLOSE_FACTS,
    FULL,
    VEHICLES,
    exact,
    fact,
    summed,
    tombstone,
)


class RegistersContract:
    """Needs the fixture `open_registers`."""

    @pytest.fixture
    def registers(self, open_registers: Callable[[], Registers]) -> Registers:
        """The registers under test."""
        return open_registers()

    def test_are_empty_at_first(self, registers: Registers) -> None:
        """Registers that never followed the log know no vehicle and stand at 0."""
        assert (0, [], Digest(), ()) == (
            registers.cursor(),
            list(registers.scan()),
            registers.digest(),
            registers.tombstones(),
        )

    @pytest.mark.parametrize("kept", [FULL, BARE])
    def test_keep_every_bit(self, registers: Registers, kept: Fact) -> None:
        """Every field comes back as it was given, the sign of a zero too, and the cursor."""
        assert 1 == registers.merge([kept], 9)

        assert exact([kept]) == exact(registers.read(["cab-1"])) == exact(list(registers.scan()))
        assert 9 == registers.cursor()

    @pytest.mark.parametrize(
        ("loser", "winner"),
        [
            (fact("a", 1, 1.0), fact("a", 2)),
            (fact("a", -2), fact("a", -1)),
            (fact("a", 1, 5.0), fact("a", 1, 4.5)),
            (fact("a", 1), fact("a", 1, 1e300)),
            (FULL._replace(fingerprint=2**63 - 1), FULL._replace(fingerprint=2**63)),
        ],
    )
    def test_keep_the_winner(self, registers: Registers, loser: Fact, winner: Fact) -> None:
        """Later wins, then more accurate, then the greater unsigned fingerprint; a stale never."""
        assert 1 == registers.merge([loser])
        assert 1 == registers.merge([winner])
        digest = registers.digest()

        assert 0 == registers.merge([loser])

        assert (winner,) == registers.read([winner.vehicle_id])
        assert summed([winner]) == digest == registers.digest()

    def test_equal_is_nothing(self, registers: Registers) -> None:
        """Merging what is held changes no register and no sum."""
        registers.merge([FULL, fact("b", 1)])
        digest = registers.digest()

        assert 0 == registers.merge([FULL, fact("b", 1), FULL])
        assert digest == registers.digest()

    def test_count_what_changed(self, registers: Registers) -> None:
        """A vehicle counts once however many of its facts win one after the other."""
        registers.merge([fact("a", 5)])

        assert 2 == registers.merge([fact("a", 4), fact("b", 1), fact("b", 2), fact("a", 6)])

    def test_digest_follows_a_vehicle_to_another_city(self, registers: Registers) -> None:
        """A city that no register reports any more is none of the digest's."""
        registers.merge([FULL])
        moved = FULL._replace(observed_at=FULL.observed_at + 1, city=None, fingerprint=5)
        registers.merge([moved])

        assert summed([moved]) == registers.digest()
        assert {""} == set(registers.digest().cities)

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        facts=st.lists(CLOSE_FACTS, max_size=8),
        cuts=st.lists(st.integers(0, 8), max_size=2),
        forgotten=st.lists(st.sampled_from(VEHICLES), max_size=1),
        when=st.integers(0, 3),
    )
    def test_are_the_fold_of_what_was_merged(
        self,
        registers: Registers,
        facts: list[Fact],
        cuts: list[int],
        forgotten: list[str],
        when: int,
    ) -> None:
        """However facts are cut into calls, and whenever a vehicle is forgotten: one result."""
        registers.clear()
        graves = [tombstone(each) for each in forgotten]
        for number, (start, end) in enumerate(pairwise([0, *sorted(cuts), len(facts)])):
            if number == when:
                registers.bury(graves)
            registers.merge(facts[start:end])
        registers.bury(graves)

        winners = {each: won for each, won in winners_of(facts).items() if each not in forgotten}
        held = {each.vehicle_id: each for each in registers.scan()}
        assert {each: version_of(won) for each, won in winners.items()} == {
            each: version_of(won) for each, won in held.items()
        }
        assert summed(list(held.values()), graves) == registers.digest()
        assert () == registers.recount()

    def test_cursor_never_goes_back(self, registers: Registers) -> None:
        """A smaller cursor merges its facts and leaves the cursor alone, and so does none."""
        registers.merge([fact("a", 1)], 2**40)
        registers.merge([fact("b", 1)], 3)
        registers.merge([fact("c", 1)])

        assert 2**40 == registers.cursor()
        assert 3 == len(list(registers.scan()))

    def test_cursor_does_not_lead(self, registers: Registers) -> None:
        """What was read behind a cursor that is lost is merged; what came before it will come."""
        registers.merge([fact("a", 1)], 5)
        registers.merge([fact("b", 1)], 7, since=5)
        assert 7 == registers.cursor()
        registers.clear()

        assert 1 == registers.merge([fact("c", 1)], 9, since=7)
        assert (0, [fact("c", 1)]) == (registers.cursor(), list(registers.scan()))

        registers.merge([fact("a", 1), fact("b", 1)], 8, since=0)
        registers.merge([], 9, since=7)
        assert (9, 3) == (registers.cursor(), len(list(registers.scan())))

    def test_cursor_advances_without_facts(self, registers: Registers) -> None:
        """Having seen nothing new is saved, too."""
        assert 0 == registers.merge([], 7)
        assert (7, Digest()) == (registers.cursor(), registers.digest())

    def test_forgotten_stays_forgotten(self, registers: Registers) -> None:
        """A tombstone takes the place of the register, and no fact that ever comes wins there."""
        registers.merge([fact("a", 1), fact("b", 1)], 3)

        assert 1 == registers.bury([tombstone("a")])
        assert 0 == registers.merge([fact("a", 2**50, 0.0)])

        assert (fact("b", 1),) == registers.read(["a", "b"])
        assert (tombstone("a"),) == registers.tombstones()
        assert summed([fact("b", 1)], [tombstone("a")]) == registers.digest()
        assert 3 == registers.cursor()

    def test_the_first_tombstone_stays(self, registers: Registers) -> None:
        """Forgetting again is nothing, in another call or the same; it is counted once."""
        assert 1 == registers.bury([tombstone("a", 5), tombstone("a", 6)])
        digest = registers.digest()

        assert 0 == registers.bury([tombstone("a", 4)])
        assert (tombstone("a", 5),) == registers.tombstones()
        assert digest == registers.digest()

    def test_tombstones_by_leaf(self, registers: Registers) -> None:
        """They are sorted by key, and only those of the leaves that were asked for."""
        graves = [tombstone(each) for each in "abc"]
        registers.bury(graves)

        assert tuple(sorted(graves, key=lambda each: each.key)) == registers.tombstones()
        assert (tombstone("b"),) == registers.tombstones([leaf_of("b"), leaf_of("b")])
        assert () == registers.tombstones([])

    def test_replaces_what_is_there(self, registers: Registers) -> None:
        """A register that is, field by field, the old one gives way, whatever the versions."""
        registers.merge([FULL])
        mended = FULL._replace(observed_at=1, city="Bern", fingerprint=3)

        assert registers.replace(FULL, mended)
        assert (mended,) == registers.read(["cab-1"])
        assert summed([mended]) == registers.digest()
        assert 1 == registers.merge([FULL])
        assert summed([FULL]) == registers.digest()

    @pytest.mark.parametrize("field", Fact._fields[1:])
    def test_replaces_nothing_else(self, registers: Registers, field: str) -> None:
        """One field that differs, or a zero of another sign, and nothing is replaced."""
        registers.merge([FULL])
        other = {"longitude": 0.0, "status": "idle", "city": None}.get(field, 1)
        digest = registers.digest()

        almost = Fact._make(
            other if name == field else value for name, value in FULL._asdict().items()
        )
        assert not registers.replace(almost, BARE)
        assert exact([FULL]) == exact(registers.read(["cab-1"]))
        assert digest == registers.digest()

    def test_replaces_no_stranger(self, registers: Registers) -> None:
        """Where there is no register, or a tombstone, nothing is put."""
        registers.merge([FULL])
        registers.bury([tombstone("cab-1")])

        assert not registers.replace(FULL, FULL)
        assert not registers.replace(fact("b", 1), fact("b", 1))
        assert [] == list(registers.scan())

    def test_read_those_asked_for(self, registers: Registers) -> None:
        """Known vehicles come once each, sorted by code point."""
        ids = ["b", "a", "é", "B", "車", "🚚", "\uffff", "10", "9"]
        registers.merge([fact(each, 1) for each in ids])

        assert sorted(ids) == [each.vehicle_id for each in registers.read([*ids, "x", "a", ""])]
        assert () == registers.read([])

    def test_many_are_read_as_few(self, registers: Registers) -> None:
        """More than one statement can name are merged, read, scanned and summed alike."""
        cities = (None, "Bern", "Z\u00fcrich")
        facts = [fact(f"v{n:04}", n)._replace(city=cities[n % 3]) for n in range(2500)]
        assert 2500 == registers.merge(facts, 1)
        newer = [each._replace(observed_at=each.observed_at + 1, fingerprint=9) for each in facts]
        assert 2500 == registers.merge(newer, 2)

        assert tuple(newer) == registers.read([each.vehicle_id for each in facts])
        assert newer == sorted(registers.scan())
        assert summed(newer) == registers.digest()
        assert () == registers.recount()
        assert summed(newer) == registers.digest()
        assert 2500 == sum(
            len(list(registers.scan(range(first, BUCKETS, 7)))) for first in range(7)
        )

    def test_scan_of_buckets(self, registers: Registers) -> None:
        """Only the registers of those buckets, each once."""
        facts = [fact(f"v{number}", 1) for number in range(40)]
        registers.merge(facts)
        buckets = {bucket_of(leaf_of(each.vehicle_id)) for each in facts[:10]}

        assert sorted(
            each for each in facts if bucket_of(leaf_of(each.vehicle_id)) in buckets
        ) == sorted(registers.scan([*buckets, *buckets]))
        assert [] == list(registers.scan([]))

    def test_leaves_make_buckets(self, registers: Registers) -> None:
        """The sums of a bucket's leaves are the bucket's, and name what they hold."""
        registers.merge([fact(f"v{number}", 1) for number in range(40)])
        registers.bury([tombstone("v1"), tombstone("elsewhere")])
        digest = registers.digest()
        leaves = registers.leaves(range(BUCKETS))

        added: dict[int, Sum] = {}
        for leaf, each in leaves.items():
            added[bucket_of(leaf)] = added.get(bucket_of(leaf), Sum()).plus(*each)
        assert dict(digest.buckets) == added
        assert 41 == digest.registers
        assert {leaf: leaves[leaf] for leaf in leaves if bucket_of(leaf) == 3} == (
            registers.leaves([3])
        )
        assert {} == registers.leaves([])

    def test_fingerprints_of_leaves(self, registers: Registers) -> None:
        """Those of all registers of a leaf, and of no other; to the last bit."""
        facts = [fact(f"v{number}", 1)._replace(fingerprint=2**64 - number) for number in (1, 2)]
        facts += [fact(f"v{number}", 1) for number in range(3, 40)]
        registers.merge(facts)
        leaves = {leaf_of(each.vehicle_id) for each in facts[:10]}

        found = registers.fingerprints([*leaves, *leaves, leaf_of("nobody")])

        assert {
            leaf: sorted(each.fingerprint for each in facts if leaf_of(each.vehicle_id) == leaf)
            for leaf in leaves
        } == {leaf: sorted(each) for leaf, each in found.items()}
        assert {} == registers.fingerprints([])

    def test_versions_of_fingerprints(self, registers: Registers) -> None:
        """By vehicle id; a fingerprint that no register of its leaf has is left out."""
        facts = [fact(f"v{number}", number, math.pi) for number in range(40)]
        facts += [fact("high", 1)._replace(fingerprint=2**64 - 1)]
        registers.merge(facts)
        wanted = {leaf_of(each.vehicle_id): [each.fingerprint, 7] for each in facts[30:]}
        wanted[leaf_of("v1")] = [facts[2].fingerprint]

        assert tuple(
            Held(each.vehicle_id, version_of(each)) for each in sorted(facts[30:])
        ) == registers.held(wanted)
        assert () == registers.held({})

    def test_nothing_to_put_right(self, registers: Registers) -> None:
        """What was summed step by step is what is summed anew; for all, for some, for none."""
        registers.merge([FULL, fact("b", 1)])
        registers.bury([tombstone("b"), tombstone("c")])
        digest = registers.digest()

        assert ((), (), ()) == (
            registers.recount(),
            registers.recount(range(100)),
            registers.recount([]),
        )
        assert digest == registers.digest()

    def test_clear(self, registers: Registers) -> None:
        """Everything is gone, tombstones too, and all can be merged again."""
        registers.merge([FULL], 9)
        registers.bury([tombstone("b")])

        registers.clear()

        assert (0, (), Digest()) == (
            registers.cursor(),
            registers.tombstones(),
            registers.digest(),
        )
        assert 2 == registers.merge([BARE, fact("b", 1)], 1)
        assert summed([BARE, fact("b", 1)]) == registers.digest()

    def test_another_handle_sees_it(self, open_registers: Callable[[], Registers]) -> None:
        """Registers, sums, tombstones and cursor are kept, and changed by whoever comes next."""
        one, other = open_registers(), open_registers()
        one.merge([fact("a", 1), fact("b", 1)], 1)
        other.merge([fact("a", 2)], 2)
        one.merge([fact("a", 3)], 3)
        other.bury([tombstone("a")])

        assert 0 == one.merge([fact("a", 4)], 4)
        assert (4, [fact("b", 1)]) == (other.cursor(), list(other.scan()))
        assert summed([fact("b", 1)], [tombstone("a")]) == one.digest() == other.digest()

    def test_racing_merges_lose_nothing(self, open_registers: Callable[[], Registers]) -> None:
        """Winners, sums and the greatest cursor hold, whoever came last."""
        handles = [open_registers() for _ in range(4)]
        for turn in range(5):
            raced(
                [
                    partial(
                        each.merge, [fact("shared", 4 * turn + n), fact(f"own-{n}", turn)], turn + n
                    )
                    for n, each in enumerate(handles, 1)
                ]
            )

        facts = [fact("shared", 20), *(fact(f"own-{n}", 4) for n in range(1, 5))]
        assert sorted(facts) == sorted(handles[0].scan())
        assert summed(facts) == handles[0].digest()
        assert 8 == handles[0].cursor()

    def test_a_racing_replacement_loses_against_newer(
        self, open_registers: Callable[[], Registers]
    ) -> None:
        """Whichever comes first, the newer fact is what is held then."""
        one, other = open_registers(), open_registers()
        corrupt = fact("a", 1)._replace(latitude=1.0)
        for _ in range(5):
            one.clear()
            one.merge([corrupt])
            raced(
                [
                    lambda: one.replace(corrupt, fact("a", 1)),
                    lambda: other.merge([fact("a", 2)]) == 1,
                ]
            )

            assert [fact("a", 2)] == list(one.scan())
            assert summed([fact("a", 2)]) == one.digest()
