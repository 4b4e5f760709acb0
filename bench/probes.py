"""What is timed in process, each probe in a fresh one: `python -m bench.probes PROBE ARGUMENT...`.

A probe prints one JSON object.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Final

from attrs import evolve

from bench.shapes import SHAPES, TENFOLD
from fleetcore.application.tracks import catch_up
from fleetcore_adapters.local.database import Database
from fleetcore_adapters.local.latest_positions import LocalLatestPositions
from fleetcore_entrypoints import open_local


def latest(folder: str) -> object:
    """Seconds in which a new, durable view of latest positions follows a log to its end."""
    with (
        open_local(folder) as fleet,
        tempfile.TemporaryDirectory(dir=Path(folder).parent) as beside,
    ):
        view = LocalLatestPositions(Database(Path(beside)))
        start = perf_counter()
        catch_up(evolve(fleet.app.fleet, latest=view))
        seconds = perf_counter() - start
        return {"seconds": seconds, "vehicles": len(view.read())}


def days(folder: str, vehicles: str, count: str) -> object:
    """Seconds to read one day of each of some vehicles, and a digest of what was read."""
    with Path(vehicles).open(newline="") as table:
        known = [row["vehicle_id"] for row in csv.DictReader(table)]
    spec = SHAPES[TENFOLD]
    whole_days = (spec.end - spec.start).days - 1
    midnight = datetime.combine(spec.start.date(), datetime.min.time(), tzinfo=UTC)
    rng = Random("days")
    seconds: list[float] = []
    events = 0
    content = hashlib.sha256()
    with open_local(folder) as fleet:
        for vehicle_id in rng.sample(known, int(count)):
            day = midnight + timedelta(days=rng.randint(1, whole_days))
            start = perf_counter()
            found = fleet.track(vehicle_id, day, day + timedelta(days=1))
            seconds.append(perf_counter() - start)
            events += len(found)
            content.update(repr(found).encode())
    return {"seconds": seconds, "events": events, "digest": content.hexdigest()}


PROBES: Final[dict[str, Callable[..., object]]] = {"latest": latest, "days": days}

if __name__ == "__main__":
    print(json.dumps(PROBES[sys.argv[1]](*sys.argv[2:])))
