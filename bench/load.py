"""`python -m bench.load`: regions under load through a real broker, with everything running.

publisher --> mosquitto --> home: listen, follow, drift watch, snapshot watch
                            others: follow (copies from home), drift watch, snapshot watch

Every `observed_at` is when it was published. Probes report once a second, and a sampler looks at
each region's registers and geo index all the time: when do they show them? Places are known and
riders wait, so that geo index and graph have to work. Everything shares one machine. Before it is
measured every driver reports once, at the same rate.
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median
from typing import Final

from tests.standins.missing import Missing
from tests.standins.server import NotStarted

from bench import machine, report
from bench.findings import MB, Findings
from bench.load_rate import DRAINED_S, DURABLE_MS, FULL_RATE, VISIBLE_MS, Held, held, warm_up
from bench.load_regions import Cluster, running_cluster
from bench.processes import ROOT, ProcessFailed
from bench.proximity import percentile

RESULTS: Final = ROOT / "bench" / "results"
TICK_MS: Final = 1_000.0
STEP: Final = 1.25
"""How much higher each rate of the search is than the one before."""

MOST_STEPS: Final = 8
CLOSE: Final = 1.1
"""The search ends where the highest rate held and the lowest one that was not are so close."""


def main(arguments: Sequence[str]) -> int:
    """Run the load test; 1 if something could not be measured or a check failed.

    A missed target is no failure: it is a result.
    """
    options = _options(arguments)
    # Ended from outside, it still ends its processes and removes its folders.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    findings = Findings()
    here = machine.described(peers=False)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="fleetcore-load-", dir=options.scratch) as name,
            running_cluster(Path(name), options.regions) as cluster,
        ):
            warm_up(cluster, rate=options.rate, drivers=options.drivers)
            done = held(
                cluster, rate=options.rate, seconds=options.seconds, drivers=options.drivers
            )
            note(done, findings, options.drivers)
            if options.find_highest:
                note_highest(list(searched(cluster, done, options)), findings)
    except KeyboardInterrupt:
        print("interrupted; everything it began is ended", file=sys.stderr)
        return 130
    except (ProcessFailed, NotStarted, Missing) as failed:
        findings.problems.append(str(failed))
    command = shlex.join(["python", "-m", "bench.load", *arguments])
    path = report.save(findings, here, RESULTS, datetime.now(UTC), command)
    if options.as_json:
        print(json.dumps(json.loads(path.read_text())))
    else:
        report.show(findings, here)
    print(f"written: {path.relative_to(ROOT)}, and a .md beside it", file=sys.stderr)
    return 0 if findings.sound else 1


def note(done: Held, findings: Findings, drivers: int) -> None:
    """Put what a rate did beside the targets."""
    slowest = f"slowest {done.durable_most_ms:,.0f} ms"
    findings.add("receipt to durable, mean", done.durable_ms, "ms", DURABLE_MS, slowest)
    for (region, view), ms in done.visible_ms.items():
        target = VISIBLE_MS if view == "registers" else None
        what = f"visible in {region}, {view}"
        if not ms:
            findings.problems.append(f"{what}: no probe was seen")
            continue
        spread = f"p50 {percentile(ms, 50):,} ms, slowest {max(ms):,} ms, {len(ms):,} probes"
        findings.add(f"{what}: p99", percentile(ms, 99), "ms", target, spread)
    if ticks := done.ticks:
        took = [each["tick_ms"] for each in ticks]
        outcomes = Counter(each["outcome"] for each in ticks)
        counted = ", ".join(f"{outcome} {count:,}" for outcome, count in outcomes.items())
        findings.add("drift tick, median", median(took), "ms", None, counted)
        late = f"{sum(each > TICK_MS for each in took):,} of {len(took):,} slower than allowed"
        findings.add("drift tick, slowest", max(took), "ms", TICK_MS, late)
        kilobytes = [each["bytes"] / 1e3 for each in ticks]
        most = f"most {max(kilobytes):,.1f} kB"
        findings.add("drift tick, exchanged, mean", mean(kilobytes), "kB", None, most)
        drifting = sum(each["drifting"] for each in ticks)
        findings.check(
            "no drift was confirmed", passed=not drifting, detail=f"{drifting:,} registers"
        )
    if done.snapshots_s:
        slowest = f"slowest {max(done.snapshots_s):.2f} s, {len(done.snapshots_s)} in all regions"
        findings.add("snapshot, mean", mean(done.snapshots_s), "s", None, slowest)
    if done.drain_s is not None:
        left = ", ".join(f"{name} {count:,}" for name, count in done.behind.items())
        findings.add(
            "backlog at the end, taken in after", done.drain_s, "s", DRAINED_S, f"appends: {left}"
        )
    cores = 0.0
    for name, share, peak_bytes in done.watch.shares():
        cores += share
        findings.add(f"CPU, {name}", 100 * share, "%", None, f"peak RSS {peak_bytes / MB:,.0f} MB")
    findings.add("CPU, all of these", 100 * cores, "%", None, "of one core")
    _check(done, findings, drivers)


def _check(done: Held, findings: Findings, drivers: int) -> None:
    published = done.published
    findings.check(
        "the rate was published",
        passed=published["rate_per_s"] >= FULL_RATE * done.rate,
        detail=f"{published['rate_per_s']:,}/s of {done.rate:,.0f}/s, {published['sent']:,} in "
        f"{published['seconds']:,} s from {drivers:,} ids",
    )
    findings.check(
        "all that the broker acknowledged is in every region's log",
        passed=not any(done.lacking.values()),
        detail=f"{published['acknowledged']:,} acknowledged; lacking "
        + ", ".join(f"{name} {count:,}" for name, count in done.lacking.items()),
    )
    findings.check(
        "digests are equal in all regions",
        passed=done.are_equal and done.drain_s is not None,
        detail=f"{done.registers:,} registers",
    )
    findings.check(
        "every probe was seen in every view", passed=not done.unseen, detail=f"{done.unseen:,} not"
    )
    restarts = {name: count for name, count in done.watch.restarts.items() if count}
    findings.check(
        "no process was begun again", passed=not restarts, detail=str(restarts or "none was")
    )


def searched(cluster: Cluster, first: Held, options: argparse.Namespace) -> Iterator[Held]:
    """Rates that go up until one is not held, and then between."""
    yield first
    highest = first.rate if first.is_in_time else 0.0
    lowest_missed = float("inf") if first.is_in_time else first.rate
    for _ in range(MOST_STEPS):
        if lowest_missed <= CLOSE * highest:
            return
        rate = highest * STEP if lowest_missed == float("inf") else (highest + lowest_missed) / 2
        done = held(cluster, rate=rate, seconds=options.held_for, drivers=options.drivers)
        yield done
        if done.is_in_time:
            highest = rate
        else:
            lowest_missed = rate


def note_highest(tried: Sequence[Held], findings: Findings) -> None:
    """Put the highest rate that was held into the findings, and all that were tried."""
    for each in tried:
        findings.add(
            f"at {each.rate:,.0f}/s: visible, p99 of the slowest region",
            each.p99_ms("registers"),
            "ms",
            None,
            f"{'held' if each.is_in_time else 'not held'}; durable after {each.durable_ms:.0f} ms",
        )
    rates = [each.rate for each in tried if each.is_in_time]
    findings.add("highest rate held", max(rates, default=0.0), "/s")


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="(600 is the whole test)")
    parser.add_argument("--rate", type=float, default=5_200.0, help="messages a second")
    parser.add_argument("--drivers", type=int, default=156_000)
    parser.add_argument("--regions", type=int, default=3)
    parser.add_argument(
        "--find-highest", action="store_true", help="then go up to the highest rate held"
    )
    parser.add_argument(
        "--held-for", type=float, default=60.0, metavar="SECONDS", help="each rate of that search"
    )
    parser.add_argument("--scratch", type=Path, help="where folders are made (default: temporary)")
    parser.add_argument("--json", dest="as_json", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
