"""What the vehicles of a simulated fleet report, live: late, twice, in conflict, and broken."""

from __future__ import annotations

import json
from random import Random
from typing import Final

from fleetcore.domain.messages import Message

VEHICLES: Final = tuple(f"cab-{number}" for number in range(6))

_BUSY: Final = VEHICLES[:2]
"""They report most of what comes, so that others meet what is new of them in the middle."""

_LATE_MS: Final = 600_000
_INSTANT_MS: Final = 5_000
_CITIES: Final = ("porto", "lyon", None)


def sample_report(random: Random, now_ms: int) -> Message:
    """A message as it comes to a broker.

    Instants are few, so that vehicles report the same one again, with other values or with equal
    ones.
    """
    vehicle = random.choice(VEHICLES if random.random() < 0.3 else _BUSY)
    late_ms = random.randrange(_LATE_MS) if random.random() < 0.2 else random.randrange(20_000)
    report = {
        "vehicle_id": vehicle,
        "observed_at": (now_ms - late_ms) // _INSTANT_MS * _INSTANT_MS,
        "latitude": 95.0 if random.random() < 0.06 else 40 + random.randrange(3) / 10,
        "longitude": -3.5,
        "accuracy_m": random.choice((5.0, 10.0, None)),
        "city": random.choice(_CITIES),
    }
    payload = json.dumps({key: each for key, each in report.items() if each is not None})
    if random.random() < 0.05:
        payload = payload[: random.randrange(len(payload))]
    return Message(
        topic=f"fleet/{vehicle}/location", payload=payload.encode(), received_at_ms=now_ms
    )
