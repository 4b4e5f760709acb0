"""What two looks found, as numbers, and whether it is to be corrected."""

from __future__ import annotations

from collections import Counter
from random import Random

from fleetcore.application.drift_settings import DriftSettings
from fleetcore.application.looks import FirstLook, SecondLook
from fleetcore.domain.consistency import DriftConfirmed


def confirmation(
    look: SecondLook, noted: FirstLook, settings: DriftSettings, at_ms: int, seed: int
) -> DriftConfirmed:
    """What a second look found, as numbers.

    The sample is drawn from all vehicles, of which the drifted ones are numbered first.
    """
    distances: dict[str, float] = {}
    for each in look.drifted:
        known = distances.get(each.vehicle_id, 0.0)
        distances[each.vehicle_id] = max(known, each.metres or 0.0)
    population = range(max(noted.registers, len(distances)))
    chance = Random(seed)  # noqa: S311 - a sample that anybody can draw again
    sample = chance.sample(population, min(settings.sample, len(population)))
    ordered = [distances[each] for each in sorted(distances)]
    over = sum(
        number < len(ordered) and ordered[number] > settings.threshold_m for number in sample
    )
    metres = [each.metres for each in look.drifted if each.metres is not None]
    return DriftConfirmed(
        at_ms=at_ms,
        drifting=dict(sorted(Counter(each.region for each in look.drifted).items())),
        tombstones=dict(
            sorted(Counter(region for each in look.tombstones for region in each.behind).items())
        ),
        corrupt={region: len(facts) for region, facts in sorted(look.corrupt.items())},
        mean_m=sum(metres) / len(metres) if metres else 0.0,
        max_m=max(metres, default=0.0),
        sample=len(sample),
        sample_over=over,
    )


def is_above_threshold(confirmed: DriftConfirmed, settings: DriftSettings) -> bool:
    """Whether more of the sample are over the threshold's distance than it allows."""
    return confirmed.sample_over * 100 > settings.threshold_pct * confirmed.sample


def is_corrected(confirmed: DriftConfirmed, settings: DriftSettings) -> bool:
    """Whether the settings ask for repair; of corruption and tombstones always, unless never."""
    match settings.correct:
        case "all":
            return True
        case "never":
            return False
        case "above-threshold":
            others = any(confirmed.corrupt.values()) or any(confirmed.tombstones.values())
            return others or is_above_threshold(confirmed, settings)
