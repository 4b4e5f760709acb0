"""Metadata of vehicles."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Protocol

from fleetcore.domain.vehicles import Vehicle


class VehicleDirectory(Protocol):
    """Looks vehicles up by id."""

    @abstractmethod
    def find(self, vehicle_ids: Collection[str]) -> Mapping[str, Vehicle]:
        """The metadata of those vehicles that are known. Raises `StorageUnavailable`."""
        raise NotImplementedError
