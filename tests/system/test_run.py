"""`fleetcore run`: a whole region in one command, with a real broker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from tests.standins.mosquitto import running_mosquitto
from tests.standins.mqtt_publisher import Publisher
from tests.standins.server import LOOPBACK
from tests.system.live import COMMAND, message

pytestmark = pytest.mark.system

PROCESSES: Final = ("listen", "follow", "drift", "snapshot", "compact")
PATIENCE: Final = 60
"""So many lines, one a second, are waited for what has to come."""


class _Region:
    """A process that runs a region, and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def until(self, is_so: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        """The first thing it says that is so."""
        assert self.process.stdout is not None
        said: dict[str, Any] = {}
        for _, line in zip(range(PATIENCE), self.process.stdout, strict=False):
            said = json.loads(line)
            if is_so(said):
                return said
        raise AssertionError(f"it was never so: {said}")


@contextmanager
def _running(data: Path, *words: str) -> Iterator[_Region]:
    config = data / "fleet.toml"
    config.write_text("[snapshots]\nevery_s = 2\n\n[drift]\nevery_s = 2\n", "utf-8")
    command = [*COMMAND, "run", *words, "--data", str(data / "data"), "--json"]
    with subprocess.Popen(
        [*command, "--config", str(config)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield _Region(process)
        finally:
            process.kill()


def _is_up(said: Mapping[str, Any]) -> bool:
    return all(said[name].get("pid") for name in PROCESSES)


def _is_listening(said: Mapping[str, Any]) -> bool:
    return said["listen"].get("problem", "not yet") is None


def test_a_region_is_one_command(tmp_path: Path) -> None:
    """Listener, views, drift and snapshots run, are begun again when killed, and end when asked."""
    with running_mosquitto() as broker:
        url = f"mqtt://{LOOPBACK}:{broker.port}/fleet/#"
        with _running(tmp_path, url) as region, Publisher(broker.port, "p") as publisher:
            before = region.until(_is_up)
            region.until(_is_listening)
            publisher.send(map(message, range(200)))
            publisher.settle()
            first = region.until(lambda said: said["snapshot"].get("drivers", 0) > 0)
            for name in PROCESSES:
                os.kill(first[name]["pid"], signal.SIGKILL)
            again = region.until(
                lambda said: _is_up(said) and all(said[each]["restarts"] for each in PROCESSES)
            )
            publisher.send(map(message, range(200, 400)))
            publisher.settle()
            region.until(lambda said: _is_listening(said) and said["listen"]["stored"] > 0)
            region.process.send_signal(signal.SIGTERM)
            status = region.process.wait(60)

    assert 0 == status
    assert before["listen"]["pid"] != again["listen"]["pid"]
    for name in PROCESSES:
        with pytest.raises(ProcessLookupError):
            os.kill(again[name]["pid"], 0)


def test_a_folder_is_one_region(tmp_path: Path) -> None:
    """A second one that wants to keep it up is refused, and leaves the first one alone."""
    with _running(tmp_path) as first:
        before = first.until(lambda said: all(each.get("pid") for each in said.values()))
        second = subprocess.run(
            [*COMMAND, "run", "--data", str(tmp_path / "data")],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        later = [first.until(bool) for _ in range(4)]

    assert 1 == second.returncode
    assert "another fleetcore run is at work in" in second.stderr
    for name, process in later[-1].items():
        assert (before[name]["pid"], 0) == (process["pid"], process["restarts"])
