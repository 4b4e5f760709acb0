"""Regions as processes: one is cut off, drifts, is healed, found out, mended and verified."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import frozen
from tests.regions import fact, forged
from tests.system.conftest import Command, Done
from tests.system.live import COMMAND

from fleetcore.domain.facts import Fact
from fleetcore_adapters.arrow.live_engine import ArrowLiveEngine
from fleetcore_entrypoints.wiring.live import wire_live

pytestmark = pytest.mark.system

NAMES: Final = ("north", "south", "west")
FLEET: Final = tuple(fact(f"cab-{n:03d}", n, city="Oslo") for n in range(200))
PATIENCE_S: Final = 40.0


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens at."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in taken]
    for each in taken:
        each.close()
    return ports


def until(holds: Callable[[], bool]) -> None:
    """Wait for what other processes bring about."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


@frozen
class World:
    """Three regions, each a folder and a process that follows, copies and serves it."""

    folder: Path
    processes: dict[str, subprocess.Popen[bytes]]

    def words(self, name: str) -> tuple[str, ...]:
        """The options that name a region."""
        return ("--data", str(self.folder / name), "--config", str(self.folder / "fleet.toml"))

    def take_in(self, name: str, facts: Sequence[Fact]) -> None:
        """Take events in as a listener beside the other processes does."""
        with closing(wire_live(self.folder / name)) as app:
            app.log.append_batches(ArrowLiveEngine().encoded(facts, "live-test"))

    def holds(self, name: str, expected: Sequence[Fact]) -> bool:
        """Whether a region's registers hold these facts."""
        with closing(wire_live(self.folder / name)) as app:
            return set(expected) <= set(app.registers.read([each.vehicle_id for each in expected]))


@pytest.fixture(name="world")
def _world(in_folder: Path) -> Iterator[World]:
    ports = dict(zip(NAMES, free_ports(len(NAMES)), strict=True))
    regions = [f'[regions.{name}]\naddress = "127.0.0.1:{port}"' for name, port in ports.items()]
    (in_folder / "fleet.toml").write_text(
        "\n".join(["[drift]", "settle_s = 0.5", "parts = 1", *regions]), encoding="utf-8"
    )
    world = World(in_folder, {})
    for name in NAMES:
        world.processes[name] = subprocess.Popen(
            [*COMMAND, "follow", *world.words(name), "--region", name, "--json"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "FLEETCORE_LINK_SECRET": "of these tests"},
        )
    yield world
    for process in world.processes.values():
        process.terminate()
    assert [0] * len(NAMES) == [process.wait(PATIENCE_S) for process in world.processes.values()]


def summary(done: Done) -> dict[str, Any]:
    """The last line of a check."""
    last: dict[str, Any] = done.objects[-1]
    assert last["kind"] == "summary"
    return last


@pytest.mark.slow
def test_a_region_that_drifted_is_found_and_mended(
    world: World, process: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut, missed, healed: exactly the missed vehicles are named, mended, and verified."""
    monkeypatch.setenv("FLEETCORE_LINK_SECRET", "of these tests")
    here = world.words("north")
    world.take_in("north", FLEET[:150])
    world.take_in("west", FLEET[150:])
    until(lambda: all(world.holds(name, FLEET) for name in NAMES))
    agreed = process("drift", "check", *here, "--deep", "--json")
    assert (0, ["north", "south", "west"], 200) == (
        agreed.status,
        summary(agreed)["compared"],
        summary(agreed)["vehicles"],
    )

    assert 0 == process("link", "cut", "--data", world.folder / "south").status
    newer = [fact(f"cab-{n:03d}", 60_000 + n, latitude=48.2, city="Oslo") for n in range(7)]
    world.take_in("north", newer)
    until(lambda: world.holds("west", newer))
    cut = process("drift", "check", *here, "--json")
    assert (0, ["north", "west"]) == (cut.status, summary(cut)["compared"])
    assert ["south"] == [each["region"] for each in cut.objects if each["kind"] == "unreachable"]
    assert not world.holds("south", newer[:1])

    # What was missed is never copied: a batch that replication lost.
    with (
        closing(wire_live(world.folder / "north")) as north,
        closing(wire_live(world.folder / "south")) as south,
    ):
        south.links.save("north", north.log.batches_since(0, 1 << 30).cursor)
        south.registers.replace(FLEET[100], forged(FLEET[100]))
    assert 0 == process("link", "heal", "--data", world.folder / "south").status
    found = process("drift", "check", *here, "--deep", "--json")
    kinds = [each["kind"] for each in found.objects]
    assert (1, 7, 1) == (found.status, kinds.count("drift"), kinds.count("corrupt"))
    assert {each.vehicle_id for each in newer} == {
        each["vehicle_id"] for each in found.objects if each["kind"] == "drift"
    }
    assert {"Oslo": 7} == summary(found)["by_city"]
    assert 11_000 < summary(found)["mean_m"] < 11_200

    mended = process("drift", "repair", *here, "--json")
    assert (0, "verified", 7, 1) == (
        mended.status,
        mended.object["outcome"],
        mended.object["mended"],
        mended.object["replaced"],
    )
    assert mended.object["repair_ms"] < 8_000
    assert world.holds("south", [*newer, FLEET[100]])
    assert 0 == process("drift", "check", *here, "--deep").status


@pytest.mark.slow
def test_the_first_region_that_answers_conducts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others stand by, and take over when it is cut off; stopped, a watch ends in order."""
    monkeypatch.setenv("FLEETCORE_LINK_SECRET", "of these tests")
    until(lambda: all((world.folder / name / "views.sqlite").is_file() for name in NAMES))
    watch = subprocess.Popen(
        [*COMMAND, "drift", "watch", *world.words("south"), "--every", "0.2", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert watch.stdout is not None
    lines = (json.loads(line) for line in watch.stdout)
    assert any(line.get("conducted_by") == "north" for line in lines)
    with closing(wire_live(world.folder / "north")) as north:
        north.links.cut(True)
    assert any("north" in line.get("unreachable", "") for line in lines)

    watch.send_signal(signal.SIGTERM)
    watch.stdout.close()
    assert 0 == watch.wait(PATIENCE_S)
