"""The regions of the load test: a broker, folders, and `fleetcore run` in each of them."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from attrs import frozen
from tests.standins.mosquitto import running_mosquitto
from tests.standins.server import free_port

from bench.load_watch import Watch
from bench.processes import ProcessFailed
from bench.proximity import Fleet
from fleetcore.domain.places import Place
from fleetcore_entrypoints.cli.supervisor import Supervisor
from fleetcore_entrypoints.wiring.live import LiveApp, wire_live

HOME: Final = "home"
TOPIC: Final = "fleet"
READY_WITHIN_S: Final = 60.0
POLL_S: Final = 0.25


@frozen(kw_only=True)
class Cluster:
    """Regions that run: the app of each (home is the first), and what keeps them running."""

    apps: Mapping[str, LiveApp]
    supervisor: Supervisor
    broker: int
    broker_pid: int

    def hear(self, watch: Watch) -> None:
        """Note how every process is, and what it says."""
        watch.look("mosquitto", self.broker_pid)
        for status in self.supervisor.tend():
            watch.look(f"{status.name}: run", status.pid)
            for process, told in status.told.items():
                if isinstance(told, dict):
                    watch.hear(f"{status.name}: {process}", told)

    def are_behind(self) -> Mapping[str, int]:
        """By how many appends the slowest view of each region is behind its log."""
        return {
            name: app.log.reached()
            - min(app.registers.cursor(), app.geo.cursor(), app.graph.cursor())
            for name, app in self.apps.items()
        }

    def rows(self) -> Mapping[str, int]:
        """How many events the log of each region holds."""
        return {
            name: sum(entry.file.rows for entry in app.local.catalogue.files().entries)
            for name, app in self.apps.items()
        }


@contextmanager
def running_cluster(folder: Path, regions: int) -> Iterator[Cluster]:
    """Bring all up, with places and riders, ready to take messages in; end all with the block.

    Raises `ProcessFailed` where they do not become ready.
    """
    names = [HOME, *(f"region-{number}" for number in range(2, regions + 1))]
    config = folder / "fleet.toml"
    config.write_text(
        "".join(f'[regions.{name}]\naddress = "127.0.0.1:{free_port()}"\n' for name in names),
        encoding="utf-8",
    )
    fleet = Fleet(random.Random(1))
    places: list[Place] = [*fleet.outlines(), *fleet.riders()]
    with ExitStack() as stack:
        broker = stack.enter_context(running_mosquitto())
        apps = {name: wire_live(folder / name, name) for name in names}
        for app in apps.values():
            stack.callback(app.close)
            app.places.put(places)
        commands = {
            name: [
                *("run", *([f"mqtt://127.0.0.1:{broker.port}/{TOPIC}/#"] if name == HOME else [])),
                *("--data", str(folder / name), "--config", str(config), "--region", name),
                "--json",
            ]
            for name in names
        }
        supervisor = stack.enter_context(Supervisor(commands, _say))
        cluster = Cluster(
            apps=apps, supervisor=supervisor, broker=broker.port, broker_pid=broker.pid
        )
        _await_ready(cluster)
        yield cluster


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _await_ready(cluster: Cluster) -> None:
    """Until the listener is connected and each region follows its log."""
    watch = Watch()
    give_up = monotonic() + READY_WITHIN_S
    while monotonic() < give_up:
        cluster.hear(watch)
        heard = watch.last(f"{HOME}: listen")
        if (
            "problem" in heard
            and heard["problem"] is None
            and all("graph_behind" in watch.last(f"{name}: follow") for name in cluster.apps)
        ):
            return
        sleep(POLL_S)
    raise ProcessFailed(f"the regions were not ready within {READY_WITHIN_S:g} s")
