"""Digests: sums that do not depend on order, and where a vehicle is summed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.digests import (
    BUCKETS,
    LEAVES,
    LEAVES_A_BUCKET,
    Digest,
    Sum,
    Sums,
    bucket_of,
    leaf_of,
    leaves_of,
    word_of,
)
from fleetcore.domain.facts import Fact, fact_of
from fleetcore.testing.strategies import location_events, vehicle_ids

FACTS = st.lists(location_events().map(fact_of), max_size=6)


def _add(sums: Sums, facts: list[Fact]) -> Sums:
    for fact in facts:
        sums.add(leaf_of(fact.vehicle_id), fact)
    return sums


@given(vehicle_ids())
def test_every_vehicle_has_a_leaf_of_a_bucket(vehicle_id: str) -> None:
    """Whatever the id is."""
    leaf = leaf_of(vehicle_id)

    assert 0 <= leaf < LEAVES == BUCKETS * LEAVES_A_BUCKET
    assert leaf in set(leaves_of([bucket_of(leaf)]))


def test_where_vehicles_are_summed_is_stored_format() -> None:
    """Regions of different versions compare these numbers, so they never change."""
    assert (5863, 1099, 7798) == tuple(map(leaf_of, ("cab-1", "BER-C00001", "é")))
    assert 0xE220_A839_7B1D_CDAF == word_of(0)


@given(FACTS, st.randoms(use_true_random=False))
def test_order_is_nothing(facts: list[Fact], chance: object) -> None:
    """Summed in another order it is the same digest."""
    shuffled = list(facts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    assert _add(Sums(), facts).digest() == _add(Sums(), shuffled).digest()


@given(FACTS, FACTS)
def test_what_is_removed_leaves_nothing(kept: list[Fact], gone: list[Fact]) -> None:
    """Counting in and out again is as if it had never been, cities included."""
    sums = _add(Sums(), [*kept, *gone])
    for fact in gone:
        sums.remove(leaf_of(fact.vehicle_id), fact)

    assert _add(Sums(), kept).digest() == sums.digest()


def test_one_register_shows() -> None:
    """In the sum of its bucket, of its leaf and of its city."""
    fact = Fact("cab-1", 1, 1.0, 2.0, None, None, None, None, None, None, None, 7)
    leaf, each = leaf_of("cab-1"), Sum(1, word_of(7))
    sums = _add(Sums(), [fact])

    assert Digest(buckets={bucket_of(leaf): each}, cities={"": each}) == sums.digest()
    assert {leaf: each} == sums.leaves([bucket_of(leaf)])
    assert 1 == sums.digest().registers


def test_sums_are_put_right() -> None:
    """Where they are not what was counted; only in the buckets that were looked at."""
    fact = Fact("cab-1", 1, 1.0, 2.0, None, None, None, None, None, None, "Rome", 7)
    leaf, counted = leaf_of("cab-1"), _add(Sums(), [fact])
    sums = _add(Sums(), [fact])
    sums.change(leaf, 0, 5)
    sums.change_city("Bern", 1, 1)
    elsewhere = [each for each in range(BUCKETS) if each != bucket_of(leaf)]

    assert () == sums.put_right(counted, elsewhere)
    assert (leaf,) == sums.put_right(counted, [bucket_of(leaf)])
    assert counted.digest().buckets == sums.digest().buckets
    assert counted.digest() != sums.digest()
    assert () == sums.put_right(counted, None)
    assert counted.digest() == sums.digest()
