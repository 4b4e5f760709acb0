"""`python -m bench.live`: the live path in one process, its tail and streams, and rebuilding.

messages -> judged -> appended, durable -> registers with their digests    one core, by stage
the tail, and streams of decisions, beside eventsourcing's SQLite recorder, round by round
registers made anew from a long log, beside reading it
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Final

from attrs import Factory, define

from bench.commands import PEER_PYTHON
from bench.processes import ROOT
from fleetcore.application.following import follow_registers, rebuild_registers
from fleetcore.codec.ingestion_events import INGESTION_EVENTS
from fleetcore.domain.ingestion_events import PartStored
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.messages import Message
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.ports.live_engine import LiveWork
from fleetcore_adapters.arrow.live_engine import ArrowLiveEngine
from fleetcore_adapters.local.database import Database
from fleetcore_adapters.local.event_store import LocalEventStore
from fleetcore_entrypoints.wiring.live import LiveApp, wire_live

VEHICLES: Final = 156_000
CITIES: Final = 45
BATCH: Final = 5_000
START_MS: Final = 1_700_000_000_000
SCRATCH: Final = ROOT / "bench" / "data" / "scratch" / "live"
RECORDER: Final = str(ROOT / "bench" / "peers" / "recorder_job.py")


@define
class Stages:
    """CPU seconds by stage, and how many events took them."""

    seconds: dict[str, float] = Factory(dict)
    events: int = 0

    def add(self, stage: str, since_s: float) -> float:
        """Note a stage that began at `since_s`; the CPU seconds now."""
        now_s = process_time()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now_s - since_s
        return now_s

    def lines(self) -> Iterator[str]:
        """Microseconds an event by stage, and what that makes."""
        for stage, seconds in self.seconds.items():
            yield f"  {stage:<32} {seconds / self.events * 1e6:6.2f} us/event"
        total = sum(self.seconds.values())
        yield f"  {'in all':<32} {total / self.events * 1e6:6.2f} us/event"
        yield f"  {self.events / total:,.0f} events/s on one core"


def messages_of(vehicles: Sequence[int], turn: int, chance: random.Random) -> list[Message]:
    """A report of each vehicle at its own instant of a turn, as JSON."""
    found = []
    for vehicle in vehicles:
        observed_at = START_MS + turn * 30_000 + vehicle % 30_000
        report = {
            "vehicle_id": f"C{vehicle % CITIES:02}-{vehicle:06}",
            "observed_at": observed_at,
            "latitude": round(48 + chance.random(), 6),
            "longitude": round(11 + chance.random(), 6),
            "speed_kmh": round(chance.random() * 120, 1),
            "heading_deg": round(chance.random() * 359, 1),
            "accuracy_m": 5.0,
            "battery_pct": 80.5,
            "status": "moving",
            "city": f"City {vehicle % CITIES}",
        }
        payload = json.dumps(report).encode()
        found.append(Message(topic="fleet", payload=payload, received_at_ms=observed_at + 200))
    return found


def live_path(folder: Path, batches: int, follow_every: int) -> Stages:
    """Messages of random vehicles through all of it; every vehicle is known before."""
    chance = random.Random(1)
    work = LiveWork(
        ingestion="live-bench", settings=FleetSettings(), now_ms=START_MS + 10**9, zone="UTC"
    )
    app = wire_live(folder)
    try:
        for first in range(0, VEHICLES, BATCH):
            vehicles = range(first, min(first + BATCH, VEHICLES))
            _judged_and_appended(app, messages_of(vehicles, 0, chance), work, Stages())
        for _ in range(2):
            follow_registers(app.log, app.registers)
        stages = Stages()
        for turn in range(1, batches + 1):
            messages = messages_of(chance.sample(range(VEHICLES), BATCH), turn, chance)
            _judged_and_appended(app, messages, work, stages)
            if turn % follow_every == 0:
                began_s = process_time()
                changes = app.log.changes_since(app.registers.cursor())
                began_s = stages.add("changes of the log", began_s)
                app.registers.merge(changes.facts, changes.cursor)
                stages.add("merge and digests, committed", began_s)
        if app.registers.recount():
            raise AssertionError("sums are wrong")
        return stages
    finally:
        app.close()


def _judged_and_appended(
    app: LiveApp, messages: Sequence[Message], work: LiveWork, stages: Stages
) -> None:
    engine = ArrowLiveEngine()
    began_s = process_time()
    judged = engine.judged(messages, work)
    began_s = stages.add("decode, judge, fingerprint, encode", began_s)
    if judged.batch is None or judged.batch.rows != len(messages):
        raise AssertionError(f"not all were accepted: {judged.counts}")
    app.log.append_batch(judged.batch)
    stages.add("append, durable", began_s)
    stages.events += len(messages)


def tail_seconds(folder: Path, batches: int) -> float:
    """Wall seconds of appending batches that are encoded already."""
    chance, engine = random.Random(2), ArrowLiveEngine()
    work = LiveWork(
        ingestion="live-bench", settings=FleetSettings(), now_ms=START_MS + 10**9, zone="UTC"
    )
    encoded = []
    for turn in range(batches):
        messages = messages_of(chance.sample(range(VEHICLES), BATCH), turn, chance)
        judged = engine.judged(messages, work)
        if judged.batch is not None:
            encoded.append(judged.batch)
    app = wire_live(folder)
    try:
        began_s = perf_counter()
        for batch in encoded:
            app.log.append_batch(batch)
        return perf_counter() - began_s
    finally:
        app.close()


def stream_seconds(folder: Path, appends: int) -> float:
    """Wall seconds of appending decisions one by one to streams of ten."""
    events = [
        PartStored(key=f"fresh/{number:032x}.parquet", outcome=StoreOutcome(stored=number))
        for number in range(appends)
    ]
    database = Database(folder)
    try:
        store = LocalEventStore(database, INGESTION_EVENTS)
        began_s = perf_counter()
        for number, event in enumerate(events):
            store.append(f"stream-{number // 10}", number % 10, [event])
        return perf_counter() - began_s
    finally:
        database.close()


def recorder_seconds(folder: Path, kind: str, number: int) -> float:
    """What eventsourcing's recorder takes for as many events."""
    folder.mkdir(parents=True)
    command = [PEER_PYTHON, RECORDER, str(folder / "events.sqlite"), kind, str(number)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["seconds"])


