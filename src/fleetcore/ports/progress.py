"""How far long work is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[float], None]
"""Is told, again and again, which share of the work is done: from 0 to 1, never less."""


def unwatched(_share: float) -> None:
    """Nobody wants to know."""
