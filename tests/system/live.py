"""What tests of live locations share: a listener as a process, and vehicles that never stop."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Self

from tests.standins.mqtt_publisher import Publisher
from tests.standins.server import LOOPBACK

from fleetcore.domain.location import LocationEvent
from fleetcore_entrypoints.wiring.live import LiveApp, wire_live

COMMAND: Final = (
    sys.executable,
    "-c",
    "from fleetcore_entrypoints.cli.main import run; run()",
)
"""The process `fleetcore`, as it is installed."""

BASE_MS: Final = 1_700_000_000_000
VEHICLES: Final = 50
PATIENCE_S: Final = 60.0
POLL_S: Final = 0.02
KEPT: Final = 500
"""How many acknowledged messages a vehicle still has when its broker dies."""


class Listening:
    """A process `fleetcore listen`, and all it says."""

    def __init__(self, data: Path, url: str, *words: str | Path) -> None:
        self.objects: list[dict[str, Any]] = []
        self.process = subprocess.Popen(
            [*COMMAND, "listen", url, "--data", str(data), "--json", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._err: list[str] = []
        self._readers = [
            threading.Thread(target=self._read_out),
            threading.Thread(target=self._read_err),
        ]
        for reader in self._readers:
            reader.start()

    def _read_out(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.objects.append(json.loads(line))

    def _read_err(self) -> None:
        assert self.process.stderr is not None
        self._err.extend(self.process.stderr)

    @property
    def err(self) -> str:
        """What it said on stderr."""
        return "".join(self._err)

    @property
    def last(self) -> dict[str, Any]:
        """The last object it printed; empty before the first."""
        return self.objects[-1] if self.objects else {}

    def until(self, is_so: Callable[[dict[str, Any]], bool]) -> Self:
        """Wait until its last object is so."""
        give_up = time.monotonic() + PATIENCE_S
        while not (self.objects and is_so(self.last)):
            assert self.process.poll() is None, self.err
            assert time.monotonic() < give_up, (self.last, self.err)
            time.sleep(POLL_S)
        return self

    def until_listening(self) -> Self:
        """Wait until it is subscribed."""
        return self.until(lambda said: "problem" in said and said["problem"] is None)

    def close(self) -> None:
        """End it if it still runs."""
        if self.process.poll() is None:
            self.kill()

    def kill(self) -> None:
        """As a power cut ends it."""
        self.process.kill()
        self._ended()

    def stop(self) -> int:
        """Ask it to end, and wait; its exit status."""
        self.process.terminate()
        return self.ended()

    def ended(self) -> int:
        """Wait until it ends by itself; its exit status."""
        self._ended()
        return self.process.returncode

    def _ended(self) -> None:
        self.process.wait(PATIENCE_S)
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@contextmanager
def listening(data: Path, port: int, *words: str | Path) -> Iterator[Listening]:
    """A listener to everything below `fleet/` that listens."""
    with closing(Listening(data, f"mqtt://{LOOPBACK}:{port}/fleet/#", *words)) as listener:
        yield listener.until_listening()


def message(number: int) -> tuple[str, bytes]:
    """A report that no other equals; its number is in its time."""
    vehicle = f"v{number % VEHICLES}"
    payload = (
        f'{{"vehicle_id": "{vehicle}", "observed_at": {BASE_MS + number},'
        f' "latitude": 52.5, "longitude": {number % 1000 / 100}}}'
    )
    return f"fleet/{vehicle}", payload.encode()


class Vehicles:
    """A thread that publishes reports by number, from 0 on, at a steady rate.

    Where the broker goes away it comes back, and publishes what was not acknowledged again, and
    the last few that were: a broker that is killed may have lost them.
    """

    def __init__(self, port: int, per_s: int) -> None:
        self._port = port
        self._per_tick = max(1, per_s // 100)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._publish)
        self.published = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def finish(self) -> None:
        """Stop, and wait until all that was published is acknowledged."""
        self._stop.set()
        self._thread.join()

    def _publish(self) -> None:
        first = 0
        while True:
            publisher = None
            try:
                with Publisher(self._port, "vehicles") as publisher:
                    done = self._published(publisher, first)
                    publisher.settle()
            except OSError:
                acknowledged = publisher.acknowledged if publisher is not None else 0
                first = max(0, first + acknowledged - KEPT)
                time.sleep(POLL_S)
            else:
                self.published = done
                return

    def _published(self, publisher: Publisher, first: int) -> int:
        number = first
        while not self._stop.is_set() or number < self.published:
            publisher.send(map(message, range(number, number + self._per_tick)))
            number += self._per_tick
            self.published = max(self.published, number)
            time.sleep(0.01)
        return number


@contextmanager
def opened(data: Path) -> Iterator[LiveApp]:
    """The region of a data folder."""
    with closing(wire_live(data)) as live:
        yield live


def events_in(data: Path) -> Counter[LocationEvent]:
    """What the log holds."""
    with opened(data) as live:
        return Counter(stored.event for stored in live.local.fleet.log.scan())


def numbers_in(data: Path) -> Counter[int]:
    """The numbers of the reports in the log."""
    return Counter(each.observed_at - BASE_MS for each in events_in(data).elements())
