"""`fleetcore rules`: what every row is judged by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from fleetcore_entrypoints.cli.options import config_option, examples, json_option

if TYPE_CHECKING:
    from fleetcore.domain.rules.rule import Rule
    from fleetcore.domain.rules.settings import FleetSettings

_LIMITS_OF: Final = {
    "speed-limit": ("max_speed_kmh",),
    "accuracy-limit": ("max_accuracy_m",),
    "future": ("max_ahead_s",),
    "too-old": ("max_age_s",),
}


@click.command(epilog=examples("fleetcore rules", "fleetcore rules --config fleet.toml --json"))
@config_option
@json_option
def rules(*, config: Path | None, as_json: bool) -> None:
    """List the rules that rows are judged by, and the limits in force."""
    from fleetcore.domain.rules.event_rules import EVENT_RULES
    from fleetcore_entrypoints.cli.output import print_json, print_table
    from fleetcore_entrypoints.options import config_at

    settings = config_at(config).settings
    if as_json:
        for rule in EVENT_RULES:
            print_json(_content(rule, settings))
        return
    print_table(
        ["rule", "severity", "what holds, or else"],
        [
            [rule.code, settings.severities.get(rule.code, rule.severity), rule.description]
            for rule in EVENT_RULES
        ],
    )
    print()
    names = [name for limits in _LIMITS_OF.values() for name in limits]
    print_table(
        ["limit", "fleet", *settings.classes],
        [
            [
                name,
                _limit(_fleet_limit(settings, name)),
                *(_limit(each[name]) if name in each else "" for each in settings.classes.values()),
            ]
            for name in names
        ],
        "l" + "r" * (1 + len(settings.classes)),
    )


def _content(rule: Rule, settings: FleetSettings) -> dict[str, object]:
    names = _LIMITS_OF.get(rule.code, ())
    return {
        "code": rule.code,
        "severity": settings.severities.get(rule.code, rule.severity),
        "description": rule.description,
        "limits": {name: _fleet_limit(settings, name) for name in names},
        "class_limits": {
            vehicle_class: {name: limits[name] for name in names if name in limits}
            for vehicle_class, limits in settings.classes.items()
            if any(name in limits for name in names)
        },
    }


def _fleet_limit(settings: FleetSettings, name: str) -> float | None:
    value: float | None = getattr(settings.limits, name)
    return value


def _limit(value: float | None) -> str:
    return "off" if value is None else f"{value:.15g}"
