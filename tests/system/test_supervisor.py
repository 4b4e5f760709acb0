"""Processes that are kept running, with real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from fleetcore.errors import InvalidConfiguration
from fleetcore_entrypoints.cli.supervised import SUPERVISED
from fleetcore_entrypoints.cli.supervisor import ChildStatus, Supervisor

pytestmark = pytest.mark.system

PATIENCE_S: Final = 30.0


def _tended(supervisor: Supervisor, until: Callable[[ChildStatus], bool]) -> ChildStatus:
    """The status of the only child as soon as it is so."""
    deadline_s = time.monotonic() + PATIENCE_S
    (status,) = supervisor.tend()
    while not until(status):
        assert time.monotonic() < deadline_s, status
        os.sched_yield()
        (status,) = supervisor.tend()
    return status


def test_what_ends_is_begun_again_and_told() -> None:
    """The last object that it printed is its status; that it ended is said."""
    said: list[str] = []
    with Supervisor({"rules": ["rules", "--json"]}, said.append) as supervisor:
        status = _tended(supervisor, lambda each: each.restarts >= 2)

    assert "severity" in status.told
    assert "rules ended (exit status 0); again in 0.5 s" in said
    assert "rules ended (exit status 0); again in 1 s" in said


def test_what_is_killed_is_begun_again(tmp_path: Path) -> None:
    """By whatever signal."""
    said: list[str] = []
    words = ["ingest", "-", "--data", str(tmp_path)]  # waits for its standard input
    with Supervisor({"ingest": words}, said.append) as supervisor:
        first = _tended(supervisor, lambda each: each.pid is not None)
        assert first.pid is not None
        os.kill(first.pid, signal.SIGKILL)
        second = _tended(supervisor, lambda each: each.pid not in (None, first.pid))

    assert 1 == second.restarts
    assert "ingest ended (SIGKILL); again in 0.5 s" in said


def test_what_does_not_understand_stays_ended() -> None:
    """Beginning it again would not help; what it said is told on."""
    said: list[str] = []
    with (
        pytest.raises(InvalidConfiguration, match="rules cannot be run"),
        Supervisor({"rules": ["rules", "--nonsense"]}, said.append) as supervisor,
    ):
        _tended(supervisor, lambda each: each.restarts >= 1)

    assert any("rules: error [usage]" in each for each in said)


def test_a_process_ends_with_its_supervisor() -> None:
    """When its standard input ends it is as if it had been asked to."""
    wait = (
        "import signal, sys\n"
        "from fleetcore_entrypoints.cli.supervised import end_with_supervisor\n"
        "end_with_supervisor()\n"
        "print('ready', flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", wait],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, SUPERVISED: "1"},
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert b"ready\n" == process.stdout.readline()
        process.stdin.close()
        status = process.wait(PATIENCE_S)

    assert -signal.SIGTERM == status
