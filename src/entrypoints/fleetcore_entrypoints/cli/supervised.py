"""A process that another one keeps running ends when that one is gone."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Final

SUPERVISED: Final = "FLEETCORE_SUPERVISED"
"""Set for a process that is to end when its standard input does."""


_GIVES_WAY: Final = 10
"""By so much nicer than the others of a region."""


def is_supervised() -> bool:
    """Whether another process keeps this one running, and with it what else a region needs."""
    return SUPERVISED in os.environ


def give_way(*, at_once: bool = False) -> None:
    """Let the others go first where processes of a region want the same processor.

    One that does so `at_once` hardly runs while others do, where the system knows of that; so it
    must hold nothing that others wait for. Only under a supervisor: a command that somebody types
    is theirs to rank.
    """
    if not is_supervised():
        return
    os.nice(_GIVES_WAY)
    if at_once and sys.platform == "linux":
        # Linux lets a nice process end its turn of some milliseconds before others come: sched(7).
        with suppress(OSError):  # where a sandbox forbids it
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def end_with_supervisor() -> None:
    """Ask this process to end, as SIGTERM does, as soon as its standard input ends."""
    if sys.stdin is not None:
        descriptor = sys.stdin.fileno()
        threading.Thread(target=_wait_for_the_end, args=(descriptor,), daemon=True).start()


def _wait_for_the_end(descriptor: int) -> None:
    while os.read(descriptor, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
