"""Vehicles' metadata in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from fleetcore.domain.vehicles import Vehicle
from fleetcore.ports.vehicle_directory import VehicleDirectory


class VehicleTable(VehicleDirectory):
    """A fixed set of vehicles; of two with one id the last counts."""

    def __init__(self, vehicles: Iterable[Vehicle]) -> None:
        self._vehicles = {vehicle.vehicle_id: vehicle for vehicle in vehicles}

    def find(self, vehicle_ids: Collection[str]) -> Mapping[str, Vehicle]:
        """See `VehicleDirectory.find`."""
        return {each: self._vehicles[each] for each in vehicle_ids if each in self._vehicles}
