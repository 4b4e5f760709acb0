"""Servers and workers that die, or say nothing for a while: nothing is lost or doubled."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
from tests.standins.redis_server import running_redis
from tests.system.drill import Drill, drill, stopped
from tests.system.outcomes import Outcome, embedded

from fleetcore.application.dead_letters import dead_letters, redrive
from fleetcore.application.generation.dirt import DIRT_DESCRIPTIONS
from fleetcore.application.generation.spec import FleetSpec
from fleetcore.domain.parts import UNEXPLAINED
from fleetcore_entrypoints.cli.generating import write_fleet

pytestmark = [pytest.mark.system, pytest.mark.slow]

ROWS: Final = 8_000
KILLS: Final = 3
"""A queue hands a message out four times; after that it is a dead letter."""

STOPPED_S: Final = 30.0


@pytest.fixture(name="files", scope="module")
def _files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A fleet's reports with every kind of dirt, and its second half once more with others."""
    folder = tmp_path_factory.mktemp("files")
    spec = FleetSpec(vehicles=30, rows=ROWS, seed=9, dirt=dict.fromkeys(DIRT_DESCRIPTIONS, 0.01))
    first = write_fleet(spec, folder / "first.csv").file
    header, *lines = first.read_bytes().splitlines(keepends=True)
    second = folder / "second.csv"
    late = [line.replace(b",moving", b",idle") for line in lines[:: ROWS // 500]]
    second.write_bytes(header + b"".join(lines[ROWS * 3 // 4 :] + late))
    return [first, second]


@pytest.fixture(name="vehicles", scope="module")
def _vehicles(files: Sequence[Path]) -> Path:
    """The fleet's metadata."""
    return files[0].with_name("first.vehicles.csv")


@pytest.fixture(name="undisturbed", scope="module")
def _undisturbed(
    files: Sequence[Path], vehicles: Path, tmp_path_factory: pytest.TempPathFactory
) -> Outcome:
    """What comes of the files in a folder of this machine."""
    return embedded(tmp_path_factory.mktemp("embedded"), files, vehicles=vehicles)


def logged_share(fleet: Drill, undisturbed: Outcome) -> float:
    """How much of the first file's rows are in the log."""
    return fleet.cloud.logged() / undisturbed.ledgers["first.csv"].store.stored


def test_redis_dies_and_comes_back_empty(
    files: Sequence[Path],
    vehicles: Path,
    undisturbed: Outcome,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the filter knew is lost, which costs requests and changes nothing."""
    first, second = files
    with ExitStack() as redis_life, ExitStack() as second_life:
        redis = redis_life.enter_context(running_redis())
        fleet = second_life.enter_context(
            drill(tmp_path, monkeypatch, redis=redis, vehicles=vehicles)
        )
        for _ in range(2):
            fleet.start_worker()
        fleet.upload(first)
        fleet.until(lambda: logged_share(fleet, undisturbed) > 0.2)
        os.kill(redis.pid, signal.SIGKILL)
        fleet.tell(f"Redis is killed with {fleet.cloud.logged():,} events in the log")
        redis_life.close()
        fleet.until(lambda: logged_share(fleet, undisturbed) > 0.5)
        assert not fleet.is_done(first)
        second_life.enter_context(running_redis(port=redis.port))
        fleet.tell(f"Redis is back, empty, with {fleet.cloud.logged():,} events in the log")
        fleet.finish(first)
        fleet.upload(second)
        fleet.finish(second)

        assert undisturbed == fleet.outcome()
        assert fleet.counted()


def test_the_services_stand_still(
    files: Sequence[Path],
    vehicles: Path,
    undisturbed: Outcome,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For half a minute nothing answers; then what was asked is done, though nobody waits."""
    first, second = files
    with drill(tmp_path, monkeypatch, vehicles=vehicles) as fleet:
        for _ in range(2):
            fleet.start_worker(lease_s=60)
        fleet.upload(first)
        fleet.until(lambda: logged_share(fleet, undisturbed) > 0.2)
        fleet.tell(f"all services stand still with {fleet.cloud.logged():,} events in the log")
        stopped(fleet.ministack, STOPPED_S)
        fleet.tell("they go on")
        assert not fleet.is_done(first)
        fleet.finish(first)
        fleet.upload(second)
        fleet.finish(second)

        assert undisturbed == fleet.outcome()


def killed_in_a_chunk(fleet: Drill, path: Path) -> None:
    """Start a worker, and kill it behind the commit of another chunk, in the next one."""
    ledger = fleet.ledger(path)
    before = 0 if ledger is None else ledger.rows.read
    worker = fleet.start_worker()
    fleet.until(lambda: (now := fleet.ledger(path)) is not None and now.rows.read > before)
    fleet.kill(worker)
    ledger = fleet.ledger(path)
    assert ledger is not None
    assert ledger.rows.read < ROWS
    fleet.tell(f"killed in a chunk, with {ledger.rows.read:,} rows of {ROWS:,} committed")


def killed_while_storing(fleet: Drill, path: Path) -> None:
    """Start a worker, and kill it when some of its rows are in the log."""
    before = fleet.cloud.logged()
    worker = fleet.start_worker()
    fleet.until(lambda: fleet.cloud.logged() > before)
    fleet.kill(worker)
    assert not fleet.is_done(path)
    fleet.tell(f"killed while it stored, with {fleet.cloud.logged():,} events in the log")


def test_workers_are_killed(
    files: Sequence[Path],
    vehicles: Path,
    undisturbed: Outcome,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the middle of chunks and of appends, as often as a queue bears it."""
    first, second = files
    with drill(tmp_path, monkeypatch, vehicles=vehicles) as fleet:
        fleet.upload(first)
        for _ in range(KILLS):
            killed_in_a_chunk(fleet, first)
        for _ in range(KILLS):
            killed_while_storing(fleet, first)
        fleet.start_worker()
        fleet.finish(first)
        fleet.upload(second)
        fleet.finish(second)

        assert undisturbed == fleet.outcome()


def test_workers_are_killed_once_too_often(
    files: Sequence[Path],
    vehicles: Path,
    undisturbed: Outcome,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the queue gave up by itself is dead in the ledger, and comes back by a redrive."""
    first, second = files
    with drill(tmp_path, monkeypatch, vehicles=vehicles) as fleet:
        fleet.upload(first)
        for _ in range(KILLS + 1):
            killed_while_storing(fleet, first)
        worker = fleet.start_worker()
        fleet.until(lambda: not sum(map(fleet.cloud.held, ("UPLOADS", "MOVING", "IDLE"))))
        letters = dead_letters(fleet.app.fleet)
        dead = sum(each.message.part.rows for each in letters)
        ledger = fleet.ledger(first)
        fleet.tell(f"{len(letters)} parts of {dead:,} rows are dead letters")

        assert {UNEXPLAINED} == {each.code for each in letters}
        assert ledger is not None
        assert (dead, 0) == (ledger.dead_lettered, ledger.pending)
        assert {} == redrive(fleet.app.fleet, letters)
        fleet.finish(first)
        fleet.upload(second)
        fleet.finish(second)
        assert worker.process.poll() is None
        assert undisturbed == fleet.outcome()
