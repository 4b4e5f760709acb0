"""A generated fleet as three files: what it reports, its vehicles, and the truth."""

from __future__ import annotations

from pathlib import Path

from attrs import asdict, frozen

from fleetcore.application.generation.generator import generate, generated_vehicles
from fleetcore.application.generation.metadata import vehicles_csv
from fleetcore.application.generation.spec import FleetSpec
from fleetcore.application.generation.truth import Truth
from fleetcore_entrypoints.cli.output import print_json, shown
from fleetcore_entrypoints.cli.progress import Bar

_ENDINGS = (".gz", ".csv")


@frozen(kw_only=True, slots=True)
class GeneratedFiles:
    """Where a generated fleet lies, and what an ingestion of it must count."""

    file: Path
    vehicles: Path
    truth_file: Path
    truth: Truth


def write_fleet(spec: FleetSpec, out: Path) -> GeneratedFiles:
    """Generate `out`, and beside it what goes with it; the truth is written last."""
    stem = out.name
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    vehicles, truth_file = (
        out.with_name(f"{stem}.vehicles.csv"),
        out.with_name(f"{stem}.truth.json"),
    )
    truth_file.unlink(missing_ok=True)
    with Bar() as bar, out.open("wb") as sink:
        truth = generate(
            spec, sink, lambda rows: bar.move(f"{out.name}", rows / spec.rows, rows=rows)
        )
    vehicles.write_text(vehicles_csv(generated_vehicles(spec)), encoding="utf-8")
    truth_file.write_text(truth.as_json(), encoding="utf-8")
    return GeneratedFiles(file=out, vehicles=vehicles, truth_file=truth_file, truth=truth)


def print_generated(files: GeneratedFiles, *, as_json: bool) -> None:
    """Say what was written."""
    if as_json:
        truth = {**asdict(files.truth.counts), "error": files.truth.error}
        print_json(
            {
                "path": str(files.file),
                "vehicles": str(files.vehicles),
                "truth": str(files.truth_file),
                "bytes": files.file.stat().st_size,
                "expected": truth,
            }
        )
        return
    print(f"{shown(str(files.file))}: {files.truth.counts.read:,} rows")
    print(f"{shown(str(files.vehicles))}: metadata of the vehicles, for --vehicles")
    print(f"{shown(str(files.truth_file))}: the counts that an ingestion of it must end with")