def contests(runs: int) -> Iterator[str]:
    """Ours and theirs in turn."""
    for name, kind, number, ours, unit in (
        ("tail", "batches", 20, tail_seconds, BATCH),
        ("streams", "streams", 2_000, stream_seconds, 1),
    ):
        rates: list[tuple[float, float]] = []
        for _ in range(runs):
            shutil.rmtree(SCRATCH, ignore_errors=True)
            mine = ours(SCRATCH / "ours", number)
            theirs = recorder_seconds(SCRATCH / "theirs", kind, number)
            rates.append((number * unit / mine, number * unit / theirs))
        ratios = [mine / theirs for mine, theirs in rates]
        yield (
            f"{name}: {median(mine for mine, _ in rates):,.0f} events/s, recorder "
            f"{median(theirs for _, theirs in rates):,.0f}; {median(ratios):.2f} x "
            f"({min(ratios):.2f} - {max(ratios):.2f})"
        )


def rebuilding(folder: Path, events: int) -> Iterator[str]:
    """A log of so many events, read to its winners, and registers made of it."""
    chance = random.Random(3)
    engine = ArrowLiveEngine()
    work = LiveWork(
        ingestion="live-bench", settings=FleetSettings(), now_ms=START_MS + 10**10, zone="UTC"
    )
    app = wire_live(folder)
    try:
        for turn in range(-(-events // VEHICLES)):
            for first in range(0, VEHICLES, 50_000):
                vehicles = range(first, min(first + 50_000, VEHICLES))
                judged = engine.judged(messages_of(vehicles, turn, chance), work)
                if judged.batch is not None:
                    app.log.append_batch(judged.batch)
        began_s, began_cpu_s = perf_counter(), process_time()
        facts = app.log.changes_since(0).facts
        read_s, read_cpu_s = perf_counter() - began_s, process_time() - began_cpu_s
        began_s, began_cpu_s = perf_counter(), process_time()
        rebuild_registers(app.log, app.registers)
        built_s, built_cpu_s = perf_counter() - began_s, process_time() - began_cpu_s
    finally:
        app.close()
    yield f"read to the winners of {len(facts):,}: {read_s:.2f} s ({read_cpu_s:.2f} s CPU)"
    yield f"registers rebuilt: {built_s:.2f} s ({built_cpu_s:.2f} s CPU), {built_s / read_s:.2f} x"


def main(arguments: Sequence[str]) -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=main.__doc__)
    parser.add_argument("part", choices=("path", "contests", "rebuild", "all"), nargs="?")
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--events", type=int, default=10_000_000)
    options = parser.parse_args(arguments)
    part = options.part or "all"
    try:
        if part in ("path", "all"):
            for follow_every in (1, 4, 8):
                shutil.rmtree(SCRATCH, ignore_errors=True)
                stages = live_path(SCRATCH, options.batches, follow_every)
                print(f"batches of {BATCH:,}, a pass every {follow_every}:")
                print(*stages.lines(), sep="\n", flush=True)
        if part in ("contests", "all"):
            for line in contests(options.runs):
                print(line, flush=True)
        if part in ("rebuild", "all"):
            shutil.rmtree(SCRATCH, ignore_errors=True)
            print(f"a log of {options.events:,} events:")
            for line in rebuilding(SCRATCH, options.events):
                print(f"  {line}", flush=True)
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
