"""Location events as items of the log, and the keys they lie under."""

from __future__ import annotations

import hashlib
import zlib
from datetime import date
from typing import Final, cast

from fleetcore.domain.location import (
    OPTIONAL_NUMBERS,
    OPTIONAL_TEXTS,
    LocationEvent,
    Status,
)
from fleetcore.domain.parts import StoredEvent
from fleetcore_adapters.aws.dynamodb.tables import CITY_INDEX, LOG
from fleetcore_adapters.aws.dynamodb.values import (
    MOST_ITEM_BYTES,
    Item,
    Value,
    float_in,
    int_in,
    item_size,
    of_float,
    of_int,
    of_text,
    text_in,
)

CITY_SHARDS: Final = 8
"""A city's day is spread over so many partitions of the index."""

DAY_MS: Final = 86_400_000
INT64_MS: Final = (-(2**63), 2**63)
"""The instants there can be; the second is behind them."""
_SHIFT: Final = 10**19
_EPOCH: Final = date(1970, 1, 1).toordinal()
_MOST_CITY_BYTES: Final = 1024
_NUMBERS: Final = ("latitude", "longitude", *OPTIONAL_NUMBERS)
_SURELY_SMALL: Final = MOST_ITEM_BYTES // 8
"""So many characters of free text, four bytes each at the most, leave room for all the rest."""


def attributes_of(stored: StoredEvent) -> dict[str, Value]:
    """An event's fields, its enrichment and its provenance; what is missing has no attribute."""
    event = stored.event
    item = {
        "vehicle_id": of_text(event.vehicle_id),
        "observed_at": of_int(event.observed_at),
        "ingestion": of_text(stored.ingestion),
        "line": of_int(stored.line),
    }
    for name in _NUMBERS:
        number: float | None = getattr(event, name)
        if number is not None:
            item[name] = of_float(number)
    for name in OPTIONAL_TEXTS:
        text: str | None = getattr(event, name)
        if text is not None:
            item[name] = of_text(text)
    if stored.distance_from_depot_m is not None:
        item["distance_from_depot_m"] = of_float(stored.distance_from_depot_m)
    return item


def stored_of(item: Item) -> StoredEvent:
    """The event of an item that `attributes_of` made; other attributes are left alone.

    Raises `StorageUnavailable` for an item that is none.
    """
    event = LocationEvent(
        vehicle_id=text_in(item, "vehicle_id"),
        observed_at=int_in(item, "observed_at"),
        latitude=float_in(item, "latitude"),
        longitude=float_in(item, "longitude"),
        speed_kmh=_number(item, "speed_kmh"),
        heading_deg=_number(item, "heading_deg"),
        accuracy_m=_number(item, "accuracy_m"),
        battery_pct=_number(item, "battery_pct"),
        fuel_pct=_number(item, "fuel_pct"),
        status=cast("Status | None", _text(item, "status")),
        city=_text(item, "city"),
        source=_text(item, "source"),
    )
    return StoredEvent(
        event=event,
        distance_from_depot_m=_number(item, "distance_from_depot_m"),
        ingestion=text_in(item, "ingestion"),
        line=int_in(item, "line"),
    )


def _number(item: Item, name: str) -> float | None:
    return float_in(item, name) if name in item else None


def _text(item: Item, name: str) -> str | None:
    return text_in(item, name) if name in item else None


def log_item(
    stored: StoredEvent, *, keep_days: int | None, conflict: bool = False, twin: int = 0
) -> Item:
    """The item of the log that holds an event.

    `conflict` says that it met another ingestion's sibling. `twin` tells payloads apart that
    share a fingerprint. With `keep_days` it tells when it may go: so long after `observed_at`.
    """
    event = stored.event
    item = attributes_of(stored)
    item[LOG.sort] = of_text(sort_key(event, twin))
    if conflict:
        item["conflict"] = {"BOOL": True}
    if event.city is not None:
        day = day_of(event.observed_at)
        item[CITY_INDEX.partition] = of_text(
            city_bucket(event.city, day, city_shard(event.vehicle_id))
        )
    if keep_days is not None:
        item["expires_at"] = of_int((event.observed_at + keep_days * DAY_MS) // 1000)
    return item


def is_storable(stored: StoredEvent) -> bool:
    """Whether an item can hold the event: depends on nothing but the event."""
    event = stored.event
    if len(event.city or "") + len(event.source or "") < _SURELY_SMALL:
        return True
    return item_size(log_item(stored, keep_days=1, conflict=True, twin=9)) <= MOST_ITEM_BYTES


def instant_key(observed_at: int) -> str:
    """What sorts as instants of 64 bits do: the first part of a sort key."""
    return f"{_SHIFT + observed_at:020d}"


def instant_in(item: Item) -> int:
    """The instant in the key of an item of the log, or in a key alone."""
    return int(text_in(item, LOG.sort)[:20]) - _SHIFT


def sort_key(event: LocationEvent, twin: int = 0) -> str:
    """Instant and fingerprint; a further payload of one fingerprint has its number behind."""
    suffix = f"#{twin}" if twin else ""
    return f"{instant_key(event.observed_at)}#{event.fingerprint:016x}{suffix}"


def day_of(observed_at: int) -> int:
    """The UTC day of an instant, counted from 1970."""
    return observed_at // DAY_MS


def day_name(day: int) -> str:
    """A day as a date; as its number where no calendar has it."""
    ordinal = _EPOCH + day
    if date.min.toordinal() <= ordinal <= date.max.toordinal():
        return date.fromordinal(ordinal).isoformat()
    return f"{day:+d}"


def city_shard(vehicle_id: str) -> int:
    """On which of the shards of its city a vehicle lies, always."""
    return zlib.crc32(vehicle_id.encode()) % CITY_SHARDS


def city_bucket(city: str, day: int, shard: int) -> str:
    """The index's partition of a city's day; a long name is replaced by its hash."""
    if len(city.encode()) > _MOST_CITY_BYTES:
        city = f"sha256:{hashlib.sha256(city.encode()).hexdigest()}"
    return f"{city}#{day_name(day)}#{shard}"
