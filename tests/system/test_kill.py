"""Processes that are killed, race each other or run out of space: nothing is lost or doubled."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from attrs import frozen

from fleetcore.application.streams import IngestionStream, ingestions
from fleetcore.domain.ledger import Ledger
from fleetcore.domain.location import LocationEvent
from fleetcore_entrypoints.wiring.local import LocalApp, wire_local

pytestmark = pytest.mark.system

WORKER: Final = Path(__file__).with_name("fleet_worker.py")
KILLS: Final = 50
MOST_WORK_S: Final = 0.16
"""How long a process lives at most before it is killed: less than the work takes."""

LONGEST_WAIT_S: Final = 60
START_MS: Final = 1_700_000_000_000
ROWS: Final = ((0, 4000), (2000, 6000), (1000, 5000), (6000, 7500))
"""From which row to which each file goes: the first three overlap."""


@frozen
class Outcome:
    """What a data folder says in the end."""

    log: Counter[LocationEvent]
    ledgers: dict[str, Ledger]

    @property
    def rows(self) -> dict[str, object]:
        """What was read, by ingestion; what was stored depends on who came first."""
        return {each: ledger.rows for each, ledger in self.ledgers.items()}


@contextmanager
def opened(folder: Path) -> Iterator[LocalApp]:
    """The fleet of a data folder."""
    app = wire_local(folder)
    try:
        yield app
    finally:
        app.close()


def outcome(folder: Path) -> Outcome:
    """The log's content and every ledger; the doctor finds no fault and nothing unfinished."""
    with opened(folder) as app:
        found = {finding.code for finding in app.diagnose()} - {"orphan", "retired-file"}
        assert set() == found
        ledgers = {
            each: IngestionStream(app.fleet.events, each).state.ledger
            for each in ingestions(app.fleet.events)
        }
        log = Counter(stored.event for stored in app.fleet.log.scan())
    assert {0} == {ledger.pending for ledger in ledgers.values()}
    brought = sum(each.store.stored + each.store.conflicting for each in ledgers.values())
    assert log.total() == brought
    return Outcome(log, ledgers)


def started(folder: Path, *words: str | Path) -> subprocess.Popen[str]:
    """A worker that has begun."""
    command = [sys.executable, str(WORKER), str(folder), *map(str, words)]
    worker = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert worker.stdout is not None
    assert _first_line(worker.stdout.fileno()) == b"ready\n", worker.communicate()[1]
    return worker


def _first_line(pipe: int) -> bytes:
    """Read byte by byte: what a buffered reader takes ahead, `communicate` would not see."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(pipe, 1)):
        line += byte
    return line


def finished(worker: subprocess.Popen[str]) -> list[dict[str, str]]:
    """What a worker said until it ended by itself."""
    out, err = worker.communicate(timeout=LONGEST_WAIT_S)
    assert err == ""
    return [json.loads(line) for line in out.splitlines()]


def killed(worker: subprocess.Popen[str], after_s: float) -> bool:
    """Kill a worker unless it ends sooner; whether it was killed."""
    try:
        _, err = worker.communicate(timeout=after_s)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.communicate()
        return True
    assert (0, "") == (worker.returncode, err)
    return False


def text(start: int, stop: int) -> str:
    """Rows of forty vehicles with every kind of dirt."""
    lines = ["vehicle_id,observed_at,latitude,longitude,speed_kmh\n"]
    for number in range(start, stop):
        at = START_MS + number * 40_000
        latitude = 95 if number % 53 == 5 else round(40 + number % 97 / 100, 2)
        longitude = "east" if number % 61 == 7 else -3.5
        cab = f"{'cab-' if number % 2 else 'taxi é '}{number % 40}"
        row = f"{cab},{at},{latitude},{longitude},{number % 3 * 20}\n"
        lines.append(row)
        if number % 29 == 0:
            lines.append(row)
        if number % 31 == 0:
            lines.append(row.replace("-3.5", f"{start % 7}.25"))
    return "".join(lines)


@pytest.fixture(name="files", scope="module")
def _files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Some files that overlap."""
    folder = tmp_path_factory.mktemp("files")
    paths = [folder / f"{number}.csv" for number in range(len(ROWS))]
    for path, (start, stop) in zip(paths, ROWS, strict=True):
        path.write_text(text(start, stop), encoding="utf-8")
    return paths


@pytest.fixture(name="undisturbed", scope="module")
def _undisturbed(files: Sequence[Path], tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What comes of the files when nothing happens."""
    folder = tmp_path_factory.mktemp("undisturbed")
    said = finished(started(folder, "ingest", *files))
    assert ["completed"] * len(files) == [each["status"] for each in said]
    return outcome(folder)


def test_killed_at_random_moments_and_started_again(
    files: Sequence[Path], undisturbed: Outcome, tmp_path: Path
) -> None:
    """However often ingestions and compactions are killed, log and ledgers come out equal."""
    chance = random.Random(20240229)
    kills: Counter[str] = Counter()
    rounds = 0
    while kills["ingest"] < KILLS:
        folder = tmp_path / f"round-{rounds}"
        rounds += 1
        done = False
        while not done:
            ingesting = started(folder, "ingest", *chance.sample(files, len(files)))
            compacting = started(folder, "compact") if chance.random() < 0.25 else None
            was_killed = killed(ingesting, chance.uniform(0.0, MOST_WORK_S))
            kills["ingest"] += was_killed
            done = not was_killed
            if compacting is not None:
                kills["compact"] += killed(compacting, chance.uniform(0.0, MOST_WORK_S))
        found = outcome(folder)

        assert undisturbed.rows == found.rows
        assert undisturbed.log == found.log
        with opened(folder) as app:
            app.compact()
        assert undisturbed.log == outcome(folder).log
    assert kills["compact"] > 0


def test_processes_that_race_end_in_one_log(
    files: Sequence[Path], undisturbed: Outcome, tmp_path: Path
) -> None:
    """Equal and different files taken in at once, with compactions meanwhile."""
    orders = (files, files, files[::-1])
    workers = [started(tmp_path, "ingest", *order) for order in orders]
    compactions = 0
    while any(worker.poll() is None for worker in workers):
        assert [] == finished(started(tmp_path, "compact"))
        compactions += 1
    for worker in workers:
        for told in finished(worker):
            assert told["status"] in ("completed", "already-ingested"), told
    found = outcome(tmp_path)

    assert compactions > 0
    assert undisturbed.rows == found.rows
    assert undisturbed.log == found.log


@pytest.mark.parametrize("limit", [0, 20_000, 80_000, 200_000, 400_000])
def test_no_space_is_told_and_made_good(
    files: Sequence[Path], undisturbed: Outcome, tmp_path: Path, limit: int
) -> None:
    """Where a file cannot grow the error says what to do, and the next run completes."""
    said = finished(started(tmp_path, "limited", str(limit), *files))
    statuses = {each["status"] for each in said}

    assert statuses <= {"completed", "pending", "failed"}
    for each in said:
        if each["status"] != "completed":
            assert "storage-unavailable" == each["error"], each
            assert "run again" in each["message"], each
    assert limit > 300_000 or statuses & {"pending", "failed"}
    again = finished(started(tmp_path, "ingest", *files))
    assert {each["status"] for each in again} <= {"completed", "already-ingested"}
    assert undisturbed.log == outcome(tmp_path).log
