"""Ten times the file: its ingestion, and single days read from the log it leaves."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Final

from bench.commands import Fleetcore, peer, probe
from bench.contest import Spread
from bench.findings import Findings
from bench.main_file import check_ledger, json_in, peak_mb
from bench.processes import run
from bench.shapes import Shape

VEHICLES_READ: Final = 50

_MS: Final = 1000
_READ_BYTES: Final = 1 << 20


def measure(fleetcore: Fleetcore, shape: Shape, folder: Path, findings: Findings) -> None:
    """Run each once; note figures and checks. Raises `ProcessFailed`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    data = folder / "data"
    _settle(shape.path)
    duckdb = run(peer("duckdb", shape, folder / "duckdb.parquet"))
    (folder / "duckdb.parquet").unlink()
    ours = run(fleetcore.ingest(shape, data))
    findings.runs["tenfold"] = {"duckdb": [duckdb], "fleetcore": [ours]}
    size = f"{shape.rows:,} rows, {shape.size_bytes / 1e6:,.0f} MB, one run"
    findings.add("ten times the file, peak RSS, fleetcore", peak_mb([ours]), "MB", 384, size)
    findings.add("ten times the file, peak RSS, duckdb", peak_mb([duckdb]), "MB")
    for name, ran in (("fleetcore", ours), ("duckdb", duckdb)):
        note = f"{ran.cpu_seconds:.2f} s of CPU"
        findings.add(f"ten times the file, {name}", ran.seconds, "s", note=note)
    check_ledger(ours, shape, "ten times the file", findings)

    events = json_in(ours)["stored"]
    fresh = _read_days(shape, data, events, state="not compacted", target_ms=500, findings=findings)
    compaction = run(fleetcore.compact(data))
    compacted = _read_days(shape, data, events, state="compacted", target_ms=50, findings=findings)
    findings.add("compact", compaction.seconds, "s", note=f"peak {peak_mb([compaction]):.0f} MB")
    findings.check(
        "compaction leaves the days as they were",
        passed=fresh["digest"] == compacted["digest"] and fresh["events"] > 0,
        detail=f"{fresh['events']:,} events read before, {compacted['events']:,} after",
    )


def _settle(path: Path) -> None:
    """Let the first reader of a file meet what the second will: written out, in the cache."""
    os.sync()
    buffer = bytearray(_READ_BYTES)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def _read_days(
    shape: Shape, data: Path, events: int, *, state: str, target_ms: int, findings: Findings
) -> Any:
    found = json_in(run(probe("days", data, shape.vehicles, VEHICLES_READ)))
    milliseconds = Spread.of([seconds * _MS for seconds in found["seconds"]])
    name = f"a vehicle's day, {state}"
    note = f"of {events:,} events, {VEHICLES_READ} vehicles"
    findings.add(f"{name}, median", milliseconds.median, "ms", target_ms, note)
    findings.add(f"{name}, worst", milliseconds.high, "ms", target_ms, "of the same")
    return found
