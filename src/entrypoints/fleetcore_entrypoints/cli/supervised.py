"""A process that another one keeps running ends when that one is gone."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Final

SUPERVISED: Final = "FLEETCORE_SUPERVISED"
"""Set for a process that is to end when its standard input does."""


def end_with_supervisor() -> None:
    """Ask this process to end, as SIGTERM does, as soon as its standard input ends."""
    if sys.stdin is not None:
        descriptor = sys.stdin.fileno()
        threading.Thread(target=_wait_for_the_end, args=(descriptor,), daemon=True).start()


def _wait_for_the_end(descriptor: int) -> None:
    while os.read(descriptor, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
