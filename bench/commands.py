"""The commands that are measured."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from attrs import frozen

from bench.processes import ROOT
from bench.shapes import Shape

PEERS: Final = ("duckdb", "polars", "pandas")
PEER_PYTHON: Final = str(ROOT / ".venv-bench" / "bin" / "python")


@frozen(kw_only=True, slots=True)
class Fleetcore:
    """A command line of fleetcore: how to start it."""

    start: tuple[str, ...]

    def ingest(self, shape: Shape, data: Path, *, again: bool = False) -> list[str]:
        """Ingest a file into a data folder."""
        command = [*self.start, "ingest", str(shape.path), "--vehicles", str(shape.vehicles)]
        return [*command, "--data", str(data), "--json", *(["--again"] if again else [])]

    def compact(self, data: Path) -> list[str]:
        """Compact a data folder."""
        return [*self.start, "compact", "--data", str(data)]

    def files(self, data: Path) -> list[str]:
        """List the files of a data folder's log."""
        return [*self.start, "files", "--data", str(data), "--json"]

    def help(self) -> list[str]:
        """Show the help."""
        return [*self.start, "--help"]


def peer(name: str, shape: Shape, out: Path) -> list[str]:
    """A peer's job over a file."""
    script = ROOT / "bench" / "peers" / f"{name}_job.py"
    return [PEER_PYTHON, str(script), str(shape.path), str(shape.vehicles), str(out)]


def floor(shape: Shape, out: Path) -> list[str]:
    """Reading a file and writing it, with nothing in between."""
    script = ROOT / "bench" / "peers" / "arrow_floor.py"
    return [PEER_PYTHON, str(script), str(shape.path), str(shape.vehicles), str(out)]


def comparison(listing: Path, *outs: Path) -> list[str]:
    """The row-for-row comparison; the first of `outs` is DuckDB's."""
    script = ROOT / "bench" / "peers" / "comparison.py"
    return [PEER_PYTHON, str(script), str(listing), *map(str, outs)]


def probe(name: str, *arguments: object) -> list[str]:
    """A probe of `bench.probes`."""
    return [sys.executable, "-m", "bench.probes", name, *map(str, arguments)]


def imports(module: str) -> list[str]:
    """A fresh process that imports a module and nothing else."""
    return [sys.executable, "-c", f"import {module}"]
