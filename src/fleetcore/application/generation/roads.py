"""How a straight stretch of road is driven, report by report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import Final, TypeAlias

from attrs import frozen

from fleetcore.application.generation.fleet import CLASSES, VehicleClass

KMH_PER_MS: Final = 3.6
VARIANTS: Final = 16
CRUISE_S: Final = (25.0, 150.0)
WOBBLE: Final = 0.04

Step: TypeAlias = tuple[float, str, str]
"""Metres along the stretch, and the speed and status cells of the report made there."""


@frozen(slots=True)
class Stretch:
    """A drive between two corners or stops, reports at even intervals.

    `out` are the steps there without the first point, which ends the stretch before; `back` are
    those of the same drive in reverse. Between two reports the acceleration is constant, so the
    distance is that of the mean of their speeds.
    """

    length_m: float
    out: tuple[Step, ...]
    back: tuple[Step, ...]
    starts_at_rest: bool
    ends_at_rest: bool


@frozen(slots=True)
class Roads:
    """Stretches of one vehicle class, by whether they start and whether they end at rest."""

    stretches: Mapping[tuple[bool, bool], tuple[Stretch, ...]]

    def stretch(self, rng: Random, *, from_rest: bool, to_rest: bool) -> Stretch:
        """One of the stretches at random."""
        return rng.choice(self.stretches[from_rest, to_rest])


def roads_of(interval_s: int, rng: Random) -> Mapping[str, Roads]:
    """The roads of every vehicle class at an interval of reports, by the class's name."""
    return {
        each.name: Roads(
            {
                (from_rest, to_rest): tuple(
                    _stretch(each, interval_s, rng, from_rest, to_rest) for _ in range(VARIANTS)
                )
                for from_rest in (False, True)
                for to_rest in (False, True)
            }
        )
        for each in CLASSES
    }


def _stretch(
    each: VehicleClass, interval_s: int, rng: Random, from_rest: bool, to_rest: bool
) -> Stretch:
    speeds = _speeds(each, interval_s, rng, from_rest, to_rest)
    along = [0.0]
    for before, after in pairwise(speeds):
        along.append(along[-1] + (before + after) / 2 / KMH_PER_MS * interval_s)
    return Stretch(
        along[-1],
        _steps(along, speeds),
        _steps([along[-1] - metres for metres in reversed(along)], speeds[::-1]),
        from_rest,
        to_rest,
    )


def _speeds(
    each: VehicleClass, interval_s: int, rng: Random, from_rest: bool, to_rest: bool
) -> list[float]:
    cruise = rng.uniform(*each.cruise_kmh)
    gain = each.acceleration_ms2 * interval_s * KMH_PER_MS
    start, end = (0.0 if rest else each.corner_kmh for rest in (from_rest, to_rest))
    level = [
        cruise * rng.uniform(1 - WOBBLE, 1 + WOBBLE)
        for _ in range(max(1, round(rng.uniform(*CRUISE_S) / interval_s)))
    ]
    ramp_up = _ramp(start, cruise, gain)
    ramp_down = _ramp(end, cruise, gain)
    return [round(speed, 1) for speed in (*ramp_up, *level, *reversed(ramp_down))]


def _ramp(low: float, high: float, gain: float) -> list[float]:
    speeds = [low]
    while speeds[-1] + gain < high:
        speeds.append(speeds[-1] + gain)
    return speeds


def _steps(along: Sequence[float], speeds: Sequence[float]) -> tuple[Step, ...]:
    return tuple(
        (metres, f"{speed:.1f}", "moving" if speed else "idle")
        for metres, speed in list(zip(along, speeds, strict=True))[1:]
    )
