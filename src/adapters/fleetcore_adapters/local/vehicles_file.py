"""Vehicles' metadata from a JSON or CSV file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from fleetcore.application.vehicle_table import vehicles_in
from fleetcore.domain.vehicles import Vehicle
from fleetcore.errors import InvalidInput
from fleetcore.ports.vehicle_directory import VehicleDirectory


class VehiclesFile(VehicleDirectory):
    """The vehicles of one file's content, read once.

    Raises `InvalidInput` where the content is no list of vehicles.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self.content = content
        self._vehicles = {vehicle.vehicle_id: vehicle for vehicle in vehicles_in(content, name)}

    @classmethod
    def at(cls, path: Path) -> VehiclesFile:
        """The vehicles of a file. Raises `InvalidInput` where it cannot be read."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InvalidInput(f"{path}: {error.strerror or error}") from error
        return cls(content, str(path))

    def find(self, vehicle_ids: Collection[str]) -> Mapping[str, Vehicle]:
        """See `VehicleDirectory.find`."""
        return {each: self._vehicles[each] for each in vehicle_ids if each in self._vehicles}
