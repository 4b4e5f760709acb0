"""The Parquet form of parts: exact, sorted, the same bytes for the same rows."""

from __future__ import annotations

import gc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from tests.tables import table_of

from fleetcore.domain.location import LocationEvent
from fleetcore.domain.parts import StoredEvent
from fleetcore.errors import CorruptObject
from fleetcore.testing.strategies import stored_events
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.log_files import parsed_footer

EVENT = StoredEvent(
    event=LocationEvent(vehicle_id="cab-1", observed_at=5, latitude=1.0, longitude=2.0),
    distance_from_depot_m=None,
    ingestion="1f",
    line=2,
)


def on(vehicle_id: str, observed_at: int, line: int = 2) -> StoredEvent:
    """An event of a vehicle at an instant."""
    event = evolve(EVENT.event, vehicle_id=vehicle_id, observed_at=observed_at)
    return evolve(EVENT, event=event, line=line)


@given(events=st.lists(stored_events(), max_size=6))
def test_rows_come_back_as_they_were(events: list[StoredEvent]) -> None:
    """Every field to the last bit, sorted by vehicle and time."""
    table = table_of(events)
    decoded = part_file.decode(part_file.encode(table))
    found = part_file.events_of(decoded)

    assert sorted(map(repr, events)) == sorted(map(repr, found))
    keys = [(each.event.vehicle_id.encode(), each.event.observed_at) for each in found]
    assert sorted(keys) == keys
    fingerprints = decoded.column("fingerprint").to_pylist()
    assert [each.event.fingerprint for each in found] == fingerprints


@given(events=st.lists(stored_events(), min_size=1, max_size=9), size=st.integers(1, 4))
def test_slices_hold_the_rows_and_only_their_words(events: list[StoredEvent], size: int) -> None:
    """Cut into row groups, a table says the same, each dictionary no more than it must."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(part_file, "ROW_GROUP_ROWS", size)
        table = table_of(events)
        slices = list(part_file.sliced(table))
        content = part_file.encode(*slices)

    assert part_file.events_of(table) == part_file.events_of(part_file.decode(content))
    assert all(each.num_rows <= size for each in slices)
    for each in slices:
        ids = each.column("vehicle_id").chunk(0)
        assert set(ids.dictionary.to_pylist()) == set(ids.to_pylist())


def test_the_same_rows_are_the_same_bytes() -> None:
    """A chunk that is processed again makes the same part."""
    table = table_of([EVENT, on("é", 7)])

    assert part_file.encode(table) == part_file.encode(table_of([EVENT, on("é", 7)]))


def test_the_footer_tells_where_rows_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extent of every row group, and the one ingestion of a part."""
    monkeypatch.setattr(part_file, "ROW_GROUP_ROWS", 2)
    events = [on("a", 1), on("a", -(2**53)), on("車", 2**53), on("b", 4)]
    footer = parsed_footer("x", part_file.encode(table_of(events)))

    assert [("a", "a", -(2**53), 1), ("b", "車", 4, 2**53)] == [
        (each.min_vehicle_id, each.max_vehicle_id, each.min_observed_at, each.max_observed_at)
        for each in footer.extents
    ]
    assert ("a", "車") == (footer.extent.min_vehicle_id, footer.extent.max_vehicle_id)
    assert ("1f", 4) == (footer.ingestion, footer.rows)


def test_a_file_of_several_ingestions_has_none() -> None:
    """Such a file is a compacted one."""
    table = table_of([EVENT, evolve(EVENT, ingestion="2e", line=3)])

    assert parsed_footer("x", part_file.encode(table)).ingestion is None


def test_a_footer_is_freed_at_once() -> None:
    """It refers to nothing that refers to it: thousands a minute are parsed while views follow."""
    content = part_file.encode(table_of([EVENT]))
    gc.collect()
    gc.disable()
    try:
        for _ in range(100):
            parsed_footer("x", content)
        assert 100 > gc.collect()
    finally:
        gc.enable()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"vehicle_id\n1\n", b"PAR1" * 9])
def test_damage_is_told(content: bytes) -> None:
    """What is no part is a corrupt object."""
    with pytest.raises(CorruptObject):
        part_file.decode(content)
    with pytest.raises(CorruptObject, match="fresh/x"):
        parsed_footer("fresh/x", content)


def test_a_cut_off_file_is_damaged() -> None:
    """The footer lies at the end."""
    content = part_file.encode(table_of([EVENT]))

    with pytest.raises(CorruptObject):
        part_file.decode(content[:-9])


@pytest.mark.parametrize("damage", ["twice", "other type", "missing", "nothing in it"])
def test_columns_that_are_none_of_a_part_are_damage(damage: str) -> None:
    """Named, and no error of another kind, whoever wrote the file."""
    table = table_of([EVENT])
    at = table.column_names.index("latitude")
    nothing = pa.nulls(1, pa.float64())
    changed = {
        "twice": table.append_column("latitude", table.column(at)),
        "other type": table.set_column(at, "latitude", pa.array([1])),
        "missing": table.remove_column(at),
        "nothing in it": table.set_column(at, "latitude", nothing),
    }[damage]
    sink = pa.BufferOutputStream()
    pq.write_table(changed, sink)

    with pytest.raises(CorruptObject, match="latitude"):
        part_file.decode(sink.getvalue().to_pybytes())
    with pytest.raises(CorruptObject, match="latitude"):
        part_file.decode(sink.getvalue().to_pybytes(), ["latitude", "vehicle_id"])


def test_columns_said_to_be_empty_and_are_not_are_those_of_a_part() -> None:
    """Whoever wrote them: what is read can be written again."""
    table = table_of([EVENT])
    loose = table.cast(pa.schema([field.with_nullable(True) for field in table.schema]))
    sink = pa.BufferOutputStream()
    pq.write_table(loose, sink)

    decoded = part_file.decode(sink.getvalue().to_pybytes())
    assert [EVENT] == list(part_file.events_of(part_file.decode(part_file.encode(decoded))))


def test_columns_come_in_the_order_they_are_asked_for() -> None:
    """Whatever their order in the file."""
    names = ["latitude", "vehicle_id"]

    assert names == part_file.decode(part_file.encode(table_of([EVENT])), names).column_names
