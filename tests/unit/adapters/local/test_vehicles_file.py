"""A vehicles file is a directory of vehicles."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetcore.domain.vehicles import Vehicle
from fleetcore.errors import InvalidInput
from fleetcore_adapters.local.vehicles_file import VehiclesFile
from fleetcore_adapters.memory.vehicles import VehicleTable

VAN = Vehicle(vehicle_id="v-1", vehicle_class="van", max_speed_kmh=130.0)


def test_known_vehicles_are_found(tmp_path: Path) -> None:
    """Vehicles asked for that are listed are found, others are left out, as in memory."""
    path = tmp_path / "vehicles.csv"
    path.write_text("vehicle_id,class,max_speed_kmh\nv-1,van,130\nv-2,,\n")
    directory = VehiclesFile.at(path)
    assert {"v-1": VAN} == directory.find(["v-1", "v-9"])
    assert directory.find(["v-1", "v-9"]) == VehicleTable([VAN]).find(["v-1", "v-9"])
    assert path.read_bytes() == directory.content


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """The error names the path."""
    with pytest.raises(InvalidInput, match=r"none\.json"):
        VehiclesFile.at(tmp_path / "none.json")
