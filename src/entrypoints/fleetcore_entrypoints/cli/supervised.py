"""A process that another one keeps running ends when that one is gone."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Final

SUPERVISED: Final = "FLEETCORE_SUPERVISED"
"""Set for a process that is to end when its standard input does."""


_GIVES_WAY: Final = 10
"""By so much nicer than the others of a region."""


def give_way() -> None:
    """Let the others go first where processes of a region want the same processor.

    Only under a supervisor: a command that somebody types is theirs to rank.
    """
    if SUPERVISED in os.environ:
        os.nice(_GIVES_WAY)


def end_with_supervisor() -> None:
    """Ask this process to end, as SIGTERM does, as soon as its standard input ends."""
    if sys.stdin is not None:
        descriptor = sys.stdin.fileno()
        threading.Thread(target=_wait_for_the_end, args=(descriptor,), daemon=True).start()


def _wait_for_the_end(descriptor: int) -> None:
    while os.read(descriptor, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
