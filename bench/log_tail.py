"""`python -m bench.log_tail [FOLDER]`: what the log's tail costs, in CPU time of one process.

Appends of 5,000 and of 500 new rows with the durable commit; changes behind a cursor; reading a
vehicle while hundreds of batches wait; folding; and registers' facts from a log of ten million
rows beside merely reading their columns.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
import pyarrow as pa
from attrs import frozen

from fleetcore.domain.facts import Fact
from fleetcore.domain.messages import EventBatch
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.folding import Folding
from fleetcore_adapters.arrow.log_files import LogFiles, opened_in
from fleetcore_entrypoints.local import LocalFleet
from fleetcore_entrypoints.wiring.local import LocalApp, wire_local

VEHICLES = 156_000
START_MS = 1_700_000_000_000
REBUILT_BATCHES = 67
REBUILT_BATCH_ROWS = 150_000


@frozen(slots=True)
class Timed:
    """A result, and the CPU time it took."""

    result: object
    seconds: float


def timed(work: Callable[[], object]) -> Timed:
    """Do it once."""
    start = process_time()
    result = work()
    return Timed(result, process_time() - start)


def batch_of(number: int, rows: int) -> EventBatch:
    """Reports of so many different vehicles within one second."""
    random = np.random.default_rng(number)
    ids = [f"driver-{n:06d}" for n in random.choice(VEHICLES, rows, replace=False)]
    texts = {
        "vehicle_id": ids,
        "status": random.choice(["moving", "idle"], rows).tolist(),
        "city": [f"city-{n}" for n in random.integers(0, 45, rows)],
        "source": ["mqtt"] * rows,
        "ingestion": ["live-bench"] * rows,
    }
    numbers = {
        "observed_at": START_MS + number * 1000 + random.integers(0, 1000, rows),
        "latitude": random.uniform(-90, 90, rows).round(6),
        "longitude": random.uniform(-180, 180, rows).round(6),
        "speed_kmh": random.uniform(0, 90, rows).round(1),
        "heading_deg": random.uniform(0, 360, rows).round(),
        "accuracy_m": random.uniform(1, 30, rows).round(1),
        "battery_pct": random.uniform(0, 100, rows).round(),
        "fingerprint": random.integers(0, 2**64, rows, dtype=np.uint64),
        "line": np.arange(rows),
    }
    columns = [
        pa.array(texts[field.name], pa.string()).dictionary_encode()
        if field.name in texts
        else pa.array(numbers[field.name], field.type)
        if field.name in numbers
        else pa.nulls(rows, field.type)
        for field in part_file.SCHEMA
    ]
    table = pa.table(columns, schema=part_file.SCHEMA)
    return EventBatch(ingestion="live-bench", rows=rows, content=part_file.batch_content(table))


def appends(app: LocalApp, batches: int, rows: int) -> float:
    """CPU microseconds a row of appending batches, the first one left out."""
    made = [batch_of(number, rows) for number in range(batches)]
    app.log.append_batches(made[0])
    spent = timed(lambda: [app.log.append_batches(batch) for batch in made[1:]])
    return spent.seconds / (batches - 1) / rows * 1e6


def say(what: str, value: float, unit: str) -> None:
    """Print one figure."""
    print(f"{what:<58}{value:>9.2f} {unit}")


def tail(folder: Path) -> None:
    """What live batches cost while they wait, and when they are folded."""
    with LocalFleet(wire_local(folder / "large")) as fleet:
        app = fleet.app
        say("append, batches of 5,000", appends(app, 60, 5_000), "us a row")
        behind = app.log.reached() - 1
        app.log.changes_since(behind)
        spent = timed(lambda: [app.log.changes_since(behind) for _ in range(20)])
        say("changes behind a cursor, one batch", spent.seconds / 20 / 5_000 * 1e6, "us a fact")
        folded = timed(app.housekeeping().fold)
        say("folding 300,000 rows", folded.seconds / 300_000 * 1e6, "us a row")
    with LocalFleet(wire_local(folder / "small")) as fleet:
        app = fleet.app
        say("append, batches of 500, up to 600 of them", appends(app, 600, 500), "us a row")
        ids = [f"driver-{n:06d}" for n in range(20)]
        spent = timed(lambda: [app.fleet.log.read_vehicle(each, 0, 2**60) for each in ids])
        say("read a vehicle, 600 batches in the tail", spent.seconds / 20 * 1e3, "ms")


def rebuild(folder: Path) -> None:
    """The facts of all registers from a long log, and merely reading what they are made of."""
    with LocalFleet(wire_local(folder / "long")) as fleet:
        app = fleet.app
        folding = Folding(app.catalogue, app.fleet.objects)
        for number in range(REBUILT_BATCHES):
            app.log.append_batches(batch_of(number * 30, REBUILT_BATCH_ROWS))
            if number % 7 == 6 or number == REBUILT_BATCHES - 1:
                folding.fold(now_ms=0)
        files = LogFiles(opened_in(app.folder))

        def read() -> None:
            for entry in app.catalogue.files().entries:
                with files.opened(entry.file.key) as file:
                    for group in file.groups():
                        file.read(group, Fact._fields)

        say("10,050,000 rows: reading the columns of facts", timed(read).seconds, "s")
        spent = timed(lambda: app.log.changes_since(0))
        say("10,050,000 rows: the facts of 156,000 registers", spent.seconds, "s")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        tail(Path(name))
        rebuild(Path(name))
