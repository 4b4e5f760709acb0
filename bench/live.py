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
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Final

import numpy as np
import pyarrow as pa
from attrs import Factory, asdict, define, frozen

from bench.commands import PEER_PYTHON
from bench.contest import Spread
from bench.findings import Findings
from bench.processes import ROOT
from fleetcore.application.following import follow_registers, rebuild_registers
from fleetcore.codec.ingestion_events import INGESTION_EVENTS
from fleetcore.domain.facts import Fact
from fleetcore.domain.ingestion_events import PartStored
from fleetcore.domain.ledger import StoreOutcome
from fleetcore.domain.messages import EventBatch, Message
from fleetcore.domain.rules.settings import FleetSettings
from fleetcore.ports.live_engine import LiveWork
from fleetcore_adapters.arrow import part_file
from fleetcore_adapters.arrow.live_engine import ArrowLiveEngine
from fleetcore_adapters.local.catalogue import LocalCatalogue
from fleetcore_adapters.local.database import Database
from fleetcore_adapters.local.event_store import LocalEventStore
from fleetcore_entrypoints.wiring.live import LiveApp, wire_live

VEHICLES: Final = 156_000
CITIES: Final = 45
BATCH: Final = 5_000
START_MS: Final = 1_700_000_000_000
SCRATCH: Final = ROOT / "bench" / "data" / "scratch" / "live"
PARTS: Final = ("path", "contests", "rebuild")
MOST_US: Final = 12.5
"""80,000 events a second."""

LOOP_TURNS: Final = 500_000
RECORDER: Final = str(ROOT / "bench" / "peers" / "recorder_job.py")


@define
class Stages:
    """CPU seconds by stage, and how many events took them."""

    seconds: dict[str, float] = Factory(dict)
    events: int = 0
    loop_us: float = 0.0

    @property
    def event_us(self) -> float:
        """Microseconds an event in all."""
        return sum(self.seconds.values()) / self.events * 1e6

    def add(self, stage: str, since_s: float) -> float:
        """Note a stage that began at `since_s`; the CPU seconds now."""
        now_s = process_time()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now_s - since_s
        return now_s

    def lines(self) -> Iterator[str]:
        """Microseconds an event by stage, and what that makes."""
        for stage, seconds in self.seconds.items():
            yield f"  {stage:<32} {seconds / self.events * 1e6:6.2f} us/event"
        yield f"  {'in all':<32} {self.event_us:6.2f} us/event"
        turns = self.event_us / self.loop_us
        yield (
            f"  {1e6 / self.event_us:,.0f} events/s on one core; an event is {turns:.0f} turns of a"
            f" plain loop ({self.loop_us:.3f} us)"
        )


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
        stages, before_us = Stages(), loop_us()
        for turn in range(1, batches + 1):
            messages = messages_of(chance.sample(range(VEHICLES), BATCH), turn, chance)
            _judged_and_appended(app, messages, work, stages)
            if turn % follow_every == 0:
                began_s = process_time()
                changes = app.log.changes_since(app.registers.cursor())
                began_s = stages.add("changes of the log", began_s)
                app.registers.merge(changes.facts, changes.cursor)
                stages.add("merge and digests, committed", began_s)
        stages.loop_us = (before_us + loop_us()) / 2
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
    app.log.append_batches(judged.batch)
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
            app.log.append_batches(batch)
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


@frozen(kw_only=True)
class Contest:
    """Ours and eventsourcing's recorder in turn: events a second of both, round by round."""

    name: str
    rates: Sequence[tuple[float, float]]
    target: float

    @property
    def times(self) -> Spread:
        """How many times as long theirs takes."""
        return Spread.of([ours / theirs for ours, theirs in self.rates])

    @property
    def line(self) -> str:
        """What came of it."""
        ours, theirs = (median(rates) for rates in zip(*self.rates, strict=True))
        return (
            f"{self.name}: {ours:,.0f} events/s, recorder {theirs:,.0f}; "
            f"{self.times.median:.2f} x ({self.times.low:.2f} - {self.times.high:.2f})"
        )


def contests(runs: int) -> Iterator[Contest]:
    """The tail and the streams; streams in many short rounds, as they mostly wait for the disk."""
    for name, kind, number, ours, unit, rounds, target in (
        ("tail", "batches", 20, tail_seconds, BATCH, runs, 2.0),
        ("streams", "streams", 500, stream_seconds, 1, 4 * runs, 1.0),
    ):
        rates: list[tuple[float, float]] = []
        for turn in range(rounds):
            shutil.rmtree(SCRATCH, ignore_errors=True)
            took_s: dict[str, float] = {}
            # Who begins changes, as a disk is quicker or slower for whoever comes second.
            for who in ("ours", "theirs") if turn % 2 else ("theirs", "ours"):
                if who == "ours":
                    took_s[who] = ours(SCRATCH / who, number)
                else:
                    took_s[who] = recorder_seconds(SCRATCH / who, kind, number)
            rates.append((number * unit / took_s["ours"], number * unit / took_s["theirs"]))
        yield Contest(name=name, rates=rates, target=target)


@frozen(kw_only=True)
class Rebuilt:
    """CPU seconds of reading a log, and of making registers of it.

    It is read twice: its columns as they lie, with nothing made of them; and event by event, as
    `LocationLog.scan` gives them.
    """

    columns_s: float
    scanned_s: float
    built_s: float


