"""Instants as the text of a cell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from fleetcore.domain import instants

TimeStyle: TypeAlias = Literal["iso", "epoch-ms"]

TIME_STYLES: Final[tuple[TimeStyle, ...]] = ("iso", "epoch-ms")

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - only added to; the Z is written by hand
_SUFFIX: Final[Mapping[TimeStyle, str]] = {"iso": ".{:03d}Z", "epoch-ms": "{:03d}"}


def second_text(second: int, style: TimeStyle) -> str:
    """The part of a time's text that ends with its whole second (from 1970 on)."""
    return (_EPOCH + timedelta(seconds=second)).isoformat() if style == "iso" else str(second)


def millisecond_text(millisecond: int, style: TimeStyle) -> str:
    """The part of a time's text that follows `second_text`."""
    return _SUFFIX[style].format(millisecond)


def time_text(epoch_ms: int, style: TimeStyle) -> str:
    """Epoch milliseconds as a cell; years 1 to 9999."""
    return instants.time_text(epoch_ms) if style == "iso" else str(epoch_ms)
