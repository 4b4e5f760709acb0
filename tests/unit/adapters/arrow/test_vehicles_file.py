"""A vehicles file is a directory of vehicles."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetcore.application.vehicle_table import vehicles_in
from fleetcore.domain.vehicles import Vehicle
from fleetcore.errors import InvalidInput
from fleetcore_adapters.arrow import vehicles_file
from fleetcore_adapters.arrow.vehicles_file import VehiclesFile
from fleetcore_adapters.memory.vehicles import VehicleTable

VAN = Vehicle(vehicle_id="v-1", vehicle_class="van", max_speed_kmh=130.0)


def test_a_file_is_read_under_its_path(tmp_path: Path) -> None:
    """The directory keeps the bytes it was read from, for the id of their content."""
    path = tmp_path / "vehicles.csv"
    path.write_text("vehicle_id,class,max_speed_kmh\nv-1,van,130\nv-2,,\n")
    directory = VehiclesFile.at(path)
    assert {"v-1": VAN} == directory.find(["v-1", "v-9"])
    assert path.read_bytes() == directory.content


CELLS = st.sampled_from(
    (
        "",
        "1",
        "90",
        "-90.5",
        "0",
        "181",
        "nan",
        "inf",
        "1e3",
        "1,2",
        " 7 ",
        "NA",
        "null",
        "0x10",
        "x",
    )
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(("a", "b", "c d", " e", "\u00e9", "", "null", "f" * 2000)),
        st.sampled_from(("", "van", " van", "truck", "NULL", "-", '"q"')),
        CELLS,
        CELLS,
        CELLS,
    ),
    max_size=4,
)
HEADERS = st.sampled_from(
    (
        "vehicle_id,class,max_speed_kmh,depot_latitude,depot_longitude",
        "vehicle_id,CLASS,other,depot_longitude,depot_latitude",
        "Vehicle Id,class,max_speed_kmh,depot_latitude,depot_longitude",
        "vehicle_id;class;max_speed_kmh;depot_latitude;depot_longitude",
        "vehicle_id,vehicle_id,max_speed_kmh,depot_latitude,depot_longitude",
        "id,class,max_speed_kmh,depot_latitude,depot_longitude",
    )
)


@given(HEADERS, ROWS, st.sampled_from(("\n", "\r\n")))
def test_columns_hold_what_the_rows_say(header: str, rows: list[tuple[str]], end: str) -> None:
    """Read by Arrow or row by row: the same vehicles, or the same error."""
    content = end.join([header, *map(",".join, rows), ""]).encode()
    try:
        expected = vehicles_in(content, "vehicles.csv")
    except InvalidInput as error:
        with pytest.raises(InvalidInput, match=re.escape(str(error))):
            VehiclesFile(content, "vehicles.csv")
        return

    directory = VehiclesFile(content, "vehicles.csv")

    asked = [*(vehicle.vehicle_id for vehicle in expected), "unknown"]
    assert VehicleTable(expected).find(asked) == directory.find(asked)


def test_a_plain_file_is_read_by_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual file does not go row by row."""
    monkeypatch.setattr(vehicles_file, "vehicles_in", None)
    VehiclesFile(b"vehicle_id,class,depot_latitude,depot_longitude\na,van,1.5,2\nb,,,\n", "v.csv")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """The error names the path."""
    with pytest.raises(InvalidInput, match=r"none\.json"):
        VehiclesFile.at(tmp_path / "none.json")
