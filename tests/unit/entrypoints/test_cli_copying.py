"""Peers are copied side by side: one that is silent holds up no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fleetcore.application.fleet_file import FleetConfig
from fleetcore.application.replication import Pulled
from fleetcore.errors import RegionUnreachable
from fleetcore.ports.region import Region
from fleetcore_entrypoints.cli import looping
from fleetcore_entrypoints.cli.follow import Progress, caught_up, steps_of
from fleetcore_entrypoints.cli.looping import looping as looping_over
from fleetcore_entrypoints.wiring.live import LiveApp, wire_live
from fleetcore_entrypoints.wiring.regions import Regions

NAMES = ("north", "silent", "south")


@pytest.fixture(name="app")
def _app(tmp_path: Path) -> Iterator[LiveApp]:
    with closing(wire_live(tmp_path, "north")) as app:
        yield app


@pytest.fixture(name="regions")
def _regions(app: LiveApp) -> Iterator[Regions]:
    with Regions(app, FleetConfig(regions=dict.fromkeys(NAMES, "127.0.0.1:1"))) as regions:
        yield regions


def test_a_silent_peer_holds_up_no_other(
    app: LiveApp, regions: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is waited for, others are copied round after round."""
    ended, rounds = threading.Event(), threading.Semaphore(0)

    def pull_from(_self: Regions, peer: Region) -> Pulled:
        if peer.name == "silent":
            assert ended.wait(30)
            raise RegionUnreachable("no answer in time")
        rounds.release()
        return Pulled(peer=peer.name, stored=2)

    monkeypatch.setattr(Regions, "pull_from", pull_from)
    steps = {
        name: step
        for name, step in steps_of(app, regions, Progress()).items()
        if name not in ("registers", "geo")
    }
    with looping_over(steps, threading.Event(), 0.001):
        try:
            assert all(rounds.acquire(timeout=10) for _ in range(5))
        finally:
            ended.set()


def test_a_silent_peer_is_left_alone_for_a_while(
    app: LiveApp,
    regions: Regions,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is told once, and that it answers again."""
    monkeypatch.setattr(looping, "RETRY_S", 0.0)
    answers = iter([None, None, 2, 3])
    stopped = threading.Event()

    def pull_from(_self: Regions, peer: Region) -> Pulled:
        stored = next(answers)
        if stored is None:
            raise RegionUnreachable("no answer in time")
        if stored == 3:
            stopped.set()
        return Pulled(peer=peer.name, stored=stored)

    monkeypatch.setattr(Regions, "pull_from", pull_from)
    progress = Progress()
    step = steps_of(app, regions, progress)["region silent"]
    with looping_over({"region silent": step}, stopped, 0.0):
        assert stopped.wait(10)

    assert ["region silent: no answer in time", "region silent answers again"] == [
        line for line in capsys.readouterr().err.splitlines() if "silent" in line
    ]
    progress.tell(app, as_json=True)
    told = capsys.readouterr().out
    assert '"copied": 5' in told
    assert '"unreachable": 0' in told


def test_who_catches_up_once_is_told_who_is_silent(
    regions: Regions, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody listens at the peers' addresses."""
    progress = Progress()
    for peer in regions.peers:
        caught_up(peer, regions, progress)

    assert 2 == capsys.readouterr().err.count("nobody listens there")
