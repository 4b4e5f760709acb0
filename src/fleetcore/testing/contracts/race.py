"""Calls that happen at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fleetcore.errors import FleetcoreError

T = TypeVar("T")


def raced(calls: Sequence[Callable[[], T]]) -> list[T | FleetcoreError]:
    """What each call returned or raised, all of them let go at the same moment."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T | FleetcoreError:
        barrier.wait()
        try:
            return call()
        except FleetcoreError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
