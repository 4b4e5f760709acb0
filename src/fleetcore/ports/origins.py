"""Where ingestions came from: names that must not enter the streams."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Protocol

from attrs import frozen


@frozen(kw_only=True, slots=True)
class Origin:
    """The file of an ingestion, and the vehicle id taken from its name."""

    name: str
    vehicle_id: str | None = None


class Origins(Protocol):
    """The names that stand beside the streams, so that they can be forgotten."""

    @abstractmethod
    def note(self, ingestion: str, origin: Origin) -> None:
        """Remember where an ingestion came from; the last note stays. `StorageUnavailable`."""
        raise NotImplementedError

    @abstractmethod
    def read(self) -> Mapping[str, Origin]:
        """Every origin by ingestion id. Raises `StorageUnavailable`."""
        raise NotImplementedError
