"""How fast things start: imports, the command line's help, the demo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.commands import Fleetcore, imports
from bench.contest import Contender, Spread, collected, rounds
from bench.findings import Findings
from bench.processes import run

RUNS: Final = 11

_MS: Final = 1000
_ATTRS: Final = "attrs"
_MODULES: Final = {"fleetcore": 30, "fleetcore.domain.ingestion": None}
"""What is imported, and how many ms above attrs it may take; the second is the whole domain."""
_HELP: Final = "fleetcore --help"


def measure(fleetcore: Fleetcore, folder: Path, findings: Findings) -> None:
    """Start each in turn; note figures. Raises `ProcessFailed`."""
    contenders = [
        *(Contender(name, _imports(name)) for name in (_ATTRS, *_MODULES)),
        Contender(_HELP, lambda _: fleetcore.help()),
    ]
    results = collected(list(rounds(contenders, RUNS, folder)))
    findings.runs["starting"] = results
    note = f"{RUNS} processes each"
    for name, target in _MODULES.items():
        above = [
            (ours.seconds - attrs.seconds) * _MS
            for ours, attrs in zip(results[name], results[_ATTRS], strict=True)
        ]
        findings.add(f"import {name} above import attrs", Spread.of(above), "ms", target, note)
    started = Spread.of([each.seconds * _MS for each in results[_HELP]])
    findings.add("fleetcore --help", started, "ms", 300, note)


def _imports(module: str) -> Callable[[Path], list[str]]:
    return lambda _: imports(module)


def measure_demo(findings: Findings) -> None:
    """Run the demo once. Raises `ProcessFailed`."""
    findings.add("make demo", run(["make", "demo"]).seconds, "s", 60, note="after set-up, one run")
