"""`python -m bench.snapshots`: 156,000 registers written to a snapshot, and back from it.

Seconds are of the clock on the wall; memory is what the process held at most beyond its start.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from fleetcore.application import snapshots
from fleetcore.application.following import follow_registers
from fleetcore.domain.facts import Fact, fact_of
from fleetcore.domain.location import LocationEvent
from fleetcore_adapters.arrow.live_engine import ArrowLiveEngine
from fleetcore_entrypoints.wiring.live import LiveApp, wire_live

VEHICLES: Final = 156_000
CITIES: Final = 45
BATCH: Final = 5_000
BEHIND: Final = 52_000
"""What came in behind the snapshot: ten seconds at 5,200 a second."""

START_MS: Final = 1_700_000_000_000
MIB: Final = 1 << 20

T = TypeVar("T")


def main() -> None:
    """Fill a region, take a snapshot, verify it, report some more, restore; print what it took."""
    chance = random.Random(1)
    with (
        tempfile.TemporaryDirectory(prefix="bench-snapshots-") as name,
        closing(wire_live(Path(name))) as app,
    ):
        report(app, [fact(chance, number, 0) for number in range(VEHICLES)])
        # From here on the peak is counted anew (proc(5), clear_refs).
        Path("/proc/self/clear_refs").write_text("5", "ascii")
        started_bytes = peak_bytes()
        taken, size_bytes = timed(
            "take",
            lambda: snapshots.take(app.registers, app.snapshots, app.clock, region=app.region),
        )
        print(f"{'':10}{taken.drivers:,} drivers, {size_bytes / 1e6:.1f} MB")
        timed("verify", lambda: snapshots.verify(app.snapshots, taken.name))
        report(app, [fact(chance, number, 30_000) for number in range(BEHIND)])
        before = app.registers.digest()
        timed("restore", lambda: snapshots.restore(app.registers, app.log, app.snapshots))
        equal = before == app.registers.digest()
        print(
            f"{'':10}and {BEHIND:,} reports behind it; the digest is {'equal' if equal else 'NOT'}"
        )
        print(f"memory    {(peak_bytes() - started_bytes) / MIB:.0f} MiB more at its peak")


def timed(what: str, work: Callable[[], T]) -> T:
    """Print how long work took."""
    began_s = time.perf_counter()
    done = work()
    print(f"{what:10}{time.perf_counter() - began_s:.2f} s", flush=True)
    return done


def report(app: LiveApp, facts: list[Fact]) -> None:
    """Take facts in, and let the registers follow."""
    engine = ArrowLiveEngine()
    for start in range(0, len(facts), BATCH):
        app.log.append_batches(engine.encoded(facts[start : start + BATCH], "live-bench"))
    follow_registers(app.log, app.registers)


def fact(chance: random.Random, number: int, after_ms: int) -> Fact:
    """What a made-up driver reports."""
    return fact_of(
        LocationEvent(
            vehicle_id=f"drv-{number:06d}",
            observed_at=START_MS + after_ms + number % 30_000,
            latitude=chance.uniform(-60, 60),
            longitude=chance.uniform(-180, 180),
            speed_kmh=round(chance.uniform(0, 90), 1),
            heading_deg=float(chance.randrange(360)),
            accuracy_m=5.0,
            battery_pct=float(chance.randrange(100)),
            status="moving",
            city=f"city-{number % CITIES}",
        )
    )


def peak_bytes() -> int:
    """The most memory this process held (VmHWM)."""
    status = Path("/proc/self/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) << 10


if __name__ == "__main__":
    main()
