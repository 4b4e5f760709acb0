"""Metrics and alerts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias

Unit: TypeAlias = Literal["Count", "Milliseconds", "Seconds", "Bytes", "Megabytes", "Percent"]


class Telemeter(Protocol):
    """Says how the work gets on. Losing a measurement or an alert stops no work: never raises."""

    @abstractmethod
    def measure(
        self, metrics: Mapping[str, tuple[float, Unit]], dimensions: Mapping[str, str]
    ) -> None:
        """Record values, by metric name, each with its unit, under one set of dimensions."""
        raise NotImplementedError

    @abstractmethod
    def alert(self, subject: str, message: str) -> None:
        """Tell people that something needs them; no coordinates, no vehicle ids."""
        raise NotImplementedError
