"""`make bench`: measure, compare, report."""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from bench import machine, main_file, report, sections, shapes, starting, tenfold
from bench.aws import overhead
from bench.commands import Fleetcore
from bench.findings import Findings
from bench.processes import ROOT, ProcessFailed

DATA = ROOT / "bench" / "data"
RESULTS = ROOT / "bench" / "results"
SCRATCH = DATA / "scratch"


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; 1 if something could not be measured or a check failed.

    A missed target is no failure: it is a result.
    """
    options = _options(arguments)
    fleetcore = Fleetcore(start=tuple(shlex.split(options.fleetcore)))
    findings = Findings()

    def main_part() -> None:
        main_file.measure(
            fleetcore,
            shapes.made(DATA, shapes.MAIN),
            shapes.made(DATA, shapes.BAD_CELLS),
            folder=SCRATCH / "main",
            runs=options.runs,
            findings=findings,
        )

    def tenfold_part() -> None:
        shape = shapes.made(DATA, shapes.TENFOLD)
        tenfold.measure(fleetcore, shape, SCRATCH / "tenfold", findings)

    parts: dict[str, Callable[[], None]] = {
        "main file": main_part,
        "starting": lambda: starting.measure(fleetcore, SCRATCH / "starting", findings),
        "overhead on AWS": lambda: overhead.measure(findings),
        "live path": lambda: sections.measure_live(SCRATCH / "live-path", findings),
        "proximity": sections.measure_proximity,
        "drift": sections.measure_drift,
        "ten times the file": tenfold_part,
        "demo": lambda: starting.measure_demo(findings),
    }
    if options.quick:
        del parts["ten times the file"], parts["demo"]
    if options.only:
        parts = {name: parts[name] for name in parts if name in options.only}
    try:
        here = machine.described()
        for name, measure in parts.items():
            _measured(name, measure, findings)
    except ProcessFailed as failed:
        print(f"{failed}\nIs .venv-bench complete? `make bench` sets it up.", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)
    report.show(findings, here)
    command = shlex.join(["python", "-m", "bench", *arguments])
    path = report.save(findings, here, RESULTS, datetime.now(UTC), command)
    print(f"written: {path.relative_to(ROOT)}, and a .md beside it")
    return 0 if findings.sound else 1


def _measured(name: str, measure: Callable[[], None], findings: Findings) -> None:
    print(f"measuring: {name} ...", flush=True)
    start = perf_counter()
    try:
        measure()
    except ProcessFailed as failed:
        findings.problems.append(f"{name}: {failed}")
    print(f"measured: {name}, {perf_counter() - start:.0f} s", flush=True)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Compare fleetcore with DuckDB, Polars and pandas."
    )
    parser.add_argument(
        "--runs", type=_at_least_one, default=5, help="counted runs of the main file (default 5)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="leave out ten times the file, and the demo"
    )
    parser.add_argument(
        "--only", metavar="PART", action="append", help="measure this part, such as 'live path'"
    )
    parser.add_argument(
        "--fleetcore",
        metavar="COMMAND",
        default=str(Path(sys.executable).with_name("fleetcore")),
        help="how to start fleetcore (default: the one installed beside this Python)",
    )
    return parser.parse_args(arguments)


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("use 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
