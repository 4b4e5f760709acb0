"""Riders, drivers and trip requests as files list them and messages tell of them.

A file is CSV with a header, a JSON array, or JSON lines; a message is a JSON object or an array of
them. The keys are the fields' names; others are ignored.

- rider: `rider_id`, `latitude`, `longitude`, and optionally `name`, `observed_at`
- driver: `vehicle_id`, and optionally `name`, `rating`
- trip: `trip_id`, `rider_id`, and optionally `requested_at`

A time is ISO 8601 (UTC without an offset) or epoch milliseconds; without one it is now. One that is
more than a minute ahead is refused, as in live locations: nothing later would ever be believed.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias, cast

from fleetcore.application.listening import LIVE_MAX_AHEAD_S
from fleetcore.domain.cells import time_in
from fleetcore.domain.geodesy import is_on_earth
from fleetcore.domain.location import normalised_id
from fleetcore.domain.messages import DeadMessage, Message
from fleetcore.domain.places import Driver, Place, Rider, TripRequest
from fleetcore.errors import InvalidInput
from fleetcore.ports.places import Places

ListedKind: TypeAlias = Literal["rider", "driver", "trip"]

ID_KEYS: Final[Mapping[ListedKind, str]] = {
    "rider": "rider_id",
    "driver": "vehicle_id",
    "trip": "trip_id",
}

_Entry: TypeAlias = Mapping[str, object]


def listed_in(kind: ListedKind, content: bytes, name: str, now_ms: int) -> tuple[Place, ...]:
    """What a file called `name` lists, in its order.

    Raises `InvalidInput`, naming the line or entry, if anything in it cannot be taken.
    """
    found = []
    for where, entry in _entries(kind, content, name):
        try:
            found.append(_place(kind, entry, now_ms))
        except InvalidInput as error:
            raise InvalidInput(f"{name}: {where}: {error}") from None
    return tuple(found)


def take_in(
    places: Places, kind: ListedKind, messages: Sequence[Message]
) -> tuple[DeadMessage, ...]:
    """Keep what messages of one kind say; those that cannot be read come back, with why.

    What is kept is durable when it returns. Raises `StorageUnavailable`: nothing was kept.
    """
    found: list[Place] = []
    dead: list[DeadMessage] = []
    for message in messages:
        try:
            said = [
                _place(kind, entry, message.received_at_ms)
                for entry in _objects(_parsed(message.payload))
            ]
        except InvalidInput as error:
            dead.append(DeadMessage(message=message, code="malformed", reasons=(str(error),)))
        else:
            found += said
    if found:
        places.put(found)
    return tuple(dead)


def _parsed(content: bytes | str) -> object:
    try:
        return json.loads(content)
    except UnicodeDecodeError:
        raise InvalidInput("it is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"it is not JSON: {error}") from None


def _objects(document: object) -> Sequence[_Entry]:
    entries = document if isinstance(document, list) else [document]
    for entry in entries:
        if not isinstance(entry, dict):
            raise InvalidInput(f"{entry!r:.40} is no JSON object")
    return cast("Sequence[_Entry]", entries)


def _entries(kind: ListedKind, content: bytes, name: str) -> Iterator[tuple[str, _Entry]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{name}: the file is not UTF-8: {error}") from None
    first = text.lstrip()[:1]
    if first == "[":
        try:
            entries = _objects(_parsed(text))
        except InvalidInput as error:
            raise InvalidInput(f"{name}: {error}") from None
        yield from ((f"entry {number}", entry) for number, entry in enumerate(entries, 1))
    elif first == "{":
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                try:
                    (entry,) = _objects(_parsed(line))
                except InvalidInput as error:
                    raise InvalidInput(f"{name}: line {number}: {error}") from None
                except ValueError:
                    raise InvalidInput(f"{name}: line {number}: it is no JSON object") from None
                yield (f"line {number}", entry)
    else:
        yield from _rows(kind, text, name)


def _rows(kind: ListedKind, text: str, name: str) -> Iterator[tuple[str, _Entry]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        columns = [column.strip() for column in reader.fieldnames or ()]
        reader.fieldnames = columns
        if ID_KEYS[kind] not in columns:
            found = ", ".join(columns[:20]) or "none"
            raise InvalidInput(f"{name}: there is no column {ID_KEYS[kind]}; found: {found}")
        for row in reader:
            # A blank cell says nothing; cells beyond the header have no name.
            said = {key: cell for key, cell in row.items() if isinstance(cell, str) and cell}
            yield (f"line {reader.line_num}", said)
    except csv.Error as error:
        raise InvalidInput(f"{name}: line {reader.line_num}: {error}") from None


def _place(kind: ListedKind, entry: _Entry, now_ms: int) -> Place:
    match kind:
        case "rider":
            latitude, longitude = _number(entry, "latitude"), _number(entry, "longitude")
            if latitude is None or longitude is None or not is_on_earth(latitude, longitude):
                raise InvalidInput(
                    f"latitude {entry.get('latitude')!r:.40} and longitude "
                    f"{entry.get('longitude')!r:.40} are no place; use degrees"
                )
            return Rider(
                rider_id=_id(entry, "rider_id"),
                name=_text(entry, "name"),
                latitude=latitude,
                longitude=longitude,
                observed_at=_time(entry, "observed_at", now_ms),
            )
        case "driver":
            return Driver(
                vehicle_id=_id(entry, "vehicle_id"),
                name=_text(entry, "name"),
                rating=_number(entry, "rating"),
            )
        case "trip":
            return TripRequest(
                trip_id=_id(entry, "trip_id"),
                rider_id=_id(entry, "rider_id"),
                requested_at=_time(entry, "requested_at", now_ms),
            )


def _id(entry: _Entry, key: str) -> str:
    value = entry.get(key)
    is_id = isinstance(value, str | int) and not isinstance(value, bool)
    found = normalised_id(str(value)) if is_id else None
    if found is None:
        raise InvalidInput(f"{key} {value!r:.40} is missing or no id")
    return found


def _text(entry: _Entry, key: str) -> str | None:
    value = entry.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value.isprintable():
        raise InvalidInput(f"{key} {value!r:.40} is not a text of one line")
    return value.strip() or None


def _number(entry: _Entry, key: str) -> float | None:
    value = entry.get(key)
    if value is None:
        return None
    try:
        read = math.nan if isinstance(value, bool) else float(cast("str | float", value))
    except (TypeError, ValueError, OverflowError):
        read = math.nan
    if not math.isfinite(read):
        raise InvalidInput(f"{key} {value!r:.40} is not a number")
    return read


def _time(entry: _Entry, key: str, now_ms: int) -> int:
    value = entry.get(key)
    if value is None:
        return now_ms
    if isinstance(value, str):
        read = int(value) if re.fullmatch(r"[0-9]{1,16}", value) else time_in(value, "iso", "UTC")
        if isinstance(read, int):
            value = read
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**53:
        raise InvalidInput(f"{key} {value!r:.40} is no time; use ISO 8601 or epoch milliseconds")
    if value > now_ms + LIVE_MAX_AHEAD_S * 1000:
        raise InvalidInput(
            f"{key} {value} is more than {LIVE_MAX_AHEAD_S:g} s ahead of now; check the clock"
        )
    return value
