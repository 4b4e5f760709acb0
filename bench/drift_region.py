"""A process of the drift benchmark: registers of a fleet, served as one region or as several.

Each vehicle is told of once a round, evenly; a region hears of it `lag_ms` later. The facts are a
function of their number, so every region hears the same.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from fleetcore.application.hosting import HostedRegion
from fleetcore.domain.facts import Fact
from fleetcore.domain.fingerprint import fingerprint_of
from fleetcore_adapters.arrow.live_engine import ArrowLiveEngine
from fleetcore_adapters.links.addresses import Address
from fleetcore_adapters.links.server import RegionServer
from fleetcore_entrypoints.wiring.live import wire_live

T0: Final = 1_700_000_000_000
STEP_S: Final = 0.1
CITIES: Final = 45


def fact_number(number: int, vehicles: int) -> Fact:
    """What is told as the `number`-th thing: of one vehicle after the other."""
    vehicle, told = number % vehicles, number // vehicles
    fact = Fact(
        f"BER-C{vehicle:06d}",
        T0 + 30_000 * told + vehicle % 1000,
        52.5 + (vehicle % 977) / 5_000 + told / 1_000,
        13.4 + (vehicle % 613) / 5_000,
        40.5,
        270.0,
        4.5,
        80.0,
        None,
        "moving",
        f"city-{vehicle % CITIES}",
        0,
    )
    return fact._replace(fingerprint=fingerprint_of(fact))


def main(words: list[str]) -> None:
    """Fill a folder, serve it, say where, and go on until the input ends.

    The words: folder, names (with commas), vehicles, how many of them are behind, events a
    second, lag in ms, and when the load begins (epoch seconds; 0 none).
    """
    folder, names = Path(words[0]), words[1].split(",")
    vehicles, behind, rate, lag_ms = map(int, words[2:6])
    app = wire_live(folder, names[0])
    with ExitStack() as stack:
        stack.callback(app.close)
        app.registers.merge([fact_number(number, vehicles) for number in range(vehicles)])
        step = vehicles // behind if behind else vehicles + 1
        app.registers.merge(
            [fact_number(vehicles + n, vehicles) for n in range(vehicles) if n % step]
            if behind
            else [fact_number(vehicles + n, vehicles) for n in range(vehicles)]
        )
        for name in names:
            region = HostedRegion(
                name,
                registers=app.registers,
                log=app.log,
                history=app.local.fleet.log,
                engine=ArrowLiveEngine(),
            )
            server = stack.enter_context(RegionServer(region, Address("127.0.0.1", 0)))
            print(f"{name} {server.address}", flush=True)
        print("ready", flush=True)
        began = float(sys.stdin.readline() or 0)
        told = 0
        while rate and (until := time.time() - began - lag_ms / 1000) < float(words[6]):
            due = max(0, int(until * rate))
            facts = [fact_number(2 * vehicles + n, vehicles) for n in range(told, due)]
            app.registers.merge(facts)
            told = max(told, due)
            time.sleep(max(0.0, STEP_S - (time.time() - began - lag_ms / 1000 - until)))
        sys.stdin.readline()


if __name__ == "__main__":
    main(sys.argv[1:])
