"""Location events: what one vehicle reported at one instant, and which report wins."""

from __future__ import annotations

import math
import unicodedata
from typing import Final, Literal, TypeAlias

from attrs import frozen

from fleetcore.domain.fingerprint import fingerprint_of
from fleetcore.errors import InvalidEvent

Status: TypeAlias = Literal["moving", "idle", "offline"]

FieldName: TypeAlias = Literal[
    "vehicle_id",
    "observed_at",
    "latitude",
    "longitude",
    "speed_kmh",
    "heading_deg",
    "accuracy_m",
    "battery_pct",
    "fuel_pct",
    "status",
    "city",
    "source",
]

REQUIRED_FIELDS: Final[tuple[FieldName, ...]] = (
    "vehicle_id",
    "observed_at",
    "latitude",
    "longitude",
)
OPTIONAL_NUMBERS: Final[tuple[FieldName, ...]] = (
    "speed_kmh",
    "heading_deg",
    "accuracy_m",
    "battery_pct",
    "fuel_pct",
)
OPTIONAL_TEXTS: Final[tuple[FieldName, ...]] = ("status", "city", "source")
FIELDS: Final[tuple[FieldName, ...]] = REQUIRED_FIELDS + OPTIONAL_NUMBERS + OPTIONAL_TEXTS

STATUSES: Final[tuple[Status, ...]] = ("moving", "idle", "offline")

MAX_VEHICLE_ID_BYTES: Final = 1024
"""Longest vehicle id in UTF-8 bytes; DynamoDB's partition keys end at 2,048."""


@frozen(kw_only=True, slots=True)
class Reading:
    """What one row said, field by field, before it is judged; anything may be missing.

    Units are those of `LocationEvent`; `status` is the canonical status, or the reported
    text in lower case where it is no known synonym.
    """

    vehicle_id: str | None = None
    observed_at: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    speed_kmh: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    battery_pct: float | None = None
    fuel_pct: float | None = None
    status: str | None = None
    city: str | None = None
    source: str | None = None


@frozen(kw_only=True, slots=True)
class LocationEvent:
    """One observation of one vehicle at one instant.

    `observed_at` is in epoch milliseconds, UTC. Latitude and longitude are degrees (WGS 84).
    Raises `InvalidEvent` for an empty or over-long id and for numbers that are not finite.
    """

    vehicle_id: str
    observed_at: int
    latitude: float
    longitude: float
    speed_kmh: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    battery_pct: float | None = None
    fuel_pct: float | None = None
    status: Status | None = None
    city: str | None = None
    source: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.vehicle_id != normalised_id(self.vehicle_id):
            raise InvalidEvent(f"vehicle_id {self.vehicle_id!r} is empty, too long or not normal")
        if self.status is not None and self.status not in STATUSES:
            raise InvalidEvent(f"status {self.status!r} is none of {', '.join(STATUSES)}")
        for name in ("latitude", "longitude", *OPTIONAL_NUMBERS):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise InvalidEvent(f"{name} is not finite: {value!r}")

    @property
    def identity(self) -> tuple[str, int]:
        """What makes two reports the same observation: vehicle and instant."""
        return (self.vehicle_id, self.observed_at)

    @property
    def fingerprint(self) -> int:
        """Unsigned 64-bit hash over every field the vehicle reported (not `source`)."""
        return fingerprint_of(self)


def precedence(event: LocationEvent) -> tuple[int, float, int]:
    """Sort key of the one order that picks winners: the greatest wins.

    Later `observed_at`; then smaller `accuracy_m`, missing loses; then greater fingerprint.
    """
    accuracy = math.inf if event.accuracy_m is None else event.accuracy_m
    return (event.observed_at, -accuracy, event.fingerprint)


def normalised_id(text: str) -> str | None:
    """The vehicle id in `text`: stripped, NFC; None if it is empty.

    An id that is too long or holds control characters is no id either: use `readable_id`
    to tell the two apart.
    """
    stripped = unicodedata.normalize("NFC", text.strip())
    return stripped if stripped and readable_id(stripped) else None


def readable_id(stripped: str) -> bool:
    """Whether a stripped id fits the length bound and holds no control character."""
    if stripped.isascii():
        return len(stripped) <= MAX_VEHICLE_ID_BYTES and stripped.isprintable()
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in stripped):
        return False
    return len(stripped.encode()) <= MAX_VEHICLE_ID_BYTES
