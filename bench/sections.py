"""Benchmarks that are processes of their own, as sections of the whole.

Each holds a fleet in memory, which the process that measures others must not.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from bench.findings import Figure, Findings
from bench.processes import run

DRIFT_CASES: Final = ("3 regions at rest", "45 regions at rest")


def measure_live(scratch: Path, findings: Findings) -> None:
    """The live path, appends beside eventsourcing, a rebuild. Raises `ProcessFailed`."""
    scratch.mkdir(parents=True, exist_ok=True)
    path = scratch / "figures.json"
    _told("bench.live", "--figures", str(path))
    findings.figures += [Figure(**each) for each in json.loads(path.read_text())]


def measure_proximity() -> None:
    """Who is near whom. Raises `ProcessFailed`."""
    _told("bench.proximity")


def measure_drift() -> None:
    """Finding and mending drift. Raises `ProcessFailed`."""
    _told("bench.drift", *DRIFT_CASES)


def _told(module: str, *arguments: str) -> None:
    print(run([sys.executable, "-m", module, *arguments]).output, flush=True)
