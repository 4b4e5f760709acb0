"""`make demo`: a million events of a made-up fleet, ingested before your eyes."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fleetcore_entrypoints.local import LocalFleet

ROWS: Final = 1_000_000
VEHICLES: Final = 2_000
DIRT: Final = {
    "latitude-range": 0.005,
    "speed-limit": 0.002,
    "missing-required": 0.001,
    "ragged": 0.001,
    "unreadable-optional": 0.002,
    "duplicate": 0.01,
    "conflicting": 0.001,
}


NEXT: Final = """
Now yours:
  .venv/bin/fleetcore ingest YOUR.csv          any delimiter, plain, gzip or zstd; folders too
  .venv/bin/fleetcore ledger                   what became of every row
  .venv/bin/fleetcore track VEHICLE            also --format csv or geojson
  .venv/bin/fleetcore --help                   everything else
"""
_LINES_SHOWN: Final = 6
_COLUMNS: Final = (
    "vehicle_id",
    "observed_at",
    "latitude",
    "longitude",
    "speed_kmh",
    "heading_deg",
    "status",
    "distance_from_depot_m",
)


def main() -> int:
    """Generate, ingest, compare with the truth, look at the result; 0 if all is as it must be.

    Nothing is left behind.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        with tempfile.TemporaryDirectory(prefix="fleetcore-demo-") as folder:
            return 0 if _went_well(Path(folder), ROWS, VEHICLES) else 1
    except KeyboardInterrupt:
        print("\ninterrupted; nothing is left behind", file=sys.stderr)
        return 130


def _went_well(folder: Path, rows: int, vehicles: int) -> bool:
    from fleetcore.application.generation.spec import FleetSpec
    from fleetcore_entrypoints.cli.generating import write_fleet
    from fleetcore_entrypoints.cli.ingesting import Onlooker
    from fleetcore_entrypoints.cli.ledger_text import headline, ledger_lines
    from fleetcore_entrypoints.cli.progress import Bar
    from fleetcore_entrypoints.local import open_local
    from fleetcore_entrypoints.options import request_of

    _say(
        f"1. A made-up fleet of {vehicles:,} vehicles reports {rows:,} events, some of them dirty."
    )
    files = write_fleet(FleetSpec(vehicles=vehicles, rows=rows, dirt=DIRT), folder / "fleet.csv")
    _say(f"   fleet.csv: {files.file.stat().st_size / 1e6:,.0f} MB\n")

    _say("2. fleetcore ingest fleet.csv --vehicles fleet.vehicles.csv\n")
    with open_local(folder / "data") as fleet:
        request = request_of(vehicles=files.vehicles)
        with Bar() as bar:
            (ingested,) = fleet.ingest_each([str(files.file)], request, partial(Onlooker, bar))
        _say("   " + headline(ingested).replace(str(files.file), files.file.name))
        for line in ledger_lines(ingested.ledger):
            _say(f"   {line}".rstrip())
        if ingested.error is not None:
            _say(f"\nerror: {ingested.error}")
            return False

        same = ingested.ledger.rows == files.truth.counts
        _say("\n   Both equations hold: a ledger that does not balance cannot be made.")
        if not same:
            _say(f"   But the generator counted otherwise: {files.truth.counts}")
            return False
        _say("   It equals the truth that the generator wrote down, count by count.\n")
        _look_around(fleet)
    _say(NEXT)
    return True


def _look_around(fleet: LocalFleet) -> None:
    from fleetcore_entrypoints.cli.event_formats import print_event_table

    started = time.perf_counter()
    latest = fleet.latest()
    _say(f"3. fleetcore latest: {len(latest):,} vehicles, {time.perf_counter() - started:.2f} s\n")
    print_event_table(latest[:_LINES_SHOWN], _COLUMNS)

    vehicle_id = latest[0].event.vehicle_id
    started = time.perf_counter()
    track = fleet.track(vehicle_id, clean=True)
    seconds = time.perf_counter() - started
    _say(f"\n4. fleetcore track {vehicle_id} --clean: {len(track):,} events, {seconds:.2f} s\n")
    print_event_table(track[-_LINES_SHOWN:], _COLUMNS)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
