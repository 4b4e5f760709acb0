"""`fleetcore forget`: of a vehicle that was everywhere no byte is left, and all else is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow.parquet as pq
import pytest
from tests.filled import HEADER, OTHERS, VICTIM, filled, holding, rows

from fleetcore.application.forgetting import Forgotten
from fleetcore.application.ingesting import Request, Watcher
from fleetcore.domain.ingestion import Ingestion
from fleetcore.domain.ingestion_events import Sizes
from fleetcore.domain.parts import StoredEvent
from fleetcore_adapters.local.database import Database
from fleetcore_adapters.local.object_store import LocalObjectStore
from fleetcore_adapters.local.snapshot_store import LocalSnapshotStore
from fleetcore_entrypoints import open_local
from fleetcore_entrypoints.wiring.forgetting import Forgetting
from fleetcore_entrypoints.wiring.live import wire_live

if TYPE_CHECKING:
    from tests.system.conftest import Command

DATA = Path("fleetcore-data")


@pytest.fixture(name="made", scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the vehicle is everywhere, made once."""
    folder = tmp_path_factory.mktemp("made") / "fleetcore-data"
    filled(folder)
    return folder


@pytest.fixture(name="folder", autouse=True)
def _folder(made: Path, in_folder: Path) -> Path:
    """A copy of it, in the place where commands look."""
    shutil.copytree(made, in_folder / DATA)
    shutil.copytree(made.parent / "inputs", in_folder / "inputs")
    return in_folder / DATA


def kept(folder: Path) -> tuple[list[StoredEvent], list[object]]:
    """What log and views say of the other vehicles."""
    app = wire_live(folder)
    try:
        log = [
            each
            for vehicle in OTHERS
            for each in app.local.fleet.log.read_vehicle(vehicle, 0, 1 << 50)
        ]
        views: list[object] = [app.registers.read(OTHERS), app.geo.geo.read(OTHERS)]
        views.append(app.local.latest.read(OTHERS))
        views.append(app.places.read("driver")[-1:])
        return log, views
    finally:
        app.close()


def sums(fleetcore: Command) -> dict[str, int]:
    """The columns of all ledgers, summed up."""
    ledgers = fleetcore("ledger", "--json").objects
    return {
        name: sum(each[name] for each in ledgers)
        for name in ("accepted", "conflicting", "forgotten", "dead_lettered", "pending")
    }


def test_no_byte_is_left(fleetcore: Command, folder: Path) -> None:
    """Neither raw nor compressed, in no file, no column, no page of a database."""
    places = {each.partition("/")[0] for each in holding(folder)}
    done = fleetcore("forget", VICTIM, "--json")

    assert {"fleetcore.sqlite", "fresh", "log", "rejects", "snapshots", "views.sqlite"} <= places
    assert (0, True) == (done.status, done.object["complete"])
    assert set() == holding(folder)


def test_no_byte_is_left_beside_others_who_read(fleetcore: Command, folder: Path) -> None:
    """While another process has the databases open, what they write ahead is emptied too."""
    with closing(wire_live(folder)) as other:
        other.registers.digest()
        done = fleetcore("forget", VICTIM)
        left = holding(folder)

    assert (0, set()) == (done.status, left)


def test_says_what_is_gone(fleetcore: Command) -> None:
    """Rows by place."""
    found: dict[str, Any] = fleetcore("forget", VICTIM, "--json").object

    assert 20 + 1 + 20 + 6 == found["log"]["rows"]
    assert (3, 1, 1, 1) == (
        found["rejects"],
        found["names"],
        found["latest"],
        found["registers"],
    )
    assert (1, 1, 2, 1) == (
        found["positions"],
        found["drivers"],
        found["dead_messages"],
        found["snapshot_rows"],
    )


