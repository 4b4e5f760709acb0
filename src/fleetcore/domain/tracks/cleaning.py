"""From all that is known of a vehicle to its track, and to what track rules leave of it.

Each is a function of the set of events: in which order they came, and how late, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final, TypeVar

from attrs import evolve, frozen

from fleetcore.domain.fingerprint import Reported
from fleetcore.domain.location import LocationEvent, precedence
from fleetcore.domain.rules.rule import Verdict
from fleetcore.domain.tracks.limits import TrackLimits, TrackSettings
from fleetcore.domain.tracks.rules import TRACK_RULES, TrackRule

_STANDS: Final = Verdict()

T = TypeVar("T")


@frozen(kw_only=True, slots=True)
class TrackJudge:
    """The track rules in force for a vehicle, and the limits it is judged by."""

    limits: TrackLimits
    rejecting: tuple[TrackRule, ...]
    warning: tuple[TrackRule, ...]

    def __call__(self, track: Sequence[Reported]) -> list[Verdict]:
        """The verdict on each event of a track in event order, one an instant.

        Each rule is judged among the events that those before it left standing, and all again
        until nothing falls: so what is left breaks no rejecting rule. Warnings are of what is
        left.
        """
        verdicts = [_STANDS] * len(track)
        standing: Sequence[int] = range(len(track))
        left: Sequence[Reported] = track
        fell = True
        while fell:
            fell = False
            for rule in self.rejecting:
                broken = set(rule.broken(left, self.limits))
                if not broken:
                    continue
                fell = True
                verdict = Verdict(broken=(rule.code,))
                for place in broken:
                    verdicts[standing[place]] = verdict
                standing = [at for place, at in enumerate(standing) if place not in broken]
                left = [track[at] for at in standing]
        for rule in self.warning:
            for place in rule.broken(left, self.limits):
                held = verdicts[standing[place]]
                verdicts[standing[place]] = evolve(held, warnings=(*held.warnings, rule.code))
        return verdicts


def track_judge(settings: TrackSettings, vehicle_class: str | None = None) -> TrackJudge:
    """The judge of the tracks of vehicles of a class; None where it is unknown."""

    def rules_of(severity: str) -> tuple[TrackRule, ...]:
        chosen: Mapping[str, str] = settings.severities
        return tuple(
            rule for rule in TRACK_RULES if chosen.get(rule.code, rule.severity) == severity
        )

    return TrackJudge(
        limits=settings.limits_of(vehicle_class),
        rejecting=rules_of("reject"),
        warning=rules_of("warn"),
    )


def track_of(events: Iterable[LocationEvent]) -> list[LocationEvent]:
    """The track of one vehicle: its events in event order, of one instant the winner."""
    return winners(sorted(events, key=attrgetter("observed_at")), _itself)


def winners(ordered: Iterable[T], event_of: Callable[[T], LocationEvent]) -> list[T]:
    """Of what is of one instant, and follows each other, the winner."""
    chosen: list[T] = []
    for _, group in groupby(ordered, key=lambda each: event_of(each).observed_at):
        siblings = list(group)
        # Precedence hashes the payload: only where there is a choice.
        chosen.append(
            siblings[0]
            if len(siblings) == 1
            else max(siblings, key=lambda each: precedence(event_of(each)))
        )
    return chosen


def _itself(event: LocationEvent) -> LocationEvent:
    return event
