"""`recorder_job.py FILE batches|streams NUMBER`: eventsourcing's SQLite recorder, timed.

`batches` inserts 5,000 location events a call, `streams` one event a call into streams of ten.
What is inserted is made before the clock starts. Prints {"seconds": ...}.
"""

from __future__ import annotations

import json
import sys
import time
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

BATCH = 5_000
STATE = json.dumps(
    {
        "observed_at": 1_700_000_000_000,
        "latitude": 48.123456,
        "longitude": 11.123456,
        "speed_kmh": 55.5,
        "heading_deg": 123.4,
        "accuracy_m": 5.0,
        "battery_pct": 80.5,
        "status": "moving",
        "city": "City 7",
    }
).encode()
PART = json.dumps({"key": "fresh/" + "0" * 32, "outcome": {"stored": 1}}).encode()


def main() -> None:
    """Insert, and say how long it took."""
    path, kind, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
    recorder = SQLiteApplicationRecorder(SQLiteDatastore(path))
    recorder.create_table()
    if kind == "batches":
        calls = [
            [
                StoredEvent(UUID(int=vehicle), turn, "fleet:LocationReported", STATE)
                for vehicle in range(BATCH)
            ]
            for turn in range(number)
        ]
    else:
        calls = [
            [StoredEvent(UUID(int=at // 10), at % 10, "fleet:PartStored", PART)]
            for at in range(number)
        ]
    began_s = time.perf_counter()
    for events in calls:
        recorder.insert_events(events)
    print(json.dumps({"seconds": time.perf_counter() - began_s}))


if __name__ == "__main__":
    main()
