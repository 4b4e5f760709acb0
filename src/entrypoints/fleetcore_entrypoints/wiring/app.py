"""What every fleet is to an entry point, wherever it lies."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen

from fleetcore.application.fleet import Fleet
from fleetcore.errors import FleetcoreError


@frozen(kw_only=True, slots=True)
class App:
    """A fleet, and what an entry point does with it.

    `resume` stores what an interrupted process left, and `settle` what waits on the lanes, by
    part's key with what failed, where this process does so; elsewhere others do. `close` lets go
    of everything.
    """

    fleet: Fleet
    resume: Callable[[], None]
    settle: Callable[[], Mapping[str, FleetcoreError]]
    close: Callable[[], None]
