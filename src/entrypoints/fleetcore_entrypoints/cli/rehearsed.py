"""Three regions for a rehearsal: folders, processes, links on loopback, and made-up traffic."""

from __future__ import annotations

import json
import math
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from attrs import frozen

from fleetcore.domain.messages import Message
from fleetcore.domain.rules.settings import FleetSettings

if TYPE_CHECKING:
    from fleetcore.application.listening import Listening
    from fleetcore_entrypoints.wiring.live import LiveApp
    from fleetcore_entrypoints.wiring.regions import Regions

NAMES: Final = ("eu", "us", "ap")
HOME: Final = NAMES[0]

SETTLE_S: Final = 2.0
ROUND_S: Final = 0.1
"""So often some of the drivers report."""

_CITIES: Final = (("Berlin", 52.52, 13.405), ("New York", 40.71, -74.0), ("Osaka", 34.69, 135.5))
_M_A_DEGREE: Final = 111_320.0
_SPEED_KMH: Final = 60.0


@frozen(kw_only=True, slots=True)
class Rehearsed:
    """The regions while they are up: the app of each, and the home region's view of all."""

    apps: Mapping[str, LiveApp]
    regions: Regions
    traffic: Traffic


class Traffic:
    """Drivers that report to the home region, a few of them every tenth of a second."""

    def __init__(self, listening: Listening, drivers: int, seconds: float) -> None:
        """Each of so many drivers reports about every so many seconds."""
        chance = random.Random(1)  # noqa: S311 - the same story every time
        self.drivers = drivers
        self._listening = listening
        self._a_round = max(round(drivers * ROUND_S / seconds), 1)
        self._places = [_start(chance, number) for number in range(drivers)]
        self._courses = [chance.uniform(0, 2 * math.pi) for _ in range(drivers)]
        self._seconds = seconds
        self._next = 0
        self._parked = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic")
        self.reports = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Let nobody report any more."""
        self._stopped.set()
        self._thread.join()

    def park(self, drivers: int) -> Sequence[str]:
        """So many drivers fall silent from now on: who they are."""
        self._parked = drivers
        return [_name(number) for number in range(drivers)]

    def _run(self) -> None:
        from fleetcore.application.listening import take_in

        while not self._stopped.wait(ROUND_S):
            now_ms = time.time_ns() // 1_000_000
            numbers = [(self._next + step) % len(self._places) for step in range(self._a_round)]
            self._next = (numbers[-1] + 1) % len(self._places)
            awake = [number for number in numbers if number >= self._parked]
            if awake:
                take_in(self._listening, [self._report(number, now_ms) for number in awake])
                self.reports += len(awake)

    def _report(self, number: int, now_ms: int) -> Message:
        latitude, longitude = self._places[number]
        moved_m = _SPEED_KMH / 3.6 * self._seconds
        course = self._courses[number]
        latitude += moved_m * math.cos(course) / _M_A_DEGREE
        longitude += moved_m * math.sin(course) / (_M_A_DEGREE * math.cos(math.radians(latitude)))
        self._places[number] = latitude, longitude
        told = {
            "vehicle_id": _name(number),
            "timestamp": now_ms,
            "lat": round(latitude, 6),
            "lon": round(longitude, 6),
            "speed": _SPEED_KMH,
            "city": _CITIES[number % len(_CITIES)][0],
        }
        return Message(
            topic=f"fleet/{_name(number)}/location",
            payload=json.dumps(told).encode(),
            received_at_ms=now_ms,
        )


def _name(number: int) -> str:
    return f"drv-{number:06d}"


def _start(chance: random.Random, number: int) -> tuple[float, float]:
    _, latitude, longitude = _CITIES[number % len(_CITIES)]
    return latitude + chance.uniform(-0.1, 0.1), longitude + chance.uniform(-0.1, 0.1)


@contextmanager
def rehearsed(
    folder: Path, *, drivers: int, report_s: float, say: Callable[[str], None]
) -> Iterator[Rehearsed]:
    """Bring three regions up in a folder, each followed and served by a process of its own.

    The traffic has not begun: enter it.
    """
    from fleetcore.application.listening import Listening, live_settings
    from fleetcore.ports.live_engine import LiveWork
    from fleetcore_adapters.arrow.live_engine import ArrowLiveEngine
    from fleetcore_entrypoints.cli.supervisor import Supervisor
    from fleetcore_entrypoints.options import config_at
    from fleetcore_entrypoints.wiring.live import wire_live
    from fleetcore_entrypoints.wiring.regions import Regions

    config = folder / "fleet.toml"
    config.write_text(_config(), encoding="utf-8")
    with ExitStack() as stack:
        apps = {name: wire_live(folder / name, name) for name in NAMES}
        for app in apps.values():
            stack.callback(app.close)
        commands = {
            name: [
                *("follow", "--data", str(folder / name)),
                *("--config", str(config), "--region", name, "--json"),
            ]
            for name in NAMES
        }
        stack.enter_context(Supervisor(commands, say))
        home = apps[HOME]
        listening = Listening(
            engine=ArrowLiveEngine(),
            log=home.log,
            dead_messages=home.dead_messages,
            clock=home.clock,
            work=LiveWork(
                ingestion="live-rehearsal",
                settings=live_settings(FleetSettings()),
                now_ms=home.clock.now_ms(),
            ),
        )
        yield Rehearsed(
            apps=apps,
            regions=stack.enter_context(Regions(home, config_at(config))),
            traffic=Traffic(listening, drivers, report_s),
        )


def _config() -> str:
    """A fleet.toml with an address on loopback a region, and short times."""
    lines = [f"[drift]\nsettle_s = {SETTLE_S}\n"]
    for name, port in zip(NAMES, _free_ports(len(NAMES)), strict=True):
        lines.append(f'[regions.{name}]\naddress = "127.0.0.1:{port}"\n')
    return "\n".join(lines)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