def test_others_keep_all_they_have(fleetcore: Command, folder: Path) -> None:
    """Log and views say of them what they said, but for rows that were dead and are stored."""
    log, views = kept(folder)
    fleetcore("forget", VICTIM)
    log_then, views_then = kept(folder)

    assert log == [each for each in log_then if each in log]
    assert {3} == {len([each for each in log_then if each not in log]) // len(OTHERS)}
    assert views == views_then


def test_ledgers_balance_and_the_doctor_is_content(fleetcore: Command) -> None:
    """Rows the vehicle had are shown as forgotten."""
    before = sums(fleetcore)
    fleetcore("forget", VICTIM)
    after = sums(fleetcore)
    doctor = fleetcore("doctor", "--json")

    assert before["accepted"] == after["accepted"]
    assert (0, 20 + 1 + 20 + 3) == (before["forgotten"], after["forgotten"])
    assert (0, 0) == (after["dead_lettered"], after["pending"])
    assert (0, "") == (doctor.status, doctor.out)


def test_nothing_brings_it_back(fleetcore: Command, folder: Path) -> None:
    """Files that are ingested once more, and new ones, add no row of it."""
    fleetcore("forget", VICTIM)
    again = fleetcore("ingest", "inputs/mixed.csv", "--again", "--json").object
    Path("new.csv").write_text(HEADER + rows(first=5, number=2, vehicles=(VICTIM,)))
    fleetcore("ingest", "new.csv")
    fleetcore("compact")

    assert 20 == again["forgotten"]
    assert "" == fleetcore("track", VICTIM, "--json").out
    assert (0, "") == (fleetcore("doctor").status, fleetcore("latest", VICTIM, "--json").out)
    assert not {each for each in holding(folder) if each.startswith(("log/", "fresh/", "views"))}


def test_forgetting_again_takes_what_was_brought_again(fleetcore: Command, folder: Path) -> None:
    """Rejected rows and names of files that came in behind the tombstone go as well."""
    fleetcore("forget", VICTIM)
    fleetcore("ingest", "inputs/mixed.csv", "--again")
    brought = holding(folder)
    done = fleetcore("forget", VICTIM, "--json")

    assert brought
    assert (0, True) == (done.status, done.object["complete"])
    assert set() == holding(folder)
    assert 0 == fleetcore("doctor").status


def test_an_unfinished_file_is_given_up(
    fleetcore: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would go on from parts that are to go; its next attempt takes in the other vehicles."""
    Path("half.csv").write_text(HEADER + rows(first=6, number=50_000 // 1000))
    with open_local(folder) as fleet, monkeypatch.context() as patched:
        patched.setattr("fleetcore.application.ingesting.commit_chunks", _one_chunk)
        fleet.ingest("half.csv")
    done = fleetcore("forget", VICTIM, "--json")
    left = holding(folder)
    ended = fleetcore("forget", "--pending", "--json")
    again = fleetcore("ingest", "half.csv", "--json").object

    assert (1, set()) == (done.status, left)
    assert 1 == len(done.object["closed"])
    assert (0, True, []) == (ended.status, ended.object["complete"], ended.object["closed"])
    assert "ingest its file again" in done.err
    assert "completed" == again["status"]


class Meanwhile(Watcher):
    """Has a vehicle forgotten, as by another process, behind the first chunk of a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done: list[Forgotten] = []

    def committed(self, state: Ingestion) -> None:
        """Forget once."""
        if not self.done:
            with closing(wire_live(self.folder)) as app:
                self.done.append(Forgetting(app).forget(VICTIM))


@pytest.mark.parametrize("first", [VICTIM, OTHERS[0]], ids=["met-before", "met-later"])
def test_a_file_that_is_read_meanwhile(fleetcore: Command, folder: Path, first: str) -> None:
    """Its rows of the vehicle stay out; what it wrote behind the erasure goes when it is over.

    One that had rows of it is given up; any other one is read to its end.
    """
    last = VICTIM if first != VICTIM else OTHERS[0]
    lines = rows(first=6, number=40, vehicles=(first,)) + rows(number=40, vehicles=(last,))
    Path("long.csv").write_text(HEADER + lines)
    watcher = Meanwhile(folder)
    request = Request(sizes=Sizes(block_bytes=1024, blocks_per_chunk=1))
    with open_local(folder) as fleet:
        (read,) = fleet.ingest_each(["long.csv"], request, lambda _source: watcher)
    (meanwhile,) = watcher.done
    held = {each.partition("/")[0] for each in holding(folder)}
    ended = fleetcore("forget", "--pending", "--json")

    assert not meanwhile.complete
    assert ("failed" if first == VICTIM else "completed") == read.status
    assert held <= {"fresh"}
    assert (0, set()) == (ended.status, holding(folder))
    assert 0 == fleetcore("doctor").status
    assert "" == fleetcore("track", VICTIM, "--json").out


def _one_chunk(*arguments: Any, **options: Any) -> None:
    """Commit a chunk that is not the last, as a process that is killed behind it."""
    from attrs import evolve

    from fleetcore.application import chunk_commits
    from fleetcore.domain.chunks import Chunk

    fleet = arguments[0]

    class Halting:
        def chunks(self, content: Any, work: Any) -> Any:
            for chunk in fleet.engine.chunks(content, work):
                half: Chunk = evolve(chunk, last=False)
                yield half
                return

    halting = evolve(fleet, engine=Halting())
    chunk_commits.commit_chunks(halting, *arguments[1:], **options)


def test_files_that_nothing_names_go(fleetcore: Command, folder: Path) -> None:
    """Left by who knows whom: parts, files of the log and rejects that hold it; others stay."""
    held = [each for each in holding(folder) if each.startswith(("fresh/", "log/", "rejects/"))]
    for each in held:
        top, _, name = each.partition("/")
        copy = folder / top / "feed-1" / name.rpartition("/")[2]
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(folder / each, copy)
    own = folder / "fresh" / "feed-1" / "another.parquet"
    pq.write_table(pq.read_table(folder / min(held), filters=[("vehicle_id", "==", "x")]), own)
    done = fleetcore("forget", VICTIM, "--json")

    assert {"fresh", "log", "rejects"} == {each.partition("/")[0] for each in held}
    assert (0, set()) == (done.status, holding(folder))
    assert done.object["parts"] > 0
    assert own.exists()


def test_a_dead_part_that_cannot_be_read_goes(fleetcore: Command, folder: Path) -> None:
    """Nobody can tell whom it holds; its rows stay dead, and its file can be ingested again."""
    letter = fleetcore("dead-letters", "list", "--json").objects[0]
    part = folder / letter["part"]
    part.write_bytes(part.read_bytes()[:-9])
    done = fleetcore("forget", VICTIM, "--json").object
    again = fleetcore("ingest", "inputs/lost.csv", "--again", "--json").object

    assert (1, True, False) == (done["parts"], done["complete"], part.exists())
    assert letter["dead_rows"] == sums(fleetcore)["dead_lettered"]
    assert (3, 6) == (again["forgotten"], again["stored"])
    assert not {each for each in holding(folder) if each.startswith("log")}


def test_says_when_backups_are_gone(fleetcore: Command) -> None:
    """By [privacy] backups_kept_days; without it, that backups made before hold it."""
    Path("fleet.toml").write_text("[privacy]\nbackups_kept_days = 0\n")
    told = fleetcore("forget", VICTIM, "--config", "fleet.toml", "--json").object
    plain = fleetcore("forget", VICTIM)

    assert told["backups_made_before"] == told["last_backup_expires"]
    assert "backups_kept_days" in plain.out
    assert "the log: rows" in plain.out


@pytest.mark.parametrize("vehicle", ["", " ", "null", "two\nlines"])
def test_refuses_what_is_no_id(fleetcore: Command, vehicle: str) -> None:
    """A message or row without an id would be taken for its."""
    refused = fleetcore("forget", vehicle)

    assert (1, True) == (refused.status, "no vehicle's id" in refused.err)


def test_refuses_what_is_no_request(fleetcore: Command) -> None:
    """Neither an id nor --pending, or both; nothing pending is told."""
    assert 2 == fleetcore("forget").status
    assert 2 == fleetcore("forget", VICTIM, "--pending").status
    assert "nothing is pending" in fleetcore("forget", "--pending").err


class Died(BaseException):
    """The process is no more; nothing in it catches this."""


WRITES: Final = (
    (Database, "write"),
    (Database, "scrub"),
    (LocalObjectStore, "put_if_absent"),
    (LocalObjectStore, "remove"),
    (LocalSnapshotStore, "write"),
)
"""All that forgetting writes by."""


def die_at(patch: pytest.MonkeyPatch, nth: int) -> Callable[[], int]:
    """Die before the write of this number; how many were asked for."""
    calls = count(1)
    last = [0]

    def dying(method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            last[0] = next(calls)
            if last[0] == nth:
                raise Died
            return method(*arguments, **options)

        return called

    for kind, name in WRITES:
        patch.setattr(kind, name, dying(getattr(kind, name)))
    return lambda: last[0]


@pytest.mark.parametrize("by_key", [False, True], ids=["by-id", "by-key"])
def test_goes_on_where_it_died(
    fleetcore: Command,
    folder: Path,
    made: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    by_key: bool,
) -> None:
    """Before whatever write it dies: forgetting again, or what is pending, makes it good."""
    counted: set[int] = set()
    nth, reached_end = (2 if by_key else 1), False
    while not reached_end:
        shutil.rmtree(folder)
        shutil.copytree(made, folder)
        app = wire_live(folder)
        try:
            with monkeypatch.context() as patch:
                asked = die_at(patch, nth)
                with suppress(Died):
                    Forgetting(app).forget(VICTIM)
            is_buried = bool(app.log.tombstones())
            reached_end = asked() < nth
        finally:
            app.close()
        words = ["--pending"] if by_key and is_buried else [VICTIM]
        done = fleetcore("forget", *words, "--json")
        left = holding(folder)

        assert (nth, 0, set()) == (nth, done.status, left)
        assert (nth, "") == (nth, fleetcore("doctor", "--json").out)
        counted.add(sums(fleetcore)["forgotten"])
        nth += 3
    assert nth > 20
    assert {20 + 1 + 20 + 3} == counted


def test_forgetting_again_may_die_too(
    fleetcore: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was erased once, and came in again, is pending from the first step on."""
    fleetcore("forget", VICTIM)
    fleetcore("ingest", "inputs/mixed.csv", "--again")
    with closing(wire_live(folder)) as app, monkeypatch.context() as patch:
        die_at(patch, 4)
        with pytest.raises(Died):
            Forgetting(app).forget(VICTIM)
    left = holding(folder)
    done = fleetcore("forget", "--pending", "--json")

    assert left
    assert (0, set()) == (done.status, holding(folder))
