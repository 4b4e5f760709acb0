"""What a fleet sets: limits, per vehicle class, and how severe each rule is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from attrs import asdict, field, frozen

Severity: TypeAlias = Literal["reject", "warn", "off"]

SECOND_MS: Final = 1000
_LONGEST_S: Final = 1e12
"""No two instants of the years 1 to 9999 lie so far apart."""


@frozen(kw_only=True, slots=True)
class Limits:
    """Limits of the event rules; None switches the limit off."""

    max_speed_kmh: float | None = 200.0
    max_accuracy_m: float | None = 1000.0
    max_ahead_s: float | None = 600.0
    max_age_s: float | None = None


@frozen(kw_only=True, slots=True)
class FleetSettings:
    """The rules part of `fleet.toml`: fleet limits, limits by vehicle class, severities by rule.

    `classes` maps a vehicle class to the limits that differ from the fleet's.
    """

    limits: Limits = Limits()
    classes: Mapping[str, Mapping[str, float | None]] = field(factory=dict)
    severities: Mapping[str, Severity] = field(factory=dict)


def judging_values(
    settings: FleetSettings, vehicle_class: str | None, now_ms: int
) -> Mapping[str, float | int | None]:
    """The value of every `Setting` for one vehicle class at one instant.

    Beside the limits: `latest_at` and `earliest_at`, epoch ms, from `max_ahead_s` and `max_age_s`.
    """
    values = asdict(settings.limits)
    if vehicle_class is not None:
        values.update(settings.classes.get(vehicle_class, {}))
    ahead_s, age_s = values["max_ahead_s"], values["max_age_s"]
    values["latest_at"] = None if ahead_s is None else now_ms + _ms(ahead_s)
    values["earliest_at"] = None if age_s is None else now_ms - _ms(age_s)
    return values


def _ms(seconds: float) -> int:
    return int(min(seconds, _LONGEST_S) * SECOND_MS)
