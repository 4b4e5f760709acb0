"""What a JSON value means as a cell: what its text would mean in a file.

A string is read as a cell's text is, a number is itself, `null` is missing. What has no meaning
as a cell, a list or `true` where a number belongs, is `UNREADABLE`.
"""

from __future__ import annotations

import math
from typing import Final

from fleetcore.domain.cells import FIRST_MS, LAST_MS, UNREADABLE, Unreadable, number_in, time_in

FIRST_EPOCH_MS: Final = 10**11
"""A number from here on is an instant in milliseconds; a smaller one is in seconds."""

NO_EPOCH: Final = 10**13
"""A number from here on is a written date (20240501100000) or finer than a millisecond."""


def number_of(value: object) -> float | None | Unreadable:
    """A number, which may be infinite; None if missing."""
    match value:
        case None | float():
            return value
        case bool():
            return UNREADABLE
        case int():
            return _float_of(value)
        case str():
            return number_in(value)
        case _:
            return UNREADABLE


def optional_number_of(value: object) -> float | None | Unreadable:
    """As `number_of`, but what is not finite is unreadable: nothing was measured."""
    number = number_of(value)
    return UNREADABLE if isinstance(number, float) and not math.isfinite(number) else number


def time_of(value: object, zone: str) -> int | None | Unreadable:
    """An instant in epoch ms, finer times rounded down; None if missing.

    Epoch seconds or milliseconds, told by magnitude, as number or text; or ISO 8601, in `zone`
    where it states no offset.
    """
    match value:
        case bool():
            return UNREADABLE
        case int():
            return _epoch_ms(value)
        case float():
            # The shortest decimal of a float is what was written; arithmetic would round it.
            return _epoch_in(repr(value))
        case str():
            ms = time_in(value, "iso", zone)
            return _epoch_in(value) if ms is UNREADABLE else ms
        case _:
            return None if value is None else UNREADABLE


def text_of(value: object) -> str | None | Unreadable:
    """The text of a cell that holds one; whole numbers are texts, too."""
    match value:
        case str():
            # JSON can escape half of a surrogate pair, which is no character.
            return value if _is_text(value) else UNREADABLE
        case bool():
            return UNREADABLE
        case int():
            return str(value)
        case _:
            return None if value is None else UNREADABLE


def _float_of(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _epoch_ms(value: int) -> int | Unreadable:
    if abs(value) >= NO_EPOCH:
        return UNREADABLE
    ms = value if abs(value) >= FIRST_EPOCH_MS else value * 1000
    return ms if FIRST_MS <= ms <= LAST_MS else UNREADABLE


def _epoch_in(text: str) -> int | None | Unreadable:
    ms = time_in(text, "epoch-ms", "UTC")
    if not isinstance(ms, int) or FIRST_EPOCH_MS <= abs(ms) < NO_EPOCH:
        return ms
    return UNREADABLE if abs(ms) >= NO_EPOCH else time_in(text, "epoch-s", "UTC")


def _is_text(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