def rebuilding(folder: Path, events: int) -> Rebuilt:
    """A log of so many events: its columns read, and the registers made anew."""
    app = wire_live(folder)
    try:
        for batch in long_log(events):
            app.log.append_batches(batch)
        catalogue = LocalCatalogue(app.local.database)
        began_s = process_time()
        for entry in catalogue.files().entries:
            part_file.decode(catalogue.content(entry.file.key), Fact._fields)
        columns_s = process_time() - began_s
        began_s = process_time()
        if sum(1 for _ in app.local.fleet.log.scan()) != events:
            raise AssertionError("not every event was read")
        scanned_s = process_time() - began_s
        began_s = process_time()
        rebuild_registers(app.log, app.registers)
        built_s = process_time() - began_s
        if app.registers.digest().registers != min(events, VEHICLES) or app.registers.recount():
            raise AssertionError("the registers are not those of the log")
    finally:
        app.close()
    return Rebuilt(columns_s=columns_s, scanned_s=scanned_s, built_s=built_s)


def long_log(events: int) -> Iterator[EventBatch]:
    """Reports of all vehicles, turn after turn, without going through messages."""
    chance = np.random.default_rng(3)
    for turn, first in enumerate(range(0, events, VEHICLES)):
        rows = min(VEHICLES, events - first)
        vehicles = np.arange(rows, dtype=np.int32)
        cities = pa.array([f"City {city}" for city in range(CITIES)])
        columns = {
            "vehicle_id": pa.DictionaryArray.from_arrays(
                pa.array(vehicles), pa.array([f"V-{vehicle:06}" for vehicle in range(rows)])
            ),
            "observed_at": START_MS + turn * 30_000 + vehicles.astype(np.int64) % 30_000,
            "latitude": 48 + chance.random(rows).round(6),
            "longitude": 11 + chance.random(rows).round(6),
            "speed_kmh": (chance.random(rows) * 120).round(1),
            "heading_deg": (chance.random(rows) * 359).round(1),
            "accuracy_m": np.full(rows, 5.0),
            "battery_pct": np.full(rows, 80.5),
            "fuel_pct": pa.nulls(rows, pa.float64()),
            "status": _all_of("moving", rows),
            "city": pa.DictionaryArray.from_arrays(pa.array(vehicles % CITIES), cities),
            "source": _all_of(None, rows),
            "distance_from_depot_m": pa.nulls(rows, pa.float64()),
            "fingerprint": chance.integers(0, 2**64, rows, dtype=np.uint64),
            "ingestion": _all_of("live-bench", rows),
            "line": np.arange(first, first + rows),
        }
        content = part_file.batch_content(pa.table(columns, schema=part_file.SCHEMA))
        yield EventBatch(ingestion="live-bench", rows=rows, content=content)


def _all_of(text: str | None, rows: int) -> pa.DictionaryArray:
    codes = np.zeros(rows, dtype=np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(codes, mask=codes == 0 if text is None else None), pa.array([text or ""])
    )


def loop_us() -> float:
    """A turn of a plain loop in us: how fast the machine is now, with whoever else uses it."""
    began_s = process_time()
    number = 0
    for turn in range(LOOP_TURNS):
        number = (number * 31 + turn) & 0xFFFF_FFFF
    return (process_time() - began_s) / LOOP_TURNS * 1e6


def measure(
    findings: Findings, parts: Collection[str] = PARTS, *, batches: int, runs: int, events: int
) -> None:
    """Measure parts of it, tell, and note figures; of rates their inverse: less is better."""
    try:
        for follow_every in (1, 4) if "path" in parts else ():
            shutil.rmtree(SCRATCH, ignore_errors=True)
            stages = live_path(SCRATCH, batches, follow_every)
            name = f"live path, registers every {follow_every * BATCH:,} events"
            print(f"{name}:", *stages.lines(), sep="\n", flush=True)
            note = f"us an event, of the processor; a turn of a plain loop {stages.loop_us:.3f}"
            findings.add(name, stages.event_us, "us", MOST_US, note)
        for each in contests(runs) if "contests" in parts else ():
            print(each.line, flush=True)
            inverse = Spread.of([theirs / ours for ours, theirs in each.rates])
            note = "time beside eventsourcing's recorder"
            findings.add(f"appending: {each.name}", inverse, "x", 1 / each.target, note)
        if "rebuild" in parts:
            shutil.rmtree(SCRATCH, ignore_errors=True)
            done = rebuilding(SCRATCH, events)
            print(f"a log of {events:,} events, registers rebuilt in {done.built_s:.2f} s of CPU")
            for what, seconds in (
                ("scanning its events", done.scanned_s),
                ("reading its columns alone", done.columns_s),
            ):
                times = done.built_s / seconds
                print(f"  {times:.2f} x {what}, {seconds:.2f} s", flush=True)
                findings.add(f"registers rebuilt / {what}", times, "x", 1.0, f"{events:,} events")
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)


def main(arguments: Sequence[str]) -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=main.__doc__)
    parser.add_argument("part", choices=(*PARTS, "all"), nargs="?", default="all")
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--figures", type=Path, help="where to write the figures, as JSON")
    options = parser.parse_args(arguments)
    findings = Findings()
    measure(
        findings,
        PARTS if options.part == "all" else (options.part,),
        batches=options.batches,
        runs=options.runs,
        events=options.events,
    )
    if options.figures:
        options.figures.write_text(json.dumps([asdict(each) for each in findings.figures]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
