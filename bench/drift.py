"""What finding and mending drift costs: time and bytes of a tick, over real links.

`python -m bench.drift` prints a table. Each region is a process with SQLite registers behind a
link on this machine; of the 45 regions, 44 are served by one process from one store, and one by
another. Ticks ask for all regions at once.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

from attrs import frozen

from fleetcore.application.conducting import Conductor, Ticked, Watch, tick
from fleetcore.application.drift_settings import DriftSettings
from fleetcore_adapters.links.addresses import address_of
from fleetcore_adapters.links.client import LinkedRegion
from fleetcore_adapters.local.clock import SystemClock
from fleetcore_adapters.memory.event_store import MemoryEventStore
from fleetcore_adapters.memory.telemeter import MemoryTelemeter

VEHICLES: Final = 156_000
SETTLE_S: Final = 2.0
TICKS: Final = 7


@frozen(kw_only=True)
class Case:
    """Regions, how many vehicles one of them is behind on, and the load they all hear."""

    name: str
    regions: int
    behind: int = 0
    rate: int = 0


CASES: Final = (
    Case(name="3 regions at rest", regions=3),
    Case(name="3 regions at rest, 0.1 % drift in one", regions=3, behind=VEHICLES // 1000),
    Case(name="3 regions, 5,200/s", regions=3, rate=5_200),
    Case(
        name="3 regions, 5,200/s, 0.1 % drift in one",
        regions=3,
        behind=VEHICLES // 1000,
        rate=5_200,
    ),
    Case(name="45 regions at rest", regions=45),
    Case(name="45 regions at rest, 0.1 % drift in one", regions=45, behind=VEHICLES // 1000),
)


@contextmanager
def serving(case: Case, folder: Path) -> Iterator[tuple[LinkedRegion, ...]]:
    """The case's regions, under load if it has one."""
    names = [f"r{number}" for number in range(case.regions)]
    groups = [[name] for name in names] if case.regions <= 3 else [names[:-1], names[-1:]]
    seconds = TICKS * (SETTLE_S + 3) + 5
    with ExitStack() as stack:
        processes = []
        for number, group in enumerate(groups):
            behind = case.behind if group == groups[-1] else 0
            words = [str(folder / group[0]), ",".join(group), str(VEHICLES), str(behind)]
            words += [str(case.rate), str(150 * number), str(seconds)]
            process = subprocess.Popen(
                [sys.executable, "-m", "bench.drift_region", *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.terminate)
            processes.append(process)
        regions = []
        for process in processes:
            assert process.stdout is not None
            for line in iter(process.stdout.readline, "ready\n"):
                name, address = line.split()
                region = LinkedRegion(name, address_of(address))
                stack.callback(region.close)
                regions.append(region)
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(f"{time.time()}\n")
            process.stdin.flush()
        yield tuple(regions)


def in_flight(done: Ticked) -> int:
    """How many vehicles differed at least, at one of the first look's questions."""
    first = done.first
    return 0 if first is None else max(first.buckets, first.leaves, len(first.vehicles))


def measured(case: Case, regions: Sequence[LinkedRegion]) -> str:
    """A line of the table."""
    pool = ThreadPoolExecutor(16)
    conductor = Conductor(
        regions=regions,
        events=MemoryEventStore(),
        clock=SystemClock(),
        telemeter=MemoryTelemeter(),
        settings=DriftSettings(settle_s=SETTLE_S),
        together=lambda tasks: [each.result() for each in [pool.submit(t) for t in tasks]],
        exchanged=lambda: sum(region.exchanged for region in regions),
    )
    watch = Watch()
    ticks: list[tuple[float, float, Ticked]] = []
    for _ in range(TICKS):
        time.sleep(SETTLE_S + 0.1)
        began, began_cpu = time.perf_counter(), time.process_time()
        done = tick(conductor, watch)
        ticks.append((time.perf_counter() - began, time.process_time() - began_cpu, done))
        watch = done.watch
    pool.shutdown()
    judged = [(each, done) for each, _, done in ticks if done.ended is not None]
    drifted = max(
        (
            sum(d.ended.confirmed.drifting.values())
            for _, d in judged
            if d.ended and d.ended.confirmed
        ),
        default=0,
    )
    repairs = [d.ended.repair_ms for _, d in judged if d.ended and d.ended.repair_ms is not None]
    # What a tick judges was noted by the one before.
    bounds = []
    for (_, _, before), (_, _, done) in pairwise(ticks):
        most = max(in_flight(before), in_flight(done))
        bounds.append(done.bytes_exchanged / (1_000 * most + 16_000 * len(regions)))
    return (
        f"| {case.name} | {median(seconds for seconds, _, _ in ticks):.2f} "
        f"| {max(seconds for seconds, _, _ in ticks):.2f} "
        f"| {median(cpu for _, cpu, _ in ticks):.2f} "
        f"| {max(in_flight(d) for _, _, d in ticks):,} | {drifted:,} "
        f"| {max(d.bytes_exchanged for _, _, d in ticks) / 1000:,.0f} | {max(bounds):.2f} "
        f"| {max(repairs, default=0) / 1000:.2f} |"
    )


def main() -> None:
    """Print the table."""
    print(
        "| case | tick, median s | slowest s | conductor's CPU s | differed | drifting "
        "| kB a tick, most | of the bound | confirmed to verified s |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    wanted = sys.argv[1:]
    for case in CASES:
        if wanted and not any(each in case.name for each in wanted):
            continue
        with tempfile.TemporaryDirectory() as folder, serving(case, Path(folder)) as regions:
            print(measured(case, regions), flush=True)


if __name__ == "__main__":
    main()
