"""Which key of a report means which field, told from the keys alone.

A field that the fleet maps is read from that key and from no other. The others are told by the
table of known names (`fleetcore.domain.headers`), or by OwnTracks' form, whose reports have
`_type: location` (OwnTracks booklet, "JSON").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from attrs import frozen

from fleetcore.domain.cells import Unreadable, id_in
from fleetcore.domain.headers import candidates, speed_unit_in
from fleetcore.domain.interpretation import KMH_PER
from fleetcore.domain.location import FIELDS, FieldName
from fleetcore.domain.payloads import ENCRYPTED, MAX_KEYS, TOO_MANY_KEYS, Fault
from fleetcore.errors import InvalidMapping

Mapped: TypeAlias = tuple[tuple[FieldName, str], ...]
"""A fleet's own keys by field; a tuple, so that forms can be looked up by it."""

OWNTRACKS_KEYS: Final[Mapping[FieldName, str]] = {
    "observed_at": "tst",
    "latitude": "lat",
    "longitude": "lon",
    "speed_kmh": "vel",
    "heading_deg": "cog",
    "accuracy_m": "acc",
    "battery_pct": "batt",
}
OWNTRACKS_TYPE: Final = "_type"
NO_LOCATIONS: Final = frozenset(
    {
        *("beacon", "card", "cmd", "configuration", "dump", "lwt", "request", "status", "steps"),
        *("transition", "waypoint", "waypoints"),
    }
)
"""What OwnTracks sends beside locations: understood, counted, and left alone."""

VEHICLE_TOPIC: Final = "^fleet/([^/]+)/location$"
"""Where a fleet names no pattern of its own: `fleet/cab-1/location` is of `cab-1`."""

OWNTRACKS_TOPIC: Final = "^owntracks/([^/]+/[^/]+)$"
"""A user's device: `owntracks/ann/phone` is of `ann/phone`."""


@frozen(kw_only=True, slots=True)
class Form:
    """How reports with certain keys are read.

    `keys` in the order of `FIELDS`. `ambiguous` fields are not read: two keys may mean them.
    `kmh_per` is what one unit of the speed is in km/h.
    """

    keys: Mapping[FieldName, str]
    ambiguous: tuple[FieldName, ...] = ()
    kmh_per: float = 1.0


@lru_cache(maxsize=128)
def form_of(keys: tuple[str, ...], kind: str | None, mapped: Mapped) -> Form | Fault | None:
    """The form of reports with these keys, a fault, or None where they are no location.

    `kind` is the value of the key `_type`, if it is a text.
    """
    if len(keys) > MAX_KEYS:
        return TOO_MANY_KEYS
    if kind == "encrypted":
        return ENCRYPTED
    if kind in NO_LOCATIONS:
        return None
    own = dict(mapped)
    told = _owntracks(keys) if kind == "location" else _by_name(keys)
    taken = frozenset(own.values())
    found = {
        field: tuple(key for key in each if key not in taken)
        for field, each in told.items()
        if field not in own
    }
    found |= {field: (key,) for field, key in own.items() if key in keys}
    speed = found.get("speed_kmh", ())
    named = kind != "location" and len(speed) == 1
    return Form(
        keys={field: found[field][0] for field in FIELDS if len(found.get(field, ())) == 1},
        ambiguous=tuple(field for field in FIELDS if len(found.get(field, ())) > 1),
        kmh_per=KMH_PER[speed_unit_in(speed[0], keys)] if named else 1.0,
    )


def _owntracks(keys: tuple[str, ...]) -> dict[FieldName, tuple[str, ...]]:
    return {field: (key,) for field, key in OWNTRACKS_KEYS.items() if key in keys}


def _by_name(keys: tuple[str, ...]) -> dict[FieldName, tuple[str, ...]]:
    """The keys that mean a field best by the table of known names."""
    return {
        field: tuple(keys[place] for place in places) for field, places in candidates(keys).items()
    }


def vehicle_in_topic(topic: str, pattern: str | None) -> str | None | Unreadable:
    """The vehicle's id in a topic: the first group of the pattern that matches, or all of it.

    `pattern` stands for `VEHICLE_TOPIC`; `OWNTRACKS_TOPIC` is tried behind it. None where
    neither matches.
    """
    for each in (pattern or VEHICLE_TOPIC, OWNTRACKS_TOPIC):
        if match := re.search(each, topic):
            return id_in((match[1] if match.re.groups else match[0]) or "")
    return None


def checked_pattern(pattern: str) -> str:
    """A pattern that can be used. Raises `InvalidMapping` for one that cannot be."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise InvalidMapping(
            f"the vehicle's pattern {pattern!r} is no regular expression: {error}"
        ) from error
    return pattern
