"""What a user says about how files are to be read."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from attrs import evolve, field, fields, frozen

from fleetcore.domain.dialects import is_delimiter
from fleetcore.domain.headers import speed_unit_named
from fleetcore.domain.interpretation import KMH_PER, SpeedUnit
from fleetcore.domain.location import FIELDS, FieldName
from fleetcore.errors import InvalidConfiguration

_DELIMITER_NAMES: Final[Mapping[str, str]] = {
    "\\t": "\t",
    "tab": "\t",
    "space": " ",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
}


def _delimiter(text: str | None) -> str | None:
    if text is None:
        return None
    delimiter = _DELIMITER_NAMES.get(text, text)
    if not is_delimiter(delimiter):
        raise InvalidConfiguration(
            f"delimiter {text!r} is not one character that can part cells, "
            f"or one of {', '.join(_DELIMITER_NAMES)}"
        )
    return delimiter


def _encoding(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        "".encode(text)
        codecs.getincrementaldecoder(text)(errors="replace").decode(b"a", True)
        return codecs.lookup(text).name
    except (LookupError, ValueError):
        raise InvalidConfiguration(
            f"encoding {text!r} is unknown; say one such as utf-8, latin-1, cp1252 or utf-16"
        ) from None


def _zone(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        ZoneInfo(text)
    except (OSError, ValueError, LookupError):
        raise InvalidConfiguration(
            f"timezone {text!r} is not an IANA zone such as UTC or Europe/Berlin"
        ) from None
    return text


def _pattern(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        re.compile(text)
    except re.error as error:
        raise InvalidConfiguration(
            f"vehicle_from_filename {text!r} is not a regular expression: {error}"
        ) from None
    return text


def _speed_unit(text: str | None) -> SpeedUnit | None:
    if text is None:
        return None
    unit = speed_unit_named(text)
    if unit is None:
        raise InvalidConfiguration(f"speed_unit {text!r} is none of {', '.join(KMH_PER)}")
    return unit


def _mapping(given: Mapping[str, str]) -> Mapping[FieldName, str]:
    for name in given:
        if name not in FIELDS:
            raise InvalidConfiguration(f"{name!r} is not a field; fields are {', '.join(FIELDS)}")
    return {name: given[name] for name in FIELDS if name in given}


def _columns(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(given)


@frozen(kw_only=True, slots=True)
class ReadingOptions:
    """How to read a file where it does not say so itself; everything may be left open.

    `mapping` gives the column of a field by name or by number from 1, `columns` the names of a
    file without a header, `zone` the IANA zone of times without an offset,
    `vehicle_from_filename` a regular expression that finds the vehicle id in a file's name: its
    first group, or the whole match. Raises `InvalidConfiguration` for a value not allowed.
    """

    mapping: Mapping[FieldName, str] = field(factory=dict, converter=_mapping)
    columns: tuple[str, ...] = field(default=(), converter=_columns)
    delimiter: str | None = field(default=None, converter=_delimiter)
    encoding: str | None = field(default=None, converter=_encoding)
    zone: str | None = field(default=None, converter=_zone)
    vehicle_from_filename: str | None = field(default=None, converter=_pattern)
    speed_unit: SpeedUnit | None = field(default=None, converter=_speed_unit)

    def over(self, defaults: ReadingOptions) -> ReadingOptions:
        """These options, and the defaults where they leave something open."""
        said = {
            each.name: getattr(self, each.name)
            for each in fields(ReadingOptions)
            if getattr(self, each.name)
        }
        said["mapping"] = {**defaults.mapping, **self.mapping}
        return evolve(defaults, **said)
