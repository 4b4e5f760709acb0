"""Instants as text, for people and for files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def time_text(epoch_ms: int) -> str:
    """An instant (epoch ms) in ISO 8601, UTC, to the millisecond.

    Raises `OverflowError` before the year 1 and after 9999.
    """
    instant = _EPOCH + timedelta(milliseconds=epoch_ms)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
