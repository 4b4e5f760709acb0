"""Metrics and alerts in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from attrs import frozen

from fleetcore.ports.telemeter import Telemeter, Unit


@frozen(slots=True)
class Measured:
    """What one call of `measure` said."""

    metrics: Mapping[str, tuple[float, Unit]]
    dimensions: Mapping[str, str]


class MemoryTelemeter(Telemeter):
    """Keeps all it is told as long as the process lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._measured: list[Measured] = []
        self._alerts: list[tuple[str, str]] = []

    def measure(
        self, metrics: Mapping[str, tuple[float, Unit]], dimensions: Mapping[str, str]
    ) -> None:
        with self._lock:
            self._measured.append(Measured(dict(metrics), dict(dimensions)))

    def alert(self, subject: str, message: str) -> None:
        with self._lock:
            self._alerts.append((subject, message))

    def measured(self) -> tuple[Measured, ...]:
        """What was measured, in order."""
        with self._lock:
            return tuple(self._measured)

    def alerts(self) -> tuple[tuple[str, str], ...]:
        """Subject and message of each alert, in order."""
        with self._lock:
            return tuple(self._alerts)
