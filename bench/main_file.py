"""The whole job on the main file: fleetcore beside its peers, and fleetcore's other paths."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from bench.commands import PEERS, Fleetcore, comparison, floor, peer, probe
from bench.contest import Contender, Results, Spread, collected, ratio, rounds
from bench.findings import MB, Findings
from bench.processes import Finished, ProcessFailed, run
from bench.shapes import Shape

INGEST: Final = "fleetcore"
AGAIN: Final = "fleetcore --again"
BAD_CELLS: Final = "fleetcore, bad cells"
LATEST: Final = "latest view"
FLOOR: Final = "Arrow, reading and writing alone"

DISTANCE_TOLERANCE: Final = 1e-6
"""Relative; of distances below a metre, in metres."""

_COUNTS: Final = ("read", "accepted", "duplicate", "conflicting", "rejected", "malformed")
_LEDGER: Final = (*_COUNTS, "rejected_by", "warned_by")


def measure(
    fleetcore: Fleetcore, main: Shape, bad: Shape, *, folder: Path, runs: int, findings: Findings
) -> None:
    """Run all in turn; note figures and checks. Raises `ProcessFailed`."""
    contenders = [
        Contender(PEERS[0], _peer(PEERS[0], main)),
        Contender(INGEST, lambda here: fleetcore.ingest(main, here / "data")),
        *(Contender(name, _peer(name, main)) for name in PEERS[1:]),
        Contender(FLOOR, lambda here: floor(main, here / "floor.parquet")),
        Contender(BAD_CELLS, lambda here: fleetcore.ingest(bad, here / "bad")),
        Contender(LATEST, lambda here: probe("latest", here / "data")),
        Contender(AGAIN, lambda here: fleetcore.ingest(main, here / "data", again=True)),
    ]
    results = collected(list(rounds(contenders, runs, folder)))
    findings.runs["main"] = results
    _figures(results, findings)
    _check_ledgers(results, main, bad, findings)
    _compare(fleetcore, folder, findings)


def _peer(name: str, shape: Shape) -> Callable[[Path], list[str]]:
    return lambda here: peer(name, shape, here / f"{name}.parquet")


def _figures(results: Results, findings: Findings) -> None:
    findings.add("whole job / DuckDB", ratio(results, INGEST, "duckdb"), "x", 0.95, note="aim 0.75")
    for name in PEERS[1:]:
        findings.add(f"whole job / {name}", ratio(results, INGEST, name), "x")
    findings.add(f"{FLOOR} / DuckDB", ratio(results, FLOOR, "duckdb"), "x", note="a floor")
    for name in (INGEST, *PEERS):
        ran = results[name]
        cpu = Spread.of([each.cpu_seconds for each in ran]).median
        seconds = Spread.of([each.seconds for each in ran])
        findings.add(f"whole job, {name}", seconds, "s", note=f"{cpu:.2f} s of CPU")
    for name in (INGEST, *PEERS):
        target = 256 if name == INGEST else None
        findings.add(f"peak RSS, {name}", peak_mb(results[name]), "MB", target, note="highest run")
    findings.add("2 % bad cells / clean", ratio(results, BAD_CELLS, INGEST), "x", 1.5)
    findings.add("--again / first time", ratio(results, AGAIN, INGEST), "x", 1.5)
    views = [json_in(each) for each in results[LATEST]]
    caught_up = Spread.of([each["seconds"] for each in views])
    note = f"{views[0]['vehicles']:,} vehicles, in process"
    findings.add("latest view catching up", caught_up, "s", 1.0, note)


def peak_mb(ran: list[Finished]) -> float:
    """The highest peak of some runs in MB, 10^6 bytes."""
    return max(each.peak_rss_bytes for each in ran) / MB


def json_in(finished: Finished) -> Any:
    """What the last line of a process's output says. Raises `ProcessFailed`."""
    last = finished.output.rpartition("\n")[2]
    try:
        return json.loads(last)
    except ValueError as error:
        raise ProcessFailed(f"its output is not JSON: {last!r}") from error


def check_ledger(
    finished: Finished, shape: Shape, name: str, findings: Findings, *, held: bool = False
) -> None:
    """Check that an ingestion counted what was generated, and where its rows went."""
    said: Mapping[str, Any] = json_in(finished)
    counts = ", ".join(f"{key} {said[key]:,}" for key in _COUNTS)
    kept = said["already_stored" if held else "stored"] + said["conflicting_at_store"]
    equal = all(said[key] == shape.truth[key] for key in _LEDGER)
    stored = said["status"] == "completed" and kept == said["accepted"] + said["conflicting"]
    where = "already stored" if held else "stored"
    findings.check(
        f"{name}: ledger equals the truth, all {where}", passed=equal and stored, detail=counts
    )


def _check_ledgers(results: Results, main: Shape, bad: Shape, findings: Findings) -> None:
    check_ledger(results[INGEST][-1], main, "main file", findings)
    check_ledger(results[BAD_CELLS][-1], bad, "bad cells", findings)
    check_ledger(results[AGAIN][-1], main, "--again", findings, held=True)


def _compare(fleetcore: Fleetcore, folder: Path, findings: Findings) -> None:
    """Compare what the last round stored and wrote, row for row."""
    listing = folder / "files.jsonl"
    listing.write_text(run(fleetcore.files(folder / "data")).output)
    found = json_in(run(comparison(listing, *(folder / f"{name}.parquet" for name in PEERS))))
    rows = found["rows"]
    findings.facts["comparison"] = found
    findings.check(
        "rows equal",
        passed=found["only_ours"] == found["only_theirs"] == 0 and found["pairs"] == rows,
        detail=(
            f"{rows:,} rows; only fleetcore has {found['only_ours']:,}, "
            f"only DuckDB {found['only_theirs']:,} (EXCEPT ALL both ways)"
        ),
    )
    findings.check(
        "distances equal",
        passed=found["worst_distance_error"] <= DISTANCE_TOLERANCE,
        detail=f"worst relative error {found['worst_distance_error']:.1e}",
    )
    findings.check(
        "row counts equal",
        passed=set(found["peer_rows"].values()) == {rows},
        detail=", ".join(f"{name} {count:,}" for name, count in found["peer_rows"].items()),
    )
