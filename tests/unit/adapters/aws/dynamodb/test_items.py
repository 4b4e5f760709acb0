"""Location events survive as items, under keys that sort as instants do."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from fleetcore.domain.location import LocationEvent
from fleetcore.domain.parts import StoredEvent
from fleetcore.testing.contracts.log_rig import FULL, ONE, in_city
from fleetcore.testing.strategies import location_events, stored_events
from fleetcore_adapters.aws.dynamodb.items import (
    CITY_SHARDS,
    DAY_MS,
    attributes_of,
    city_bucket,
    city_shard,
    day_name,
    day_of,
    instant_in,
    is_storable,
    log_item,
    sort_key,
    stored_of,
)
from fleetcore_adapters.aws.dynamodb.values import MOST_ITEM_BYTES, item_size

INT64 = st.integers(-(2**63), 2**63 - 1)

HOSTILE = StoredEvent(
    event=LocationEvent(
        vehicle_id="x" * 1024,
        observed_at=2**63 - 1,
        latitude=-0.0,
        longitude=5e-324,
        speed_kmh=1e308,
        city="\0",
        source="🚚" * 100,
    ),
    distance_from_depot_m=0.1,
    ingestion="1f",
    line=10**9,
)


@example(stored=HOSTILE)
@example(stored=FULL)
@given(stored=stored_events())
def test_an_event_comes_back_as_it_was(stored: StoredEvent) -> None:
    """Every field, to the sign of a zero, and missing ones as missing."""
    back = stored_of(log_item(stored, keep_days=30, conflict=True, twin=3))

    assert repr(stored) == repr(back)


@given(one=location_events(observed_at=INT64), other=location_events(observed_at=INT64))
def test_keys_sort_as_instants_and_fingerprints(one: LocationEvent, other: LocationEvent) -> None:
    """Whatever the instants, before 1970 and beyond all calendars."""
    one_sorts = (one.observed_at, one.fingerprint)
    other_sorts = (other.observed_at, other.fingerprint)

    assert (one_sorts < other_sorts) == (sort_key(one) < sort_key(other))


@given(event=location_events(observed_at=INT64))
def test_a_key_tells_its_instant(event: LocationEvent) -> None:
    """So a page that ends anywhere says how far it got."""
    assert event.observed_at == instant_in({"observed_at_fingerprint": {"S": sort_key(event, 2)}})


def test_twins_lie_behind_the_first() -> None:
    """Payloads that share a fingerprint have keys of their own."""
    event = ONE.event

    assert [sort_key(event, n) for n in range(3)] == sorted({sort_key(event, n) for n in range(3)})


def test_only_a_city_is_in_the_index() -> None:
    """An item without the index's key is not in it."""
    assert "city_bucket" not in log_item(ONE, keep_days=None)
    shard = city_shard("車-1")
    bucket = log_item(FULL, keep_days=None)["city_bucket"]

    assert {"S": f"Zürich#2020-09-13#{shard}"} == bucket


def test_a_long_city_has_a_short_bucket() -> None:
    """Keys of an index end at 2,048 bytes."""
    one, other = (city_bucket("車" * 1000 + end, 0, 0) for end in "ab")

    assert one != other
    assert len(one) < 100


def test_a_city_is_spread_over_all_shards() -> None:
    """No partition of the index takes all of a city's day."""
    assert set(range(CITY_SHARDS)) == {city_shard(f"cab-{n}") for n in range(100)}


@pytest.mark.parametrize(
    ("observed_at", "name"),
    [
        (0, "1970-01-01"),
        (-1, "1969-12-31"),
        (DAY_MS - 1, "1970-01-01"),
        (2**53, "+104249991"),
        (-(2**53), "-104249992"),
    ],
)
def test_a_day_has_a_name(observed_at: int, name: str) -> None:
    """A date where a calendar has one, else its number."""
    assert name == day_name(day_of(observed_at))


def test_only_a_log_with_an_end_says_when_an_item_may_go() -> None:
    """So many days after it was observed, in epoch seconds."""
    assert "expires_at" not in log_item(FULL, keep_days=None)
    assert {"N": str(1_600_000_000 + 2 * 86_400)} == log_item(FULL, keep_days=2)["expires_at"]


@pytest.mark.parametrize("text", ["x", "é", "車", "🚚"])
def test_an_event_that_no_item_holds_is_known(text: str) -> None:
    """The largest that one holds fits with all that may be added to it."""
    # A city is in the item twice: by itself, and in its bucket, there as a hash.
    empty = item_size(log_item(in_city("c" * 2000, "cab-1", 1), keep_days=1, conflict=True, twin=9))
    room = (MOST_ITEM_BYTES - empty + 2000) // len(text.encode())
    fitting, larger = (in_city(text * (room + more), "cab-1", 1) for more in (0, 1))

    assert is_storable(fitting)
    assert not is_storable(larger)
    assert item_size(log_item(fitting, keep_days=1, conflict=True, twin=9)) <= MOST_ITEM_BYTES


def test_long_texts_count_together() -> None:
    """City and source share one item."""
    event = evolve(ONE.event, city="c" * 300_000, source="s" * 300_000)

    assert not is_storable(evolve(ONE, event=event))


def test_other_attributes_are_left_alone() -> None:
    """An item of a newer version reads as what it holds of this one's."""
    assert FULL == stored_of({**attributes_of(FULL), "tyres": {"S": "4"}})
