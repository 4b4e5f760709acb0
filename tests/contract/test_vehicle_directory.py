"""The contract of directories of vehicles, on every adapter."""

from __future__ import annotations

from fleetcore.testing.contracts.vehicle_directory import VehicleDirectoryContract


class TestVehicleDirectory(VehicleDirectoryContract):
    """Runs the suite on what the fixture `open_vehicle_directory` opens."""
