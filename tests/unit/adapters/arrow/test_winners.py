"""The columnar fold keeps the order of `precedence`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.domain.location import precedence
from fleetcore.domain.parts import StoredEvent
from fleetcore.testing.strategies import location_events, stored_events
from fleetcore_adapters.arrow import part_file, winners
from fleetcore_adapters.arrow.winners import Winners

EVENTS = stored_events(
    location_events(
        vehicle_id=st.sampled_from(("cab-1", "cab-2", "é")), observed_at=st.integers(-1, 1)
    )
)


@given(tables=st.lists(st.lists(EVENTS, max_size=6), max_size=5), limit=st.integers(0, 6))
def test_keeps_the_greatest_of_each_vehicle(tables: list[list[StoredEvent]], limit: int) -> None:
    """However the rows are split among tables, and whenever candidates are thinned out."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(winners, "MOST_CANDIDATES", limit)
        fold = Winners()
        for events in tables:
            fold.add(part_file.table_of(events))
    result = fold.result()
    found = [] if result is None else part_file.events_of(result)

    every = [stored.event for events in tables for stored in events]
    expected = {
        vehicle: max(precedence(each) for each in every if each.vehicle_id == vehicle)
        for vehicle in sorted({each.vehicle_id for each in every})
    }
    assert expected == {each.event.vehicle_id: precedence(each.event) for each in found}
    assert list(expected) == [each.event.vehicle_id for each in found]
