"""What a fleet sets of its tracks: the limits of track rules, of stops and of trips."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from fleetcore.domain.rules.settings import Severity


@frozen(kw_only=True, slots=True)
class TrackLimits:
    """Limits of one vehicle class; None switches a rule off.

    `position_error_m` is how far a good fix may lie from where the vehicle was, beside the
    accuracy it reports; `moving_speed_kmh` the reported speed from which a vehicle says it moves.
    A stop lasts `min_stop_s` within `stop_radius_m`; a silence over `max_gap_s` ends a trip.
    """

    max_implied_speed_kmh: float | None = 200.0
    position_error_m: float = 50.0
    min_interval_s: float | None = 0.5
    moving_speed_kmh: float = 5.0
    max_static_s: float | None = 3600.0
    stop_radius_m: float = 100.0
    min_stop_s: float = 120.0
    max_gap_s: float = 900.0


@frozen(kw_only=True, slots=True)
class TrackSettings:
    """The fleet's limits, those of vehicle classes that differ, and severities by rule."""

    limits: TrackLimits = TrackLimits()
    classes: Mapping[str, TrackLimits] = field(factory=dict)
    severities: Mapping[str, Severity] = field(factory=dict)

    def limits_of(self, vehicle_class: str | None) -> TrackLimits:
        """The limits of a vehicle of this class; the fleet's where it is unknown."""
        return (
            self.limits if vehicle_class is None else self.classes.get(vehicle_class, self.limits)
        )
