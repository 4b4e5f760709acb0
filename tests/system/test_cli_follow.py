"""Following the log and rebuilding views on the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]


@pytest.fixture(name="taken_in")
def _taken_in(fleetcore: Command, in_folder: Path) -> None:
    """Two vehicles, three reports."""
    (in_folder / "drive.csv").write_text(
        "vehicle_id,observed_at,latitude,longitude\n"
        "v1,2024-05-01T10:00:00Z,50,1\nv1,2024-05-01T10:01:00Z,51,1\n"
        "v2,2024-05-01T10:00:00Z,52,1\n",
        encoding="utf-8",
    )
    assert fleetcore("ingest", "drive.csv").status == 0


@pytest.mark.usefixtures("taken_in")
def test_once_takes_in_what_is_there(fleetcore: Command) -> None:
    """Every view is given the winner of each vehicle, and a second time nothing."""
    first, second = (fleetcore("follow", "--once", "--json") for _ in range(2))

    for done, facts in ((first, 2), (second, 0)):
        (told,) = done.objects
        assert 0 == done.status
        for view in ("registers", "geo", "graph"):
            assert (facts, 0) == (told[f"{view}_facts"], told[f"{view}_behind"])


@pytest.mark.usefixtures("taken_in")
@pytest.mark.parametrize("view", ["registers", "geo", "graph"])
def test_views_are_rebuilt(fleetcore: Command, view: str) -> None:
    """Whether there was one or not; the sums are those of the registers."""
    for _ in range(2):
        done = fleetcore("rebuild", view, "--json")
        (told,) = done.objects

        assert (0, view, 2, 0) == (done.status, told["view"], told["facts"], told["wrong_sums"])


@pytest.mark.usefixtures("taken_in")
def test_a_lost_view_is_made_again(fleetcore: Command, in_folder: Path) -> None:
    """Without its file a region follows from the beginning."""
    assert fleetcore("follow", "--once").status == 0
    for path in (in_folder / "fleetcore-data").glob("views.sqlite*"):
        path.unlink()

    (told,) = fleetcore("follow", "--once", "--json").objects
    assert 2 == told["registers_facts"]


@pytest.mark.usefixtures("taken_in")
def test_follows_until_it_is_stopped(in_folder: Path) -> None:
    """It tells how far it is, and SIGTERM ends it cleanly."""
    command = [str(Path(sys.executable).with_name("fleetcore")), "follow", "--json"]
    with subprocess.Popen(
        command, cwd=in_folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = map(json.loads, process.stdout)
        told = next(each for each in lines if "registers_facts" in each)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)

    assert (0, "") == (process.returncode, errors)
    assert (2, 0) == (told["registers_facts"], told["registers_behind"])
