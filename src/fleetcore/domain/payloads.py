"""From a decoded payload to reports: objects made flat, or the reason why there is none.

A payload is one JSON object, or an array of them, each a report of its own. Keys of objects
inside a report are joined by dots: `{"gps": {"lat": 1}}` has the key `gps.lat`. Lists inside a
report stay as they are; no field is read from one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from fleetcore.domain.location import FIELDS, REQUIRED_FIELDS, FieldName
from fleetcore.domain.rows import unreadable_code

Report: TypeAlias = Mapping[str, object]
"""One report's values by key; no value is an object."""

Fault: TypeAlias = str
"""The code of a reason to call a message malformed."""

MAX_DEPTH: Final = 16
"""How many objects and arrays may lie in each other."""

MAX_KEYS: Final = 256
"""How many keys a report may have."""

TOO_LONG: Final = "payload-too-long"
NOT_UTF_8: Final = "not-utf-8"
NOT_JSON: Final = "not-json"
TOO_DEEP: Final = "payload-too-deep"
NO_REPORT: Final = "no-report"
NO_OBJECT: Final = "not-an-object"
TOO_MANY_KEYS: Final = "too-many-keys"
ENCRYPTED: Final = "encrypted"


def ambiguous_code(field: FieldName) -> str:
    """The code for a field that two keys of a report may mean."""
    return f"ambiguous-{field.replace('_', '-')}"


PAYLOAD_FAULTS: Final[Mapping[Fault, str]] = {
    TOO_LONG: "the payload is longer than any report",
    NOT_UTF_8: "the payload is not UTF-8 text",
    NOT_JSON: "the payload is not JSON (NaN and Infinity are no JSON)",
    TOO_DEEP: f"more than {MAX_DEPTH} objects and arrays lie in each other",
    NO_REPORT: "the payload is an array without a report",
    NO_OBJECT: "a report is a JSON object, and this is none",
    TOO_MANY_KEYS: f"a report has at most {MAX_KEYS} keys",
    ENCRYPTED: "the payload is encrypted by OwnTracks; fleetcore holds no key",
    **{
        unreadable_code(field): f"{field} has a value that means nothing there"
        for field in REQUIRED_FIELDS
    },
    **{
        ambiguous_code(field): f"two keys may mean {field}: say which one by a mapping"
        for field in REQUIRED_FIELDS
    },
}
"""Why a message is malformed, by code."""

PAYLOAD_WARNINGS: Final[Mapping[str, str]] = {
    code_of(field): f"{field} {why}, and is left out"
    for code_of, why in (
        (unreadable_code, "has a value that means nothing there"),
        (ambiguous_code, "may be meant by two keys"),
    )
    for field in FIELDS
    if field not in REQUIRED_FIELDS
}
"""What a report that is taken in may lack, by code."""


def reports_in(value: object) -> tuple[Report | Fault, ...]:
    """The reports of a decoded payload, in order; a fault for each that is none.

    There is at least one: a payload without any report is a fault.
    """
    if not _is_shallow(value):
        return (TOO_DEEP,)
    if isinstance(value, list):
        return tuple(map(_report_of, value)) or (NO_REPORT,)
    return (_report_of(value),)


def _report_of(value: object) -> Report | Fault:
    if not isinstance(value, dict):
        return NO_OBJECT
    report = dict(_flat(value, ""))
    return TOO_MANY_KEYS if len(report) > MAX_KEYS else report


def _flat(nested: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    for key, value in nested.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _is_shallow(value: object) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
    return not level
