"""From the text of a `fleet.toml` to a fleet's settings."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Mapping
from typing import Final, cast, get_args

from attrs import Factory, fields, frozen

from fleetcore.application.config_sections import OFF, check_keys, is_limit, section, table_of
from fleetcore.application.drift_settings import DriftSettings
from fleetcore.application.privacy_settings import PrivacySettings
from fleetcore.application.reading_options import ReadingOptions
from fleetcore.application.regions_config import regions_in
from fleetcore.domain.location import FIELDS
from fleetcore.domain.rules.event_rules import ALWAYS_REJECTING, EVENT_RULES
from fleetcore.domain.rules.settings import FleetSettings, Limits, Severity
from fleetcore.domain.snapshots import SnapshotSettings
from fleetcore.domain.tracks.limits import TrackLimits, TrackSettings
from fleetcore.domain.tracks.rules import TRACK_RULES
from fleetcore.errors import InvalidConfiguration

_SECTIONS: Final = (
    "limits",
    "class",
    "rules",
    "track",
    "snapshots",
    "input",
    "columns",
    "drift",
    "regions",
    "privacy",
)
_LIMITS: Final = tuple(each.name for each in fields(Limits))
_SEVERITIES: Final[tuple[str, ...]] = get_args(Severity)
_EVENT_RULES: Final = tuple(rule.code for rule in EVENT_RULES)
_TRACK_RULES: Final = tuple(rule.code for rule in TRACK_RULES)
_RULES: Final = (*_EVENT_RULES, *_TRACK_RULES)
_TEXTS: Final[Mapping[str, str]] = {
    "delimiter": "delimiter",
    "encoding": "encoding",
    "timezone": "zone",
    "vehicle_from_filename": "vehicle_from_filename",
    "speed_unit": "speed_unit",
}
"""Keys of `[input]` that hold text, and the option each is."""


@frozen(kw_only=True, slots=True)
class FleetConfig:
    """What a `fleet.toml` says: how rows and tracks are judged, and how files are read."""

    settings: FleetSettings = FleetSettings()
    track: TrackSettings = TrackSettings()
    snapshots: SnapshotSettings = SnapshotSettings()
    reading: ReadingOptions = ReadingOptions()
    drift: DriftSettings = DriftSettings()
    regions: Mapping[str, str] = Factory(dict)
    privacy: PrivacySettings = PrivacySettings()


def fleet_config(text: str, name: str = "fleet.toml") -> FleetConfig:
    """The settings in the text of a file called `name`.

    Raises `InvalidConfiguration` for an unknown section, key, rule or value: it names the key and
    what is allowed.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidConfiguration(f"{name}: not TOML: {error}") from None
    try:
        check_keys(document, _SECTIONS, "section")
        classes = table_of(document, "class")
        severities = _severities(table_of(document, "rules"))
        return FleetConfig(
            settings=FleetSettings(
                limits=Limits(**_limits(table_of(document, "limits"), "limits")),
                classes={
                    each: _limits(table_of(classes, each, within="class."), f"class.{each}")
                    for each in classes
                },
                severities=_of(severities, _EVENT_RULES),
            ),
            track=_track(table_of(document, "track"), _of(severities, _TRACK_RULES)),
            snapshots=section(document, "snapshots", SnapshotSettings),
            drift=section(document, "drift", DriftSettings),
            regions=regions_in(document),
            privacy=section(document, "privacy", PrivacySettings),
            reading=_reading(table_of(document, "input"), table_of(document, "columns")),
        )
    except InvalidConfiguration as error:
        raise InvalidConfiguration(f"{name}: {error}") from None


def _limits(table: Mapping[str, object], section: str) -> dict[str, float | None]:
    check_keys(table, _LIMITS, "key", section)
    limits: dict[str, float | None] = {}
    for key, value in table.items():
        if value == OFF:
            limits[key] = None
        elif is_limit(value):
            limits[key] = float(cast("float", value))
        else:
            raise InvalidConfiguration(
                f'[{section}] {key} = {value!r}: allowed are a number not below 0, or "{OFF}"'
            )
    return limits


def _severities(table: Mapping[str, object]) -> dict[str, Severity]:
    check_keys(table, _RULES, "rule", "rules")
    severities: dict[str, Severity] = {}
    for code, value in table.items():
        allowed = ("reject",) if code in ALWAYS_REJECTING else _SEVERITIES
        if value not in allowed:
            why = ": without it no location event can exist" if code in ALWAYS_REJECTING else ""
            raise InvalidConfiguration(
                f"[rules] {code} = {value!r}: allowed are {_quoted(allowed)}{why}"
            )
        severities[code] = cast("Severity", value)
    return severities


def _of(severities: Mapping[str, Severity], codes: Collection[str]) -> dict[str, Severity]:
    return {code: severity for code, severity in severities.items() if code in codes}


def _track(table: Mapping[str, object], severities: Mapping[str, Severity]) -> TrackSettings:
    fleet = {key: value for key, value in table.items() if key != "class"}
    classes = table_of(table, "class", within="track.")

    def limits_of(each: str) -> TrackLimits:
        own = table_of(classes, each, within="track.class.")
        name = f"track.class.{each}"
        return section({name: {**fleet, **own}}, name, TrackLimits)

    return TrackSettings(
        limits=section({"track": fleet}, "track", TrackLimits),
        classes={each: limits_of(each) for each in classes},
        severities=severities,
    )


def _reading(given: Mapping[str, object], columns: Mapping[str, object]) -> ReadingOptions:
    check_keys(given, (*_TEXTS, "columns"), "key", "input")
    check_keys(columns, FIELDS, "field", "columns")
    mapping = {}
    for field, column in columns.items():
        if not isinstance(column, str | int) or isinstance(column, bool):
            raise InvalidConfiguration(
                f"[columns] {field} = {column!r}: allowed are a column's name or its number from 1"
            )
        mapping[field] = str(column)
    names = given.get("columns", [])
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise InvalidConfiguration(f"[input] columns = {names!r}: allowed is a list of names")
    for key in _TEXTS.keys() & given.keys():
        if not isinstance(given[key], str):
            raise InvalidConfiguration(f"[input] {key} = {given[key]!r}: allowed is text")
    texts = {option: cast("str", given[key]) for key, option in _TEXTS.items() if key in given}
    make = cast("Callable[..., ReadingOptions]", ReadingOptions)
    try:
        return make(mapping=mapping, columns=tuple(names), **texts)
    except InvalidConfiguration as error:
        raise InvalidConfiguration(f"[input] {error}") from None


def _quoted(values: Collection[str]) -> str:
    return ", ".join(f'"{value}"' for value in values)
