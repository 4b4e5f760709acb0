"""A row of the table: an adapter of a port, opened on a state of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Generic, TypeAlias, TypeVar

from attrs import frozen

from fleetcore.testing.contracts.capabilities import Capability

T_co = TypeVar("T_co", covariant=True)

NOW_MS: Final = 1_700_000_000_000
"""The instant at which clocks that stand still stand."""


@frozen(slots=True)
class Harness(Generic[T_co]):
    """An adapter of a port.

    `name` is the adapter's technology, and the stand-in it runs on, if any. `start` is given a
    folder of the test's own and a stack for what must be closed, and returns what opens a handle
    on the one state: called again, it opens another handle, as another process would. It raises
    `Missing` where this machine lacks the stand-in. `lacks` are the stand-in's known faults.
    """

    name: str
    start: Callable[[Path, ExitStack], Callable[[], T_co]]
    lacks: frozenset[Capability] = frozenset()


Rows: TypeAlias = Mapping[str, tuple[Harness[object], ...]]
"""Adapters by the name of the port's module."""


def stateless(name: str, make: Callable[[], T_co]) -> Harness[T_co]:
    """An adapter that shares nothing between handles."""
    return Harness(name, lambda _folder, _stack: make)
