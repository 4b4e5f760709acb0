"""Regions: asked directly, and through a server and a client of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final, TypeAlias

from attrs import evolve
from tests.contract.harness.harness import Harness, Rows
from tests.regions import linked, memory_region

from fleetcore.application.hosting import HostedRegion
from fleetcore.testing.contracts.region import RegionRig
from fleetcore_adapters.arrow.live_engine import ArrowLiveEngine
from fleetcore_adapters.arrow.location_log import ParquetLog
from fleetcore_adapters.arrow.log_files import opened_in
from fleetcore_adapters.local.catalogue import LocalCatalogue
from fleetcore_adapters.local.database import Database, ViewsDatabase
from fleetcore_adapters.local.object_store import LocalObjectStore
from fleetcore_adapters.local.registers import LocalRegisters
from fleetcore_adapters.memory.live_engine import MemoryLiveEngine

Start: TypeAlias = Callable[[Path, ExitStack], Callable[[], RegionRig]]

NAME: Final = "north"
"""What the suite's region is called."""


def in_memory(_folder: Path, _stack: ExitStack) -> Callable[[], RegionRig]:
    """A region whose log and registers are in memory."""
    held = memory_region(NAME)
    rig = RegionRig(
        region=held.region,
        registers=held.registers,
        log=held.log,
        encode=MemoryLiveEngine().encoded,
    )
    return lambda: rig


def in_folder(folder: Path, stack: ExitStack) -> Callable[[], RegionRig]:
    """A region in a data folder: a handle has connections of its own."""

    def opened() -> RegionRig:
        catalogue = LocalCatalogue(stack.enter_context(closing(Database(folder))))
        registers = LocalRegisters(stack.enter_context(closing(ViewsDatabase(folder))))
        log = ParquetLog(catalogue, LocalObjectStore(folder), opened_in(folder))
        engine = ArrowLiveEngine()
        region = HostedRegion(NAME, registers=registers, log=log, history=log, engine=engine)
        return RegionRig(region=region, registers=registers, log=log, encode=engine.encoded)

    return opened


def over_a_socket(start: Start) -> Start:
    """The regions that `start` opens, each asked through a link."""

    def started(folder: Path, stack: ExitStack) -> Callable[[], RegionRig]:
        opened = start(folder, stack)

        def behind() -> RegionRig:
            rig = opened()
            (client,) = stack.enter_context(linked([rig.region]))
            return evolve(rig, region=client)

        return behind

    return started


ROWS: Final[Rows] = {
    "region": (
        Harness("memory", in_memory),
        Harness("local", in_folder),
        Harness("memory-linked", over_a_socket(in_memory)),
        Harness("local-linked", over_a_socket(in_folder)),
    ),
}
