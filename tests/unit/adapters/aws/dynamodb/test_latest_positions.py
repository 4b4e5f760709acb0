"""Latest positions in DynamoDB: what the contract cannot see."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.adapters.aws.dynamodb.wire import Service, throttled, unsent

from fleetcore.domain.location import LocationEvent, precedence
from fleetcore.errors import StorageUnavailable
from fleetcore.testing.contracts.log_rig import stored
from fleetcore.testing.strategies import finite_floats, location_events
from fleetcore_adapters.aws.dynamodb.latest_positions import (
    DynamoLatestPositions,
    sortable_precedence,
)

CLOSE = location_events(observed_at=st.integers(-1, 1))


@pytest.fixture(name="view")
def _view(service: Service) -> DynamoLatestPositions:
    """The view under test."""
    return DynamoLatestPositions(service.requests(), service.views, threads=2)


@given(one=CLOSE, other=CLOSE, accuracies=st.tuples(*[st.none() | finite_floats()] * 2))
def test_texts_sort_as_precedences(
    one: LocationEvent, other: LocationEvent, accuracies: tuple[float | None, float | None]
) -> None:
    """Negative accuracies, missing ones and both zeros included."""
    one, other = evolve(one, accuracy_m=accuracies[0]), evolve(other, accuracy_m=accuracies[1])
    texts = sortable_precedence(one), sortable_precedence(other)

    assert (precedence(one) < precedence(other)) == (texts[0] < texts[1])
    assert (precedence(one) == precedence(other)) == (texts[0] == texts[1])


def test_a_vehicle_costs_one_request(service: Service, view: DynamoLatestPositions) -> None:
    """However many of its events are applied, and one more for the cursor."""
    events = [stored(f"cab-{n % 3}", n) for n in range(12)]

    assert {"PutItem": 4} == service.wire.counted(lambda: view.apply(events, 1))


def test_reads_ask_for_a_hundred_vehicles_at_once(
    service: Service, view: DynamoLatestPositions
) -> None:
    """And for each once."""
    asked = [f"cab-{n}" for n in range(150)] * 2

    assert {"BatchGetItem": 2} == service.wire.counted(lambda: view.read(asked))


def test_the_cursor_stays_behind_winners_that_were_not_put(
    service: Service, view: DynamoLatestPositions
) -> None:
    """So they are applied again."""
    view.apply([], 1)
    service.wire.plan("PutItem", *[unsent] * 20)

    with pytest.raises(StorageUnavailable):
        view.apply([stored("cab-1", 1), stored("cab-2", 1), stored("cab-3", 1)], 2)
    assert 1 == DynamoLatestPositions(service.requests(), service.views).cursor()


def test_a_throttled_winner_is_put_again(service: Service, view: DynamoLatestPositions) -> None:
    """Nothing is lost."""
    service.wire.plan("PutItem", throttled, throttled)
    view.apply([stored("cab-1", 1)], 1)

    assert (1, (stored("cab-1", 1),)) == (view.cursor(), view.read())
