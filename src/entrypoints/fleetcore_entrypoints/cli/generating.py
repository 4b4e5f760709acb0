"""A generated fleet as three files: what it reports, its vehicles, and the truth."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO, Final

from attrs import evolve, frozen

from fleetcore.application.generation.generator import (
    generate,
    generated_trips,
    generated_vehicles,
)
from fleetcore.application.generation.metadata import vehicles_csv
from fleetcore.application.generation.spec import FleetSpec
from fleetcore.application.generation.true_trips import trips_csv
from fleetcore.application.generation.truth import Truth
from fleetcore.errors import InvalidConfiguration
from fleetcore_entrypoints.cli.output import print_json, shown
from fleetcore_entrypoints.cli.progress import Bar

_GZIP_FAULTS: Final = frozenset({"gzip", "truncated-gzip"})
_UNFINISHED: Final = "~"


@frozen(kw_only=True, slots=True)
class GeneratedFiles:
    """Where a generated fleet lies, and what an ingestion of it must count."""

    file: Path
    vehicles: Path
    trips: Path | None
    truth_file: Path
    truth: Truth


def write_fleet(spec: FleetSpec, out: Path, *, with_trips: bool = False) -> GeneratedFiles:
    """Generate `out`, and beside it what goes with it: `fleet.vehicles.csv` of `fleet.csv`.

    The true trips are among it where they are asked for.

    The suffix `.gz` or `.zst` compresses it. It gets its name when it is whole, the truth last.
    Raises `InvalidConfiguration` where `out` cannot be such a file.
    """
    if out.exists() and not out.is_file():
        raise InvalidConfiguration(f"{out} is there and no file; say another name")
    stem = out.name.removesuffix(".csv")
    vehicles = out.with_name(f"{stem}.vehicles.csv")
    trips = out.with_name(f"{stem}.trips.csv") if with_trips else None
    truth_file = out.with_name(f"{stem}.truth.json")
    unfinished = out.with_name(out.name + _UNFINISHED)
    if out.suffix == ".gz" and not spec.faults & _GZIP_FAULTS:
        spec = evolve(spec, faults=spec.faults | {"gzip"})
    try:
        with Bar() as bar, unfinished.open("wb") as file, _sink(file, spec, out) as sink:

            def progress(rows: int) -> None:
                bar.move(out.name, rows / spec.rows, rows=rows, size_bytes=file.tell())

            truth = generate(spec, sink, progress)
        truth_file.unlink(missing_ok=True)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    vehicles.write_text(vehicles_csv(generated_vehicles(spec)), encoding="utf-8")
    if trips is not None:
        trips.write_text(trips_csv(generated_trips(spec, truth)), encoding="utf-8")
    truth_file.write_text(truth.as_json(), encoding="utf-8")
    return GeneratedFiles(
        file=out, vehicles=vehicles, trips=trips, truth_file=truth_file, truth=truth
    )


def _sink(file: BinaryIO, spec: FleetSpec, out: Path) -> AbstractContextManager[BinaryIO]:
    """The file itself, or one that compresses into it."""
    if out.suffix != ".zst":
        return nullcontext(file)
    if spec.faults & _GZIP_FAULTS:
        raise InvalidConfiguration(f"{out}: .zst and gzip contradict each other; choose one")
    from fleetcore_adapters.local.zstd_sink import zstd_sink

    return zstd_sink(file)


def print_generated(files: GeneratedFiles, *, as_json: bool) -> None:
    """Say what was written."""
    if as_json:
        print_json(
            {
                "path": str(files.file),
                "vehicles": str(files.vehicles),
                **({} if files.trips is None else {"trips": str(files.trips)}),
                "truth": str(files.truth_file),
                "bytes": files.file.stat().st_size,
                "expected": {**files.truth.expected(), "error": files.truth.error},
            }
        )
        return
    print(f"{shown(str(files.file))}: {files.truth.counts.read:,} rows")
    print(f"{shown(str(files.vehicles))}: metadata of the vehicles, for --vehicles")
    if files.trips is not None:
        print(f"{shown(str(files.trips))}: the true trips, for fleetcore trips --score")
    print(f"{shown(str(files.truth_file))}: the counts that an ingestion of it must end with")
