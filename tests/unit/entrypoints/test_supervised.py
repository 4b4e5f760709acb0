"""How a process that a supervisor keeps running ranks beside the others."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from fleetcore_entrypoints.cli.supervised import SUPERVISED

_TELL = "print(os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0))"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a policy")
@pytest.mark.parametrize(
    ("call", "supervised", "expected"),
    [
        ("give_way()", True, ("SCHED_OTHER", 10)),
        ("give_way(at_once=True)", True, ("SCHED_IDLE", 10)),
        ("give_way(at_once=True)", False, ("SCHED_OTHER", 0)),
    ],
)
def test_only_who_is_supervised_gives_way(
    call: str, supervised: bool, expected: tuple[str, int]
) -> None:
    """At once, by a policy of the system; else by its niceness."""
    policy, nicer = expected
    own = os.getpriority(os.PRIO_PROCESS, 0)
    environment = {**os.environ, SUPERVISED: "1"}
    if not supervised:
        del environment[SUPERVISED]
    code = f"import os; from fleetcore_entrypoints.cli.supervised import give_way; {call}; {_TELL}"

    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout

    assert [getattr(os, policy), min(own + nicer, 19)] == list(map(int, told.split()))
