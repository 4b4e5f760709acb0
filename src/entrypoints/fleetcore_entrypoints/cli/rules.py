"""`fleetcore rules`: what every row is judged by, and every event of a clean track."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import click

from fleetcore_entrypoints.cli.options import config_option, examples, json_option

if TYPE_CHECKING:
    from fleetcore.application.fleet_file import FleetConfig

Limits: TypeAlias = Mapping[str, float | None]

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
    """List the rules that rows and tracks are judged by, and the limits in force.

    A rule of kind `event` is judged when a row is read, one of kind `track` when a clean track is.
    """
    from fleetcore_entrypoints.cli.output import print_json, print_table
    from fleetcore_entrypoints.options import config_at

    configured = config_at(config)
    listed = [*_event_rules(configured), *_track_rules(configured)]
    if as_json:
        for content in listed:
            print_json(content)
        return
    columns = ("code", "kind", "severity", "description")
    print_table(
        ["rule", "kind", "severity", "what holds, or else"],
        [[str(content[column]) for column in columns] for content in listed],
    )
    _print_limits(*_event_limits(configured))
    _print_limits(*_track_limits(configured))


def _print_limits(fleet: Limits, classes: Mapping[str, Limits]) -> None:
    from fleetcore_entrypoints.cli.output import print_table

    print()
    print_table(
        ["limit", "fleet", *classes],
        [
            [
                name,
                _text(value),
                *(_text(own[name]) if name in own else "" for own in classes.values()),
            ]
            for name, value in fleet.items()
        ],
        "l" + "r" * (1 + len(classes)),
    )


def _event_limits(configured: FleetConfig) -> tuple[Limits, Mapping[str, Limits]]:
    limits: Limits = {
        name: getattr(configured.settings.limits, name)
        for names in _LIMITS_OF.values()
        for name in names
    }
    return limits, configured.settings.classes


def _track_limits(configured: FleetConfig) -> tuple[Limits, Mapping[str, Limits]]:
    """The fleet's limits, and of each class those that differ."""
    from attrs import asdict

    fleet = asdict(configured.track.limits)
    return fleet, {
        vehicle_class: {
            name: value for name, value in asdict(limits).items() if value != fleet[name]
        }
        for vehicle_class, limits in configured.track.classes.items()
    }


def _event_rules(configured: FleetConfig) -> Iterator[dict[str, object]]:
    from fleetcore.domain.rules.event_rules import EVENT_RULES

    severities = configured.settings.severities
    limits, classes = _event_limits(configured)
    for rule in EVENT_RULES:
        yield {
            "code": rule.code,
            "kind": "event",
            "severity": severities.get(rule.code, rule.severity),
            "description": rule.description,
            **_named(_LIMITS_OF.get(rule.code, ()), limits, classes),
        }


def _track_rules(configured: FleetConfig) -> Iterator[dict[str, object]]:
    from fleetcore.domain.tracks.rules import TRACK_RULES

    severities = configured.track.severities
    limits, classes = _track_limits(configured)
    for rule in TRACK_RULES:
        yield {
            "code": rule.code,
            "kind": "track",
            "severity": severities.get(rule.code, rule.severity),
            "description": rule.description,
            **_named(rule.limits, limits, classes),
        }


def _named(
    names: Sequence[str], limits: Limits, classes: Mapping[str, Limits]
) -> dict[str, object]:
    """The limits of these names, the fleet's and those of the classes that have their own."""
    return {
        "limits": {name: limits[name] for name in names},
        "class_limits": {
            vehicle_class: {name: own[name] for name in names if name in own}
            for vehicle_class, own in classes.items()
            if any(name in own for name in names)
        },
    }


def _text(value: float | None) -> str:
    return "off" if value is None else f"{value:.15g}"
