"""Location events and the one order that picks winners."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import pytest
from attrs import asdict, evolve
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.location import (
    FIELDS,
    MAX_VEHICLE_ID_BYTES,
    OPTIONAL_NUMBERS,
    LocationEvent,
    normalised_id,
    precedence,
    readable_id,
)
from fleetcore.errors import InvalidEvent
from fleetcore.testing.strategies import location_events

EVENT = LocationEvent(vehicle_id="cab-1", observed_at=10, latitude=48.1, longitude=11.5)
SIBLINGS = location_events(vehicle_id=st.just("cab-1"), observed_at=st.integers(0, 1))


def _event_with(**changes: Any) -> LocationEvent:
    return evolve(EVENT, **changes)


def _reported(event: LocationEvent) -> dict[str, object]:
    return {name: value for name, value in asdict(event).items() if name != "source"}


@pytest.mark.parametrize(
    ("loser", "winner"),
    [
        pytest.param(evolve(EVENT, accuracy_m=1.0), evolve(EVENT, observed_at=11), id="later"),
        pytest.param(
            evolve(EVENT, accuracy_m=5.0), evolve(EVENT, accuracy_m=4.5), id="more-accurate"
        ),
        pytest.param(EVENT, evolve(EVENT, accuracy_m=1e300), id="missing-accuracy-loses"),
        pytest.param(
            min(EVENT, evolve(EVENT, city="Bonn"), key=lambda event: event.fingerprint),
            max(EVENT, evolve(EVENT, city="Bonn"), key=lambda event: event.fingerprint),
            id="greater-fingerprint",
        ),
    ],
)
def test_winner(loser: LocationEvent, winner: LocationEvent) -> None:
    """Time decides before accuracy, accuracy before the fingerprint."""
    assert precedence(loser) < precedence(winner)


@given(events=st.lists(SIBLINGS, min_size=2, max_size=4))
def test_precedence_is_a_total_order(events: list[LocationEvent]) -> None:
    """Every order of arrival has the same winner, and a tie is one and the same report."""
    winners = {precedence(max(order, key=precedence)) for order in permutations(events)}

    assert len(winners) == 1
    for one in events:
        for two in events:
            below, above = precedence(one) < precedence(two), precedence(one) > precedence(two)
            assert (_reported(one) == _reported(two)) == (not below and not above)


def test_accuracy_of_minus_zero_is_zero() -> None:
    """The sign of zero decides nothing."""
    assert precedence(evolve(EVENT, accuracy_m=0.0)) == precedence(evolve(EVENT, accuracy_m=-0.0))


@pytest.mark.parametrize("name", ["latitude", "longitude", *OPTIONAL_NUMBERS])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_are_finite(name: str, value: float) -> None:
    """No event holds a number that is not finite, in any field."""
    with pytest.raises(InvalidEvent, match=name):
        _event_with(**{name: value})


@pytest.mark.parametrize(
    "vehicle_id",
    ["", " ", " cab", "cab\t", "cab\n1", "cab\0", "e\u0301", "x" * 1025, "é" * 513, "\ud800"],
)
def test_ids_are_normal(vehicle_id: str) -> None:
    """No event holds an id that is empty, padded, decomposed, too long or unprintable."""
    with pytest.raises(InvalidEvent, match="vehicle_id"):
        evolve(EVENT, vehicle_id=vehicle_id)


def test_status_is_known() -> None:
    """Only canonical statuses reach an event."""
    with pytest.raises(InvalidEvent, match="driving"):
        _event_with(status="driving")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" cab-1\t", "cab-1"),
        ("e\u0301", "é"),
        ("\u00a0車-1\u3000", "車-1"),
        ("a b", "a b"),
        ("", None),
        (" \t", None),
        ("a\x7fb", None),
        ("a\x80b", None),
        ("x" * MAX_VEHICLE_ID_BYTES, "x" * MAX_VEHICLE_ID_BYTES),
        ("x" * (MAX_VEHICLE_ID_BYTES + 1), None),
        ("é" * (MAX_VEHICLE_ID_BYTES // 2), "é" * (MAX_VEHICLE_ID_BYTES // 2)),
    ],
)
def test_normalises_ids(text: str, expected: str | None) -> None:
    """An id is stripped and composed, or it is none."""
    assert expected == normalised_id(text)


@given(text=st.text(max_size=20))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    """A normal id stays as it is, and is readable."""
    once = normalised_id(text)

    assert once is None or (once == normalised_id(once) and readable_id(once))


@given(event=location_events())
def test_identity_is_vehicle_and_instant(event: LocationEvent) -> None:
    """Nothing else makes two reports the same observation."""
    assert (event.vehicle_id, event.observed_at) == event.identity


def test_events_have_exactly_the_known_fields() -> None:
    """The table of field names and the event agree, in order."""
    assert list(FIELDS) == list(asdict(EVENT))
