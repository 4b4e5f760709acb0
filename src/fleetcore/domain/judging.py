"""From a row to an event or a reject: the pipeline every engine must equal.

Parse, judge, deduplicate, in this order: a malformed row is not judged, a rejected row is not
deduplicated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeAlias

from attrs import asdict, evolve

from fleetcore.domain.fingerprint import FIELD_NUMBERS
from fleetcore.domain.location import STATUSES, FieldName, LocationEvent, Reading
from fleetcore.domain.rules.event_rules import rules_in_force
from fleetcore.domain.rules.rule import Rule, Verdict
from fleetcore.domain.rules.scalar import Judge, compile_rules
from fleetcore.domain.rules.settings import FleetSettings, judging_values

Payload: TypeAlias = tuple[str | int | float | None, ...]


def judge_for(settings: FleetSettings, now_ms: int, *, with_directory: bool) -> Judge:
    """The fleet's event rules as one function on a reading and its vehicle's metadata."""

    @lru_cache(maxsize=256)
    def settings_of_class(vehicle_class: str | None) -> Mapping[str, float | int | None]:
        return judging_values(settings, vehicle_class, now_ms)

    return compile_rules(rules_in_force(settings, with_directory=with_directory), settings_of_class)


def clearing(
    settings: FleetSettings, *, with_directory: bool
) -> Callable[[Reading, Verdict], LocationEvent]:
    """A function that makes the event of an accepted reading: cells that warned become null.

    So does a status that is none, also where no rule asks for it.
    """
    rules: Mapping[str, Rule] = {
        rule.code: rule for rule in rules_in_force(settings, with_directory=with_directory)
    }

    def event_of(reading: Reading, verdict: Verdict) -> LocationEvent:
        cleared: dict[FieldName, None] = {
            field: None for code in verdict.warnings if (field := rules[code].clears) is not None
        }
        if reading.status is not None and reading.status not in STATUSES:
            cleared["status"] = None
        kept = evolve(reading, **cleared) if cleared else reading
        return LocationEvent(**asdict(kept))

    return event_of


def payload_of(event: LocationEvent) -> Payload:
    """What a fingerprint covers: two events with equal payloads are duplicates."""
    return tuple(getattr(event, field) for field in FIELD_NUMBERS)
