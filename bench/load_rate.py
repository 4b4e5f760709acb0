"""One rate of the load test: published for a while, taken in everywhere, compared."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from attrs import frozen

from bench.load_regions import HOME, POLL_S, TOPIC, Cluster
from bench.load_watch import Told, Watch
from bench.processes import ROOT, ProcessFailed
from bench.proximity import percentile
from fleetcore.application.snapshots import taken_at_ms
from fleetcore_entrypoints.wiring.live import LiveApp

PROBES: Final = tuple(f"probe-{number:02}" for number in range(10))
DURABLE_MS: Final = 50.0
VISIBLE_MS: Final = 1_000.0
FULL_RATE: Final = 0.99
"""So much of the rate that was asked for has to be published."""

DRAINED_S: Final = 2.0
"""A rate is held if, when it ends, no more waits than is taken in within so long."""

DRAIN_WITHIN_S: Final = 120.0
SETTLE_WITHIN_S: Final = 60.0
"""So long the publisher may take beyond the time it publishes for."""

Seen = Mapping[tuple[str, str], Sequence[tuple[str, int, int]]]
"""Probe, `observed_at` and when it was seen, by the region's folder and the view."""


@frozen(kw_only=True)
class Held:
    """What a rate did.

    `visible_ms` is by region and view; `unseen` are probes that a view never showed. `behind` are
    the appends that the slowest view of each region had before it when the traffic ended;
    `drain_s` is how long that took (None: too long); `lacking` are the events that a region's log
    lacks then. `snapshots_s` are the durations of those taken meanwhile.
    """

    rate: float
    published: Told
    watch: Watch
    visible_ms: Mapping[tuple[str, str], Sequence[int]]
    unseen: int
    behind: Mapping[str, int]
    drain_s: float | None
    lacking: Mapping[str, int]
    are_equal: bool
    registers: int
    snapshots_s: Sequence[float]

    @property
    def durable_ms(self) -> float:
        """From receipt to durable, the mean over messages."""
        told = [(each["rate_per_s"], each["durable_after_ms"]["mean"]) for each in self._heard()]
        return float(sum(rate * ms for rate, ms in told) / max(sum(rate for rate, _ in told), 1))

    @property
    def durable_most_ms(self) -> float:
        """The slowest message from receipt to durable."""
        return max((float(each["durable_after_ms"]["max"]) for each in self._heard()), default=0)

    @property
    def ticks(self) -> Sequence[Told]:
        """What the looks for drift said."""
        return [each for each in self.watch.all(f"{HOME}: drift") if "tick_ms" in each]

    def p99_ms(self, view: str) -> float:
        """The slowest region's 99th per cent of probes in a view."""
        shown = [ms for (_, each), ms in self.visible_ms.items() if each == view and ms]
        return max((percentile(ms, 99) for ms in shown), default=float("inf"))

    @property
    def is_complete(self) -> bool:
        """Whether every region has everything."""
        return self.drain_s is not None and not any(self.lacking.values()) and self.are_equal

    @property
    def is_in_time(self) -> bool:
        """Whether the rate was published, and taken in everywhere without falling behind."""
        return (
            self.is_complete
            and not self.unseen
            and self.published["rate_per_s"] >= FULL_RATE * self.rate
            and self.durable_ms < DURABLE_MS
            and self.p99_ms("registers") < VISIBLE_MS
            and (self.drain_s or 0) < DRAINED_S
        )

    def _heard(self) -> Sequence[Told]:
        return [each for each in self.watch.all(f"{HOME}: listen") if each["rate_per_s"]]


def held(cluster: Cluster, *, rate: float, seconds: float, drivers: int) -> Held:
    """Publish at a rate for so long, wait until all regions have everything, and compare them.

    Raises `ProcessFailed` where publisher or sampler end otherwise than they should.
    """
    before = cluster.rows()[HOME]
    began_ms = time.time_ns() // 1_000_000
    with tempfile.TemporaryFile("w+") as seen:
        with _sampling(cluster, seen) as sampler:
            watch = Watch()
            watch.look("sampler", sampler)
            published = _published(
                cluster, watch, sampler=sampler, rate=rate, seconds=seconds, drivers=drivers
            )
            ended_s = time.monotonic()
            behind = cluster.are_behind()
            drain_s = _drained(cluster, before + published["acknowledged"], ended_s)
        visible, unseen = _visible(published["probes"], _read(seen, cluster))
    digests = [app.registers.digest() for app in cluster.apps.values()]
    return Held(
        rate=rate,
        published={key: value for key, value in published.items() if key != "probes"},
        watch=watch,
        visible_ms=visible,
        unseen=unseen,
        behind=behind,
        drain_s=drain_s,
        lacking={
            name: before + published["acknowledged"] - rows for name, rows in cluster.rows().items()
        },
        are_equal=all(each == digests[0] for each in digests),
        registers=digests[0].registers,
        snapshots_s=[took for app in cluster.apps.values() for took in _snapshots(app, began_ms)],
    )


