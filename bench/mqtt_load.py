"""Vehicles that publish over MQTT at a steady rate: `python -m bench.mqtt_load --help`.

Each payload's `observed_at` is the moment it is published, in epoch ms. Vehicles drive about in
the cities of `bench.proximity`; every second one says which city it is in. Probes are vehicles
that report once a second: when each of them did is printed.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Final

from tests.standins.mqtt_publisher import Publisher

from bench.proximity import CITIES, Fleet, moved

TICKS_A_SECOND: Final = 100
DRIVEN_M: Final = 250.0
"""From one report to the next: 30 km/h, half a minute apart."""


class Load:
    """What vehicles report, one after the other, and probes beside them."""

    def __init__(self, topic: str, vehicles: int, probes: int) -> None:
        """Make the vehicles; each stands somewhere in its city."""
        chance = random.Random(1)
        fleet = Fleet(chance)
        self.told: list[tuple[str, int]] = []
        self._topic = topic
        self._probes = [f"probe-{number:02}" for number in range(probes)]
        self._at = [fleet.somewhere(number % CITIES) for number in range(max(vehicles, 1))]
        self._bearings = [chance.random() * math.tau for _ in self._at]
        self._next = 0

    def reports(self, count: int) -> Iterator[tuple[str, bytes]]:
        """What the next so many vehicles say, by topic."""
        for _ in range(count):
            number = self._next % len(self._at)
            self._next += 1
            yield self._report(f"veh-{number:06}", number, time.time_ns() // 1_000_000)

    def probed(self, tick: int) -> Iterator[tuple[str, bytes]]:
        """What the probes say that report at a tick: each once a second, evenly."""
        for number, name in enumerate(self._probes):
            if (tick - number * TICKS_A_SECOND // len(self._probes)) % TICKS_A_SECOND == 0:
                now_ms = time.time_ns() // 1_000_000
                self.told.append((name, now_ms))
                yield self._report(name, number, now_ms)

    def _report(self, name: str, number: int, now_ms: int) -> tuple[str, bytes]:
        latitude, longitude = self._at[number] = moved(
            self._at[number], DRIVEN_M, self._bearings[number]
        )
        # A turn to the right each time: it drives in circles, and stays in its city.
        self._bearings[number] += 1
        city = b',"city":"city-%02d"' % (number % CITIES) if number % 2 else b""
        return (
            f"{self._topic}/{name}",
            b'{"vehicle_id":"%s","observed_at":%d,"latitude":%.6f,"longitude":%.6f,'
            b'"speed_kmh":%d.5,"heading_deg":%d,"status":"moving"%s}'
            % (name.encode(), now_ms, latitude, longitude, number % 60, now_ms % 360, city),
        )


def main(arguments: Sequence[str]) -> int:
    """Publish, and print what was published as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int, help="of the broker on this machine")
    parser.add_argument("--rate", type=float, default=5_200, help="messages a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--vehicles", type=int, default=156_000)
    parser.add_argument("--probes", type=int, default=0, help="and so many messages a second more")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--qos", type=int, choices=(0, 1), default=1)
    parser.add_argument("--topic", default="fleet", help="what the vehicle's id comes behind")
    options = parser.parse_args(arguments)
    load = Load(options.topic, options.vehicles, options.probes)
    with ExitStack() as stack:
        publishers = [
            stack.enter_context(Publisher(options.port, f"load-{time.time_ns()}-{number}"))
            for number in range(options.connections)
        ]
        said = _published(publishers, load, options)
    print(json.dumps({**said, "probes": load.told}))
    return 0


def _published(
    publishers: Sequence[Publisher], load: Load, options: argparse.Namespace
) -> dict[str, float | int]:
    began = time.monotonic()
    sent = 0
    late_s = 0.0
    tick = 0
    while (at_s := tick / TICKS_A_SECOND) < options.seconds:
        wait_s = began + at_s - time.monotonic()
        late_s = max(late_s, -wait_s)
        if wait_s > 0:
            time.sleep(wait_s)
        tick += 1
        until = round(tick / TICKS_A_SECOND * options.rate)
        messages = [*load.reports(until - sent), *load.probed(tick)]
        publishers[tick % len(publishers)].send(messages, options.qos)
        sent = until
    took_s = time.monotonic() - began
    for publisher in publishers:
        publisher.settle()
    return {
        "sent": sent + len(load.told),
        "acknowledged": sum(each.acknowledged for each in publishers),
        "seconds": round(took_s, 2),
        "rate_per_s": round(sent / took_s, 1),
        "latest_tick_s": round(late_s, 3),
        "cpu_s": round(time.process_time(), 2),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
