"""The columnar fold keeps the order of `precedence`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tables import table_of

from fleetcore.domain.location import LocationEvent, precedence
from fleetcore.domain.parts import StoredEvent
from fleetcore.testing.strategies import location_events, stored_events
from fleetcore_adapters.arrow import part_file, winners
from fleetcore_adapters.arrow.log_files import LogFiles
from fleetcore_adapters.arrow.winners import Winners

EVENTS = stored_events(
    location_events(
        vehicle_id=st.sampled_from(("cab-1", "cab-2", "é")), observed_at=st.integers(-1, 1)
    )
)


def winners_of(
    files: list[list[list[StoredEvent]]], whole: Sequence[bool] = ()
) -> list[StoredEvent]:
    """What is left of files, each given as its row groups; some are given as rows that were read.

    `whole` says of each whether; the others, and those behind the last one, are not.
    """
    contents = {
        str(number): part_file.encode(*map(table_of, groups)) for number, groups in enumerate(files)
    }
    opener = LogFiles(lambda key: pa.BufferReader(contents[key]))
    fold = Winners()
    for key, is_read in zip_longest(contents, whole[: len(contents)], fillvalue=False):
        with opener.opened(str(key)) as file:
            if is_read:
                fold.add_rows(pa.concat_tables(map(file.read, file.groups())))
            else:
                fold.add(file)
    result = fold.result()
    return [] if result is None else list(part_file.rows_of(result))


@given(
    files=st.lists(
        st.lists(st.lists(EVENTS, min_size=1, max_size=6), min_size=1, max_size=3), max_size=4
    ),
    whole=st.lists(st.booleans(), max_size=4),
    limit=st.integers(0, 6),
)
def test_keeps_the_greatest_of_each_vehicle(
    files: list[list[list[StoredEvent]]], whole: list[bool], limit: int
) -> None:
    """However rows are split among files, and read, and whenever candidates are thinned out."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(winners, "MOST_CANDIDATES", limit)
        found = winners_of(files, whole)

    every = [stored.event for groups in files for events in groups for stored in events]
    expected = {
        vehicle: max(precedence(each) for each in every if each.vehicle_id == vehicle)
        for vehicle in sorted({each.vehicle_id for each in every})
    }
    assert expected == {each.event.vehicle_id: precedence(each.event) for each in found}
    assert list(expected) == [each.event.vehicle_id for each in found]


def stored(vehicle_id: str, observed_at: int) -> StoredEvent:
    """An event of a vehicle at an instant."""
    event = LocationEvent(
        vehicle_id=vehicle_id, observed_at=observed_at, latitude=1.0, longitude=2.0
    )
    return StoredEvent(event=event, distance_from_depot_m=None, ingestion="1f", line=2)


@pytest.mark.parametrize("observed_at", [-(2**63), 0, 2**63 - 1])
def test_any_instant_may_win(observed_at: int) -> None:
    """No instant stands for a vehicle that was never seen."""
    event = stored("a", observed_at)

    assert [event] == winners_of([[[event]], [[event]]])


def test_ids_that_no_row_uses_win_nothing() -> None:
    """A dictionary may name a vehicle of which its row group holds no row."""
    table = table_of([stored(vehicle_id, 1) for vehicle_id in "abc"])
    content = part_file.encode(table.filter(pa.array([True, False, True])))
    fold = Winners()
    with LogFiles(lambda _: pa.BufferReader(content)).opened("x") as file:
        fold.add(file)
    result = fold.result()

    assert result is not None
    assert ["a", "c"] == result.column("vehicle_id").to_pylist()