def warm_up(cluster: Cluster, *, rate: float, drivers: int) -> None:
    """Let every driver report once, at a rate, and wait until all regions know them.

    Raises `ProcessFailed` where they never do.
    """
    before = cluster.rows()[HOME]
    published = _published(
        cluster, Watch(), sampler=None, rate=rate, seconds=drivers / rate, drivers=drivers
    )
    if _drained(cluster, before + published["acknowledged"], time.monotonic()) is None:
        raise ProcessFailed(f"the regions did not catch up within {DRAIN_WITHIN_S:g} s")


@contextmanager
def _sampling(cluster: Cluster, output: IO[str]) -> Iterator[int]:
    """A process that looks for the probes in every region meanwhile: its pid."""
    folders = [str(app.local.folder) for app in cluster.apps.values()]
    command = [sys.executable, "-m", "bench.load_sampler", ",".join(PROBES), *folders]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=output) as sampler:
        try:
            yield sampler.pid
        except BaseException:
            sampler.kill()
            raise
    if sampler.returncode:
        raise ProcessFailed(f"the sampler ended with exit status {sampler.returncode}")


def _read(output: IO[str], cluster: Cluster) -> Seen:
    names = {str(app.local.folder): name for name, app in cluster.apps.items()}
    output.seek(0)
    return {
        (names[folder], view): seen
        for folder, view, seen in map(json.loads, output.read().splitlines())
    }


def _published(
    cluster: Cluster,
    watch: Watch,
    *,
    sampler: int | None,
    rate: float,
    seconds: float,
    drivers: int,
) -> Told:
    """Publish, with an eye on all processes; what the publisher says."""
    command = [sys.executable, "-m", "bench.mqtt_load", str(cluster.broker)]
    command += ["--rate", str(rate), "--seconds", str(seconds), "--vehicles", str(drivers)]
    command += ["--probes", str(len(PROBES)), "--topic", TOPIC]
    give_up = time.monotonic() + seconds + SETTLE_WITHIN_S
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(command, cwd=ROOT, stdout=output) as publisher,
    ):
        try:
            while publisher.poll() is None and time.monotonic() < give_up:
                cluster.hear(watch)
                watch.look("publisher", publisher.pid)
                watch.look("sampler", sampler)
                time.sleep(POLL_S)
        finally:
            publisher.kill()
        publisher.wait()
        output.seek(0)
        told = output.read()
    if publisher.returncode or not told:
        raise ProcessFailed(f"the publisher did not end well (exit {publisher.returncode})")
    said: Told = json.loads(told)
    return said


def _drained(cluster: Cluster, rows: int, since_s: float) -> float | None:
    """How long it takes until each region has so many events in its log, and in its views."""
    while time.monotonic() - since_s < DRAIN_WITHIN_S:
        behind = cluster.are_behind()
        if not any(behind.values()) and all(held >= rows for held in cluster.rows().values()):
            return time.monotonic() - since_s
        cluster.supervisor.tend()
        time.sleep(POLL_S / 5)
    return None


def _visible(
    probes: Sequence[tuple[str, int]], seen: Seen
) -> tuple[dict[tuple[str, str], list[int]], int]:
    """How long after each probe a view showed it or a later one; how many never were shown."""
    visible: dict[tuple[str, str], list[int]] = {}
    unseen = 0
    for where, sights in seen.items():
        taken: list[int] = visible.setdefault(where, [])
        waiting: dict[str, list[int]] = {}
        for probe, observed_at in probes:
            waiting.setdefault(probe, []).append(observed_at)
        for probe, newest, seen_ms in sights:
            shown = [at for at in waiting.get(probe, ()) if at <= newest]
            waiting[probe] = waiting.get(probe, [])[len(shown) :]
            taken += [seen_ms - at for at in shown]
        unseen += sum(map(len, waiting.values()))
    return visible, unseen


def _snapshots(app: LiveApp, began_ms: int) -> Iterator[float]:
    """The seconds that a region's snapshots since an instant took, from the name to the file."""
    folder: Path = app.local.folder / "snapshots"
    for name in app.snapshots.names():
        if (at_ms := taken_at_ms(name)) >= began_ms:
            yield (folder / name).stat().st_mtime - at_ms / 1000
