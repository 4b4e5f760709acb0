"""A region among others, wired."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from tests.regions import fact

from fleetcore.application.fleet_file import FleetConfig
from fleetcore.domain.digests import Sum
from fleetcore.errors import InvalidConfiguration, RegionUnreachable
from fleetcore_adapters.links.client import LinkedRegion
from fleetcore_adapters.memory.telemeter import MemoryTelemeter
from fleetcore_entrypoints.wiring.live import LiveApp, wire_live
from fleetcore_entrypoints.wiring.regions import Regions

NOWHERE = "127.0.0.1:1"


@pytest.fixture(name="app")
def _app(tmp_path: Path) -> Iterator[LiveApp]:
    with closing(wire_live(tmp_path, "north")) as app:
        yield app


def test_a_region_alone_needs_no_config(app: LiveApp) -> None:
    """It is served to nobody, copies nobody, and agrees with itself."""
    app.registers.merge([fact()])
    with Regions(app, FleetConfig()) as regions, regions.serving():
        assert ((), "north") == (regions.peers, regions.conducted_by())
        assert ["north"] == [each.name for each in regions.conductor(MemoryTelemeter()).regions]


def test_a_region_that_the_file_does_not_name_is_told(app: LiveApp) -> None:
    """With those it names."""
    with pytest.raises(InvalidConfiguration, match=r"none of.*east, west"):
        Regions(app, FleetConfig(regions={"east": NOWHERE, "west": NOWHERE}))


def test_whoever_comes_first_in_the_file_conducts(app: LiveApp) -> None:
    """Where it does not answer, the next one."""
    with Regions(app, FleetConfig(regions={"east": NOWHERE, "north": NOWHERE})) as regions:
        assert "north" == regions.conducted_by()
        assert ["east"] == [each.name for each in regions.peers]
        with pytest.raises(RegionUnreachable, match="east"):
            regions.pull_from(regions.peers[0])


def test_who_conducts_is_asked_together(app: LiveApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those before it that are silent take their time at once, not one after the other."""
    met = threading.Barrier(3, timeout=10)

    def silent(_self: LinkedRegion, _buckets: Collection[int]) -> Mapping[int, Sum]:
        met.wait()
        raise RegionUnreachable("no answer in time")

    monkeypatch.setattr(LinkedRegion, "leaves", silent)
    names = ("east", "west", "south", "north", "last")
    with Regions(app, FleetConfig(regions=dict.fromkeys(names, NOWHERE))) as regions:
        assert "north" == regions.conducted_by()


def test_a_cut_region_reaches_nobody(app: LiveApp) -> None:
    """It is told that it is cut off itself."""
    app.links.cut(True)
    with Regions(app, FleetConfig(regions={"east": NOWHERE, "north": NOWHERE})) as regions:
        with pytest.raises(RegionUnreachable, match="cut off itself"):
            regions.peers[0].digest()
        assert regions.pull_from(regions.peers[0]).error is not None


def test_tasks_are_carried_out_together(app: LiveApp) -> None:
    """Their results come in the order of the tasks."""
    with Regions(app, FleetConfig()) as regions:
        assert list(range(40)) == list(
            regions.together([lambda number=number: number for number in range(40)])  # type: ignore[misc]
        )
