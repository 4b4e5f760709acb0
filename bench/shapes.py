"""The files that are ingested; made once by fleetcore's own generator, equal on every machine.

A day is some 1.2 million events of 50,000 vehicles, so ten times the file is ten times the days.
Run as a process of its own: `python -m bench.shapes FOLDER NAME`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from attrs import asdict, evolve, frozen

from bench.processes import run
from fleetcore.application.generation.generator import generate, generated_vehicles
from fleetcore.application.generation.metadata import vehicles_csv
from fleetcore.application.generation.spec import FleetSpec

MAIN: Final = "main"
BAD_CELLS: Final = "bad-cells"
TENFOLD: Final = "tenfold"

_MAIN: Final = FleetSpec(
    vehicles=50_000,
    rows=1_300_000,
    interval_s=3600,
    columns=(
        "vehicle_id",
        "observed_at",
        "latitude",
        "longitude",
        "speed_kmh",
        "heading_deg",
        "battery_pct",
        "status",
    ),
    dirt={"latitude-range": 0.01, "duplicate": 0.01, "conflicting": 0.01},
)

SHAPES: Final = {
    MAIN: _MAIN,
    BAD_CELLS: evolve(
        _MAIN, dirt={**_MAIN.dirt, "unreadable-optional": 0.01, "unreadable-required": 0.01}
    ),
    TENFOLD: evolve(_MAIN, rows=10 * _MAIN.rows),
}


@frozen(kw_only=True, slots=True)
class Shape:
    """A generated file, its vehicles file and the counts its ingestion must come to."""

    path: Path
    vehicles: Path
    truth: dict[str, object]

    @property
    def rows(self) -> int:
        """Rows without the header."""
        return int(str(self.truth["read"]))

    @property
    def size_bytes(self) -> int:
        """The file's size."""
        return self.path.stat().st_size


def made(folder: Path, name: str) -> Shape:
    """The file of a shape; it is generated unless it is there."""
    note = folder / f"{name}.json"
    if not note.exists() or json.loads(note.read_text())["spec"] != repr(SHAPES[name]):
        print(f"making {folder / name}.csv, {SHAPES[name].rows:,} rows ...", flush=True)
        # Not in this process: see `processes.run` on peak memory.
        run([sys.executable, "-m", "bench.shapes", str(folder), name])
    return Shape(
        path=folder / f"{name}.csv",
        vehicles=folder / f"{name}.vehicles.csv",
        truth=json.loads(note.read_text())["truth"],
    )


def _make(folder: Path, name: str) -> None:
    spec = SHAPES[name]
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / f"{name}.json"
    note.unlink(missing_ok=True)
    with (folder / f"{name}.csv").open("wb") as sink:
        truth = generate(spec, sink)
    (folder / f"{name}.vehicles.csv").write_text(vehicles_csv(generated_vehicles(spec)))
    note.write_text(json.dumps({"spec": repr(spec), "truth": asdict(truth.counts)}))


if __name__ == "__main__":
    _make(Path(sys.argv[1]), sys.argv[2])
