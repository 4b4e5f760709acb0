"""Slices by vehicle: every row once, in the slice of its vehicle."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tables import table_of

from fleetcore.domain.parts import StoredEvent
from fleetcore.testing.strategies import location_events, stored_events
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.vehicle_slices import VehicleSlices

EVENTS = stored_events(location_events(vehicle_id=st.sampled_from(("a", "a-", "b", "é", "車"))))


@settings(max_examples=60)
@given(
    tables=st.lists(st.lists(EVENTS, min_size=1, max_size=8), max_size=4),
    ends=st.sets(st.sampled_from(("", "a", "aa", "b", "é"))).map(sorted),
)
def test_every_row_comes_back_in_the_slice_of_its_vehicle(
    tables: list[list[StoredEvent]], ends: list[str]
) -> None:
    """Rows keep their order, slices without rows are left out, and no file stays."""
    added = [table_of(events) for events in tables]
    with tempfile.TemporaryDirectory() as folder:
        slices = VehicleSlices(ends, Path(folder))
        for table in added:
            slices.add(table)
        found = [part_file.events_of(table) for table in slices.tables()]
        assert [] == list(Path(folder).iterdir())

    expected: dict[int, list[StoredEvent]] = {number: [] for number in range(len(ends) + 1)}
    for table in added:
        for each in part_file.rows_of(table):
            expected[sum(each.event.vehicle_id > end for end in ends)].append(each)
    assert [tuple(events) for events in expected.values() if events] == found
