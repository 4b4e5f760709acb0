"""`fleetcore simulate`: worlds in which everything goes wrong, by the command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from fleetcore.testing.simulation.faults import FAULTS

pytestmark = pytest.mark.system

Command = Callable[..., Any]

PATIENCE_S: Final = 30.0

SEEDS: Final = 150
"""Of each of the two scenarios."""

BROKEN: Final = """
from fleetcore.testing.simulation.file_region import FileRegion
from fleetcore.testing.simulation.files import FilesScenario
from fleetcore_entrypoints.wiring.simulated import file_fakes


class Region(FileRegion):
    def store(self):
        self.weak.lanes.settle(self.weak.lanes.receive(3))


def scenario():
    return FilesScenario(file_fakes(), Region)
"""


TELLING: Final = """
from fleetcore.testing.simulation.files import FilesScenario
from fleetcore_entrypoints.wiring.simulated import file_fakes


def scenario():
    print("begun", flush=True)
    return FilesScenario(file_fakes())
"""


@pytest.mark.slow
def test_no_seed_breaks_an_invariant(fleetcore: Command) -> None:
    """Three hundred worlds, in each of which at least 200 port calls are made."""
    summaries = fleetcore("simulate", "--seeds", SEEDS, "--jobs", 2, "--json").objects

    assert ["files", "live"] == [each["scenario"] for each in summaries]
    assert [] == [failed for each in summaries for failed in each["failed"]]
    assert [SEEDS, SEEDS] == [each["seeds"] for each in summaries]
    assert all(each["fewest_port_calls"] >= 200 for each in summaries)
    assert set(FAULTS) == {fault for each in summaries for fault in each["faults"]}


def test_jobs_change_nothing_but_the_time(fleetcore: Command) -> None:
    """However many processes play them, seeds go the same ways."""
    words = ("simulate", "--seeds", 12, "--scenario", "files", "--json", "--jobs")
    one, two = fleetcore(*words, 1).object, fleetcore(*words, 2).object

    assert {**one, "seconds": 0} == {**two, "seconds": 0}


def test_a_seed_that_fails_is_told_with_what_replays_it(
    fleetcore: Command, in_folder: Path
) -> None:
    """Its last steps are there, and the exit status is 1; the replay fails alike."""
    (in_folder / "own_story.py").write_text(BROKEN, encoding="utf-8")
    first = fleetcore("simulate", "--scenario", "own_story:scenario", "--seeds", 3)
    replays = [line for line in first.out.splitlines() if line.startswith("replay it: ")]
    words = replays[0].removeprefix("replay it: fleetcore ").split()
    again = fleetcore(*words)

    assert 1 == first.status == again.status
    assert "what is settled has an outcome" in first.out
    assert 0 < len([line for line in again.out.splitlines() if " s  " in line]) <= 40
    assert replays[0] in again.out


@pytest.mark.parametrize("name", ["nothing", "nowhere:nothing", "json:__name__"])
def test_a_scenario_that_is_none_is_told(fleetcore: Command, name: str) -> None:
    """One line says what there is."""
    done = fleetcore("simulate", "--scenario", name, "--seeds", 1)

    assert 2 == done.status
    assert "invalid-configuration" in done.err


def test_no_process_outlives_the_command(in_folder: Path) -> None:
    """Killed, it leaves nobody waiting for seeds."""
    (in_folder / "telling.py").write_text(TELLING, encoding="utf-8")
    words = ["simulate", "--seeds", "100000", "--jobs", "2", "--scenario", "telling:scenario"]
    command = [sys.executable, "-c", "from fleetcore_entrypoints.cli.main import run; run()"]
    with subprocess.Popen([*command, *words], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        begun = [process.stdout.readline() for _ in range(3)]  # the command's own, and theirs
        process.kill()
        # It ends when the last one that may write to it is gone.
        rest, _ = process.communicate(timeout=PATIENCE_S)

    assert ([b"begun\n"] * 3, b"") == (begun, rest)
