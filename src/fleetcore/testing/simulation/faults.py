"""What can go wrong in a simulated world, and how often it does."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final, Literal, TypeAlias, get_args

Fault: TypeAlias = Literal[
    "crash",
    "slow worker",
    "throttle",
    "lost answer",
    "half batch",
    "unprocessed items",
    "duplicate delivery",
    "delayed delivery",
    "reordered delivery",
    "lease ended",
    "queue gave up",
    "version conflict",
    "stale read",
    "lying filter",
    "lost filter",
    "damaged object",
    "clock skew",
    "replication lag",
    "region cut",
    "drift",
    "corruption",
    "rebuild",
]
"""Two of them follow from others and are only counted: a lease that ended while its worker was
alive, and a version conflict."""

FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)

RATES: Final[Mapping[Fault, float]] = {
    "crash": 0.008,
    "slow worker": 0.004,
    "throttle": 0.02,
    "lost answer": 0.02,
    "half batch": 0.04,
    "unprocessed items": 0.15,
    "duplicate delivery": 0.15,
    "delayed delivery": 0.1,
    "reordered delivery": 0.3,
    "queue gave up": 0.03,
    "stale read": 0.3,
    "lying filter": 0.1,
    "lost filter": 0.05,
    "damaged object": 0.06,
    "clock skew": 0.4,
    "replication lag": 0.2,
    "region cut": 0.25,
    "drift": 0.5,
    "corruption": 0.3,
    "rebuild": 0.3,
}
"""The share of opportunities at which a fault happens, on average over many seeds."""

_CALM_SHARE: Final = 0.02
_OFF_SHARE: Final = 0.25


def rates_for(random: Random) -> dict[Fault, float]:
    """One seed's rates: some faults never happen, others often, so that each is also met alone."""
    if random.random() < _CALM_SHARE:
        return dict.fromkeys(RATES, 0.0)
    return {
        fault: 0.0 if random.random() < _OFF_SHARE else rate * random.uniform(0.3, 2.0)
        for fault, rate in RATES.items()
    }
