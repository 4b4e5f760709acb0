"""The library beside the bare SDK: the same calls on the same stand-in."""

from __future__ import annotations

import json
import sys
from typing import Final

from bench.contest import Spread
from bench.findings import Findings
from bench.processes import run

ROUNDS: Final = 21
TARGET: Final = 1.15

_BATCHES: Final = {
    "rows": "new rows of the log, 25 a request",
    "messages": "lane messages, 10 a request",
}
_NAMES: Final = {**_BATCHES, "reads": "one item a request"}
_MS_OF_THOUSAND: Final = 1_000_000


def measure(findings: Findings) -> None:
    """Measure the pairs in a process of their own; note figures. Raises `ProcessFailed`."""
    found = json.loads(run([sys.executable, "-m", "bench.aws.pairs", str(ROUNDS)]).output)
    findings.facts["overhead on AWS"] = found
    for kind, name in _NAMES.items():
        library, bare = found[kind]["library"], found[kind]["bare"]
        findings.add(
            f"{name}: library / SDK",
            Spread.of(_ratios(library["seconds"], bare["seconds"])),
            "x",
            TARGET if kind in _BATCHES else None,
            f"wall time, {ROUNDS} rounds in turn",
        )
        findings.add(
            f"{name}: library / SDK, CPU alone",
            Spread.of(_ratios(library["cpu_seconds"], bare["cpu_seconds"])),
            "x",
            note="without the stand-in",
        )
        for whose, took in (("library", library), ("SDK", bare)):
            each = [seconds / found[kind]["each"] for seconds in took["cpu_seconds"]]
            cpu = Spread.of([seconds * _MS_OF_THOUSAND for seconds in each])
            findings.add(f"{name}: CPU of a thousand, {whose}", cpu, "ms")


def _ratios(ours: list[float], theirs: list[float]) -> list[float]:
    return [one / other for one, other in zip(ours, theirs, strict=True)]
