"""The reports of all vehicles in the order a gateway would receive them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from random import Random

from fleetcore.application.generation.drives import drive, receiver_of
from fleetcore.application.generation.fleet import Member
from fleetcore.application.generation.roads import Roads
from fleetcore.application.generation.times import TimeStyle, millisecond_text, second_text


def observations(
    members: Sequence[Member],
    roads: Mapping[str, Roads],
    *,
    start_s: int,
    interval_s: int,
    style: TimeStyle,
    rng: Random,
) -> Iterator[tuple[str, ...]]:
    """Rows without end as cells from vehicle id to status, ordered by time.

    Every vehicle reports once an interval, always at its own moment of it; `start_s` is in epoch
    seconds.
    """
    receiver = receiver_of(rng)
    moments = sorted(rng.randrange(interval_s * 1000) for _ in members)
    shuffled = rng.sample(members, len(members))
    queue = [
        (
            moment // 1000,
            millisecond_text(moment % 1000, style),
            member.vehicle.vehicle_id,
            drive(member, roads[member.vehicle_class.name], receiver, interval_s, rng).__next__,
        )
        for moment, member in zip(moments, shuffled, strict=True)
    ]
    for base in count(start_s, interval_s):
        now, second = -1, ""
        for offset, millisecond, vehicle_id, report in queue:
            if offset != now:
                now, second = offset, second_text(base + offset, style)
            yield (vehicle_id, second + millisecond, *report())
