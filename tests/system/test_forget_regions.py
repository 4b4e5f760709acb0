"""A vehicle that is forgotten in one region is erased in all, by processes that follow them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from tests.filled import OTHERS, VICTIM, filled, holding
from tests.system.live import COMMAND
from tests.system.test_drift import free_ports, until

from fleetcore.application.forgetting import pending
from fleetcore.domain.tombstones import key_of
from fleetcore_entrypoints.wiring.forgetting import Forgetting
from fleetcore_entrypoints.wiring.live import wire_live

if TYPE_CHECKING:
    from tests.system.conftest import Command

pytestmark = pytest.mark.system

NAMES: Final = ("north", "south")
SECRET: Final = "of these tests"
PATIENCE_S: Final = 40.0


@pytest.fixture(name="world")
def _world(in_folder: Path) -> Iterator[Path]:
    """Two regions; one was filled, the other one copies what it took in live."""
    ports = dict(zip(NAMES, free_ports(len(NAMES)), strict=True))
    regions = [f'[regions.{name}]\naddress = "127.0.0.1:{port}"' for name, port in ports.items()]
    config = in_folder / "fleet.toml"
    config.write_text("\n".join(["[drift]", "settle_s = 0.5", *regions]), encoding="utf-8")
    filled(in_folder / "north")
    processes = [
        subprocess.Popen(
            [*COMMAND, "follow", "--data", name, "--config", config, "--region", name, "--json"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "FLEETCORE_LINK_SECRET": SECRET},
            cwd=in_folder,
        )
        for name in NAMES
    ]
    yield in_folder
    for each in processes:
        each.terminate()
    assert [0] * len(NAMES) == [each.wait(PATIENCE_S) for each in processes]


def registers(folder: Path) -> set[str]:
    """The vehicles that a region's registers and positions know."""
    with closing(wire_live(folder)) as app:
        held = {each.vehicle_id for each in app.registers.scan()}
        return held.union(each.vehicle_id for each in app.geo.geo.read())


def is_erased(folder: Path) -> bool:
    """Whether a region says that it is done with the vehicle."""
    with closing(wire_live(folder)) as app:
        buried = {each.key for each in app.log.tombstones()}
        return key_of(VICTIM) in buried and not pending(Forgetting(app).holdings)


@pytest.mark.slow
@pytest.mark.parametrize("cut", [False, True], ids=["told-at-once", "told-by-repair"])
def test_other_regions_forget(
    world: Path, process: Command, monkeypatch: pytest.MonkeyPatch, *, cut: bool
) -> None:
    """One that cannot be told is told by drift repair; by the key alone it finds all there is."""
    monkeypatch.setenv("FLEETCORE_LINK_SECRET", SECRET)
    south = world / "south"
    until(lambda: {VICTIM, *OTHERS} <= registers(south))
    assert 0 == process("snapshot", "take", "--data", south).status
    assert holding(south)
    if cut:
        assert 0 == process("link", "cut", "--data", south).status

    here = ("--data", "north", "--config", "fleet.toml")
    done = process("forget", VICTIM, *here)
    assert cut == ("region south is not told yet" in done.err)
    if cut:
        assert not is_erased(south)
        assert 0 == process("link", "heal", "--data", south).status
        assert 0 == process("drift", "repair", *here).status

    until(lambda: all(is_erased(world / name) for name in NAMES))
    assert set() == holding(south) | holding(world / "north")
    assert set(OTHERS) == registers(south)
    assert (0, 0) == tuple(process("doctor", "--data", each).status for each in NAMES)
