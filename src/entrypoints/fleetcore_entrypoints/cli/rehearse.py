"""`fleetcore rehearse`: what happens when regions disagree, before your eyes in under a minute."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

import click

from fleetcore.application.tracks import END_MS
from fleetcore.domain.facts import fact_of
from fleetcore.errors import RegionUnreachable
from fleetcore_entrypoints.cli.options import examples, json_option

if TYPE_CHECKING:
    from fleetcore.application.conducting import Ticked
    from fleetcore_entrypoints.cli.rehearsed import Rehearsed
    from fleetcore_entrypoints.wiring.live import LiveApp

CUT: Final = "ap"
SET_BACK: Final = 150
REPORT_S: Final = 1.0
REPORTS_A_DRIVER: Final = 5
"""So many come first, so that everybody has moved."""

CUT_FOR_S: Final = 5.0
PATIENCE_S: Final = 20.0
_SAID_SHOWN: Final = 20


class Tell(Protocol):
    """Says what happens, with the numbers of it for machines."""

    def __call__(self, what: str, /, **numbers: object) -> None: ...


@click.command(epilog=examples("fleetcore rehearse", "fleetcore rehearse --drivers 5000 --json"))
@click.option(
    "--drivers",
    type=click.IntRange(500, 50_000),
    default=2000,
    metavar="N",
    help="How many report, each every second.",
)
@json_option
def rehearse(*, drivers: int, as_json: bool) -> None:
    """Three regions come up, traffic flows, one is cut off, healed, found to have drifted, mended.

    All of it is real: three data folders, three processes, links on loopback. Nothing is left
    behind. Exit status 1 if the regions do not agree in the end.
    """
    import tempfile
    from pathlib import Path

    from fleetcore_entrypoints.cli.output import note, print_json
    from fleetcore_entrypoints.cli.rehearsed import rehearsed

    began_s = time.monotonic()

    def tell(what: str, /, **numbers: object) -> None:
        seconds = round(time.monotonic() - began_s, 1)
        if as_json:
            print_json({"seconds": seconds, "what": what, **numbers})
        else:
            print(f"{seconds:5.1f} s  {what}", flush=True)

    with tempfile.TemporaryDirectory(prefix="fleetcore-rehearsal-") as name:
        tell("three regions start: eu, us, ap, each with a folder and a process of its own")
        said: list[str] = []
        # Asked to end, it ends its processes and takes its folder away, as Ctrl-C makes it.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with rehearsed(Path(name), drivers=drivers, report_s=REPORT_S, say=said.append) as stage:
            agree = Story(stage, tell).told()
    if not agree:
        for each in said[-_SAID_SHOWN:]:
            note(each)
        raise click.exceptions.Exit(1)


class Story:
    """The rehearsal, act by act."""

    def __init__(self, stage: Rehearsed, tell: Tell) -> None:
        from fleetcore.application.conducting import Watch
        from fleetcore_adapters.memory.telemeter import MemoryTelemeter

        self._stage = stage
        self._tell = tell
        self._conductor = stage.regions.conductor(MemoryTelemeter())
        self._watch = Watch()

    def told(self) -> bool:
        """Play all of it; whether the regions agree in the end."""
        with self._stage.traffic:
            self._agreement()
            self._cut()
            self._healed_and_set_back()
            verified = self._mended()
        return self._quiet() and verified

    def _agreement(self) -> None:
        traffic = self._stage.traffic
        self._wait_until(
            lambda: (
                traffic.reports >= REPORTS_A_DRIVER * traffic.drivers
                and min(map(self._registers, self._stage.apps)) >= traffic.drivers
            )
        )
        looked = self._looked()
        judged = self._judged(looked)
        count, some = traffic.reports, looked.bytes_exchanged
        on_their_way = len(looked.first.vehicles) if looked.first else 0
        self._tell(
            f"{count:,} reports so far; {', '.join(self._stage.apps)} hold {traffic.drivers:,} "
            f"registers each; {on_their_way:,} were on their way and arrived: the regions agree "
            f"({some:,} bytes to compare them)",
            reports=count,
            in_flight=on_their_way,
            bytes=some,
            outcome=judged.outcomes[0],
        )

    def _cut(self) -> None:
        before = self._stage.traffic.reports
        self._parked = self._stage.traffic.park(SET_BACK)
        time.sleep(REPORT_S)
        home = self._stage.apps[self._stage.regions.own.name]
        self._wait_until(self._parked_arrived(home, home.log.reached()))
        self._stage.apps[CUT].links.cut(cut=True)
        self._tell(f"{CUT} is cut off; traffic goes on")
        time.sleep(CUT_FOR_S)
        looked = self._looked()
        more = self._stage.traffic.reports - before
        self._tell(
            f"{more:,} reports later {CUT} does not answer: it is reported, not compared; "
            f"{' and '.join(looked.first.compared if looked.first else ())} are",
            unreachable=sorted(looked.unreachable),
        )
        self._judged(looked)

    def _healed_and_set_back(self) -> None:
        app = self._stage.apps[CUT]
        held = {fact.vehicle_id: fact for fact in app.registers.read(self._parked)}
        for vehicle_id, fact in held.items():
            first, *_ = app.local.fleet.log.read_vehicle(vehicle_id, 0, END_MS)
            app.registers.replace(fact, fact_of(first.event))
        app.links.cut(cut=False)
        self._tell(
            f"{CUT} is healed; behind its back {len(held):,} of its registers are set back to what "
            "they were at first, as a lost write would leave them",
            set_back=len(held),
        )

    def _mended(self) -> bool:
        self._wait_until(self._answers)
        looked = self._looked()
        suspected = len(looked.first.vehicles) if looked.first else 0
        self._tell(
            f"first look: somebody is behind on {suspected:,} vehicles; drifting or on their way, "
            "nobody can tell yet",
            suspected=suspected,
        )
        judged = self._judged(looked)
        drifted = judged.second.drifted if judged.second else ()
        ended = judged.ended
        if ended is None or ended.confirmed is None:
            return False
        confirmed = ended.confirmed
        example = max(drifted, key=lambda each: each.metres or 0.0)
        behind = ", ".join(f"{name} on {n:,}" for name, n in confirmed.drifting.items())
        self._tell(
            f"second look: still behind are {behind} vehicles; mean "
            f"{confirmed.mean_m:,.0f} m, at most {confirmed.max_m:,.0f} m "
            f"({example.vehicle_id}); the others were on their way",
            drifting=dict(confirmed.drifting),
            mean_m=confirmed.mean_m,
            max_m=confirmed.max_m,
        )
        mended = ended.repaired.mended if ended.repaired else 0
        took_ms = ended.repair_ms
        self._tell(
            f"repaired {mended:,} registers through the ordinary merge; {judged.outcomes[0]} "
            + ("" if took_ms is None else f"{took_ms / 1000:.1f} s after it was confirmed"),
            mended=mended,
            outcome=judged.outcomes[0],
            repair_ms=took_ms,
        )
        # Where the machine is slow others may still have been on their way: they were mended too.
        found = {each.vehicle_id for each in drifted}
        return judged.outcomes[0] == "verified" and found.issuperset(self._parked)

    def _quiet(self) -> bool:
        def agree() -> bool:
            digests = [region.digest() for region in self._stage.regions.all()]
            return all(each == digests[0] for each in digests)

        reports = self._stage.traffic.reports
        done = self._wait_until(agree)
        self._tell(
            f"traffic is over after {reports:,} reports: the digests of all regions are "
            + ("equal" if done else "NOT equal"),
            reports=reports,
            equal=done,
        )
        return done

    def _looked(self) -> Ticked:
        """A first look; what an earlier one noted is judged with it, and it has to settle."""
        if self._watch.noted is not None:
            time.sleep(self._stage.regions.settings.settle_s)
        return self._tick()

    def _tick(self) -> Ticked:
        from fleetcore.application.conducting import tick

        done = tick(self._conductor, self._watch)
        self._watch = done.watch
        return done

    def _judged(self, looked: Ticked) -> Ticked:
        """The second look, where the first one asks for it."""
        if looked.watch.noted is None:
            return looked
        time.sleep(self._stage.regions.settings.settle_s)
        return self._tick()

    def _parked_arrived(self, home: LiveApp, reached: int) -> Callable[[], bool]:
        """Whether what the parked drivers reported, up to here in the log, is in every region."""

        def have_arrived() -> bool:
            if home.registers.cursor() < reached:
                return False
            held = [app.registers.read(self._parked) for app in self._stage.apps.values()]
            return all(each == held[0] for each in held)

        return have_arrived

    def _registers(self, name: str) -> int:
        return self._stage.apps[name].registers.digest().registers

    def _answers(self) -> bool:
        try:
            return all(region.digest().registers for region in self._stage.regions.all())
        except RegionUnreachable:
            return False

    def _wait_until(self, is_so: Callable[[], bool]) -> bool:
        until_s = time.monotonic() + PATIENCE_S
        while not is_so():
            if time.monotonic() > until_s:
                return False
            time.sleep(0.1)
        return True
