"""What one cell's text means. Every engine gives the same answers as these functions.

A cell is missing where it is one of `NULLS`, after blanks around it are dropped. Blanks are
space and tab. A cell that is neither missing nor readable is `UNREADABLE`.
"""

from __future__ import annotations

import enum
import math
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from fleetcore.domain.interpretation import TimeFormat
from fleetcore.domain.location import Status, readable_id


class Unreadable(enum.Enum):
    """The mark of a cell that has text but no meaning."""

    UNREADABLE = "unreadable"


UNREADABLE: Final = Unreadable.UNREADABLE

BLANKS: Final = " \t"
NULLS: Final = ("", "null", "NULL", "Null", "None", "none", "NA", "N/A", "n/a", "\\N", "-")

NUMBER: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
NOT_FINITE: Final = r"[+-]?(?:[nN][aA][nN]|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)"
ISO_TIME: Final = (
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?)?"
    r" ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)

_NUMBER: Final = re.compile(f"{NUMBER}|{NOT_FINITE}")
_EPOCH: Final = re.compile(r"([+-]?)([0-9]{1,17})(?:\.([0-9]*))?")
_ISO_TIME: Final = re.compile(ISO_TIME)
FIRST_MS: Final = -62_135_596_800_000
LAST_MS: Final = 253_402_300_799_999
_EPOCH_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)

STATUS_SYNONYMS: Final[dict[str, Status]] = {
    "moving": "moving",
    "active": "moving",
    "driving": "moving",
    "on": "moving",
    "en route": "moving",
    "in transit": "moving",
    "idle": "idle",
    "idling": "idle",
    "parked": "idle",
    "stopped": "idle",
    "stationary": "idle",
    "offline": "offline",
    "off": "offline",
    "inactive": "offline",
    "disconnected": "offline",
}


def number_in(text: str) -> float | None | Unreadable:
    """A decimal number, which may be NaN or infinite; None if missing.

    A point is the only decimal mark and digits are not grouped.
    """
    text = text.strip(BLANKS)
    if text in NULLS:
        return None
    return float(text) if _NUMBER.fullmatch(text) else UNREADABLE


def optional_number_in(text: str) -> float | None | Unreadable:
    """As `number_in`, but what is not finite is unreadable: nothing was measured."""
    value = number_in(text)
    return UNREADABLE if isinstance(value, float) and not math.isfinite(value) else value


def id_in(text: str) -> str | None | Unreadable:
    """A vehicle id: stripped and in NFC; None if missing."""
    stripped = unicodedata.normalize("NFC", text.strip())
    if stripped in NULLS:
        return None
    return stripped if readable_id(stripped) else UNREADABLE


def text_in(text: str) -> str | None | Unreadable:
    """Free text such as a city: stripped and in NFC; None if missing."""
    stripped = unicodedata.normalize("NFC", text.strip())
    return None if stripped in NULLS else stripped


def status_in(text: str) -> str | None | Unreadable:
    """A canonical status where the text is a known synonym, else the text in lower case."""
    value = text_in(text)
    if not isinstance(value, str):
        return value
    lowered = value.lower()
    return STATUS_SYNONYMS.get(lowered, lowered)


def time_in(text: str, form: TimeFormat, zone: str) -> int | None | Unreadable:
    """An instant in epoch milliseconds, finer times rounded down; None if missing.

    Instants before the year 1 or after 9999 (UTC) are unreadable: no calendar here has them.
    A local time that the zone skips or repeats is read with the offset in force before the
    change (PEP 495, fold=0).
    """
    text = text.strip(BLANKS)
    if text in NULLS:
        return None
    value = _iso_ms(text, zone) if form == "iso" else _epoch_ms(text, form)
    if isinstance(value, int) and not FIRST_MS <= value <= LAST_MS:
        return UNREADABLE
    return value


def _epoch_ms(text: str, form: TimeFormat) -> int | Unreadable:
    match = _EPOCH.fullmatch(text)
    if match is None:
        return UNREADABLE
    sign, whole, fraction = match[1], match[2], match[3] or ""
    kept = 3 if form == "epoch-s" else 0
    value = int(whole) * (1000 if kept else 1) + int(fraction[:kept].ljust(kept, "0") or "0")
    if sign != "-":
        return value
    return -value - (1 if fraction[kept:].strip("0") else 0)


def _iso_ms(text: str, zone: str) -> int | Unreadable:
    match = _ISO_TIME.fullmatch(text)
    if match is None:
        return UNREADABLE
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        local = datetime(  # noqa: DTZ001 - the zone comes after
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)
        )
    except ValueError:
        return UNREADABLE
    if offset is None:
        shift: timedelta | None = offset_of(local, zone)
    else:
        shift = _stated_offset(offset)
    if shift is None:
        return UNREADABLE
    ms = (local.replace(tzinfo=UTC) - _EPOCH_START - shift) // _MS
    return ms + int((fraction or "0")[:3].ljust(3, "0"))


def offset_of(local: datetime, zone: str) -> timedelta:
    """The zone's offset from UTC at a naive local time (fold=0)."""
    if zone == "UTC":
        return timedelta(0)
    return _zone(zone).utcoffset(local) or timedelta(0)


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _stated_offset(text: str) -> timedelta | None:
    if text == "Z":
        return timedelta(0)
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        return None
    shift = timedelta(hours=hours, minutes=minutes)
    return -shift if text[0] == "-" else shift
