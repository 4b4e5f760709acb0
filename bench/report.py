"""The findings as a table for people, as Markdown for the docs and as JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from attrs import asdict
from rich.console import Console
from rich.table import Table

from bench.findings import Figure, Findings

_HEADINGS: Final = ("what", "value", "min - max", "target", "", "note")
_DIGITS: Final = {"x": 2, "s": 2, "ms": 1, "us": 1, "MB": 0, "kB": 1, "%": 1, "/s": 0}
_WIDTH: Final = 120


def show(findings: Findings, machine: Mapping[str, Any]) -> None:
    """Print the machine, the table, the checks and what went wrong."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    table = Table(*_HEADINGS, pad_edge=False)
    for at in (1, 2, 3):
        table.columns[at].justify = "right"
    for figure in findings.figures:
        table.add_row(*_cells(figure))
    console.print(table)
    for line in _lines(findings, machine):
        print(line)


def save(
    findings: Findings, machine: Mapping[str, Any], folder: Path, now: datetime, command: str
) -> Path:
    """Write everything that was measured, and the table as Markdown beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y-%m-%dT%H%M%SZ}.json"
    content = {
        "measured_at": now.isoformat(timespec="seconds"),
        "command": command,
        "machine": machine,
        "figures": [{**asdict(figure), "met": figure.met} for figure in findings.figures],
        "checks": [asdict(check) for check in findings.checks],
        "problems": findings.problems,
        "facts": findings.facts,
        "runs": {
            file: {name: [asdict(each) for each in runs] for name, runs in results.items()}
            for file, results in findings.runs.items()
        },
    }
    path.write_text(json.dumps(content, indent=1) + "\n")
    rows: list[tuple[str, ...]] = [_HEADINGS, ("---", "---:", "---:", "---:", "---", "---")]
    rows += [_cells(figure) for figure in findings.figures]
    lines = [f"Made by `{command}` at {now:%Y-%m-%d %H:%M} UTC.", ""]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    lines += ["", *(f"- {line}" for line in _lines(findings, machine))]
    path.with_suffix(".md").write_text("\n".join(lines) + "\n")
    return path


def _lines(findings: Findings, machine: Mapping[str, Any]) -> list[str]:
    """The checks, what went wrong, and what it was measured on."""
    checks = [
        f"{check.name}: {'yes' if check.passed else 'NO'} ({check.detail})"
        for check in findings.checks
    ]
    where = (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['system']}, load {machine['load_before']} before the run"
    )
    versions = f"Python {machine['python']}; {_versions(machine['fleetcore_with'])}"
    if machine["peers_with"]:
        versions += f"; peers: {_versions(machine['peers_with'])}"
    problems = [f"not measured: {problem}" for problem in findings.problems]
    return [*checks, *problems, f"machine: {where}", f"versions: {versions}"]


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _cells(figure: Figure) -> tuple[str, ...]:
    digits = _DIGITS[figure.unit]
    spread = ""
    if figure.low is not None and figure.high is not None:
        spread = f"{figure.low:.{digits}f} - {figure.high:.{digits}f}"
    return (
        figure.name,
        f"{figure.value:.{digits}f} {figure.unit}",
        spread,
        "" if figure.target is None else f"<= {figure.target:g} {figure.unit}",
        {True: "met", False: "MISSED", None: ""}[figure.met],
        figure.note,
    )
