"""The files of a simulated fleet: few rows, with every kind of dirt, and much in common."""

from __future__ import annotations

from random import Random
from typing import Final

from fleetcore.testing.simulation.world import START_MS

_HEADER: Final = "vehicle_id,observed_at,latitude,longitude,speed_kmh\n"
_REPORTED_MS: Final = START_MS - 3_600_000
_VEHICLES: Final = 4
_INSTANTS: Final = 12


def sample_files(random: Random, count: int) -> list[bytes]:
    """So many files of one fleet.

    Rows of one vehicle and instant come again in the same file and in others, some as they were
    and some with another payload; some break a rule, and some cannot be read.
    """
    pool = [_row(random) for _ in range(count * 8)]
    files: list[bytes] = []
    for _ in range(count):
        rows = [_row(random) for _ in range(random.randint(4, 14))]
        rows += random.sample(pool, random.randint(2, 8))
        random.shuffle(rows)
        files.append((_HEADER + "".join(rows)).encode())
    return files


def _row(random: Random) -> str:
    vehicle = f"cab-{random.randrange(_VEHICLES)}"
    at = _REPORTED_MS + random.randrange(_INSTANTS) * 1000
    latitude = 95.0 if random.random() < 0.08 else 40 + random.randrange(3) / 10
    longitude = "east" if random.random() < 0.08 else "-3.5"
    return f"{vehicle},{at},{latitude},{longitude},{random.choice((0, 30))}\n"
