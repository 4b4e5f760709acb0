"""A region among others: what serves it, whom it copies, and what conducts consistency runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from itertools import compress
from types import TracebackType
from typing import Final, Self, TypeVar

from fleetcore.application.conducting import Conductor
from fleetcore.application.drift_settings import DriftSettings
from fleetcore.application.fleet_file import FleetConfig
from fleetcore.application.hosting import HostedRegion
from fleetcore.application.replication import Pulled, pull
from fleetcore.errors import InvalidConfiguration, RegionUnreachable
from fleetcore.ports.clock import Clock
from fleetcore.ports.region import Region
from fleetcore.ports.telemeter import Telemeter
from fleetcore_adapters.arrow.live_engine import ArrowLiveEngine
from fleetcore_adapters.links.addresses import address_of
from fleetcore_adapters.links.client import LinkedRegion
from fleetcore_adapters.links.server import RegionServer
from fleetcore_entrypoints.wiring.live import LiveApp

SECRET: Final = "FLEETCORE_LINK_SECRET"  # noqa: S105 - the name of the variable
MOST_AT_ONCE: Final = 16
"""So many regions are asked at once."""

T = TypeVar("T")


class Regions:
    """The regions of a `fleet.toml` as one of them sees them. Close it, or use it in `with`.

    `own` is the region of the data folder; `peers` all others, in the order of the file. While
    the region is cut off no peer is reachable, and its server answers nobody.
    """

    def __init__(self, app: LiveApp, config: FleetConfig) -> None:
        """Raises `InvalidConfiguration` for a region that the file does not name."""
        if config.regions and app.region not in config.regions:
            raise InvalidConfiguration(
                f"the region in {app.local.folder} is {app.region!r}, which is none of "
                f"[regions]: {', '.join(config.regions)}; say which one it is with --region NAME"
            )
        self.settings: DriftSettings = config.drift
        self.own = HostedRegion(
            app.region,
            registers=app.registers,
            log=app.log,
            history=app.local.fleet.log,
            engine=ArrowLiveEngine(),
        )
        self._app = app
        self.clock: Clock = app.clock
        self._secret = os.environ.get(SECRET, "").encode()
        self._addresses = {name: address_of(text) for name, text in config.regions.items()}
        self.peers: tuple[LinkedRegion, ...] = tuple(
            LinkedRegion(name, address, self._secret, is_cut=app.links.are_cut)
            for name, address in self._addresses.items()
            if name != app.region
        )
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, "region")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every connection."""
        with ExitStack() as stack:
            for peer in self.peers:
                stack.callback(peer.close)
            self._pool.shutdown()

    def serving(self) -> AbstractContextManager[object]:
        """Answer for the region at its address, if the file gives one, inside a `with` block."""
        address = self._addresses.get(self.own.name)
        if address is None:
            return nullcontext()
        return RegionServer(self.own, address, self._secret, self._app.links.are_cut)

    def pull_from(self, peer: Region) -> Pulled:
        """Copy what a peer took in since the last round; see `pull`."""
        return pull(peer, self._app.log, self._app.links)

    def together(self, tasks: Sequence[Callable[[], T]]) -> Sequence[T]:
        """Carry tasks out at once; see `Together`."""
        return [each.result() for each in [self._pool.submit(task) for task in tasks]]

    def exchanged(self) -> int:
        """The bytes exchanged with peers so far."""
        return sum(peer.exchanged for peer in self.peers)

    def all(self) -> tuple[Region, ...]:
        """The own region and its peers."""
        return (self.own, *self.peers)

    def conductor(self, telemeter: Telemeter) -> Conductor:
        """What conducts consistency runs over all of them."""
        return Conductor(
            regions=self.all(),
            events=self._app.runs,
            clock=self.clock,
            telemeter=telemeter,
            settings=self.settings,
            together=self.together,
            exchanged=self.exchanged,
        )

    def conducted_by(self) -> str:
        """Which region conducts runs now: the first one of the file that answers, or this one."""
        names = list(self._addresses)
        before = self.peers[: names.index(self.own.name)] if names else ()
        # Together: one that is silent takes its time only once.
        answers = self.together([partial(_answers, peer) for peer in before])
        return next((peer.name for peer in compress(before, answers)), self.own.name)


def _answers(peer: Region) -> bool:
    try:
        peer.leaves(())
    except RegionUnreachable:
        return False
    return True
