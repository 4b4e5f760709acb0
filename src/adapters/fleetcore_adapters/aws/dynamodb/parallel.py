"""Several requests at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(threads: int, call: Callable[[T], R], inputs: Sequence[T]) -> list[R]:
    """What a call returns for each input, in order; at most `threads` of them at once.

    Raises what the first of them raised; what had not begun then never begins.
    """
    if len(inputs) <= 1 or threads == 1:
        return [call(each) for each in inputs]
    with ThreadPoolExecutor(min(threads, len(inputs))) as pool:
        futures = [pool.submit(call, each) for each in inputs]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()
