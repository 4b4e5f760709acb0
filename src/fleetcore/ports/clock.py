"""The wall clock."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol


class Clock(Protocol):
    """Tells the time; the only source of "now"."""

    @abstractmethod
    def now_ms(self) -> int:
        """Epoch milliseconds, UTC."""
        raise NotImplementedError
