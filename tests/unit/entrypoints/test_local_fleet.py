"""The Python API: a folder opened, files in, tracks out."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import fleetcore_entrypoints
from fleetcore.application import ingesting
from fleetcore.errors import InvalidConfiguration, InvalidInput, StorageUnavailable
from fleetcore_adapters.arrow.location_log import ParquetLog
from fleetcore_entrypoints import open_local
from fleetcore_entrypoints.cli.main import main

HEADER = "vehicle_id,observed_at,latitude,longitude\n"
ROWS = "v1,2024-05-01T10:00:00Z,1,2\nv1,2024-05-01T10:00:10Z,3,4\nv2,2024-05-01T10:00:00Z,5,6\n"


@pytest.fixture(name="trips")
def _trips(tmp_path: Path) -> Path:
    path = tmp_path / "trips.csv"
    path.write_text(HEADER + ROWS, encoding="utf-8")
    return path


def test_three_lines_of_python(tmp_path: Path, trips: Path) -> None:
    """Open, ingest, look."""
    with open_local(tmp_path / "data") as fleet:
        ingested = fleet.ingest(trips)
        track = fleet.track("v1")
        latest = fleet.latest()

    assert (ingested.status, ingested.ledger.rows.accepted) == ("completed", 3)
    assert [stored.event.latitude for stored in track] == [1.0, 3.0]
    assert [stored.event.latitude for stored in latest] == [3.0, 5.0]


def test_a_bad_file_comes_back(tmp_path: Path) -> None:
    """What is wrong with a file is no exception but its result."""
    with open_local(tmp_path / "data") as fleet:
        ingested = fleet.ingest(tmp_path / "missing.csv")

    assert ingested.status == "failed"
    assert "there is no such file" in str(ingested.error)


def test_a_bad_option_is_raised(tmp_path: Path, trips: Path) -> None:
    """What the caller got wrong is told to the caller."""
    with open_local(tmp_path / "data") as fleet:
        with pytest.raises(InvalidConfiguration, match="'hat' is not a field"):
            fleet.ingest(trips, map={"hat": 1})
        with pytest.raises(InvalidInput, match=r"no\.csv"):
            fleet.ingest(trips, vehicles=tmp_path / "no.csv")


def test_columns_can_be_given_by_name_and_number(tmp_path: Path) -> None:
    """`map` says what a header does not."""
    path = tmp_path / "odd.csv"
    path.write_text("who,observed_at,y,x\nv1,2024-05-01,1,2\n", encoding="utf-8")
    with open_local(tmp_path / "data") as fleet:
        ingested = fleet.ingest(path, map={"vehicle_id": "who", "latitude": 3, "longitude": 4})
        (stored,) = fleet.track("v1")

    assert ingested.error is None
    assert (stored.event.latitude, stored.event.longitude) == (1.0, 2.0)


def test_again_is_said_per_file(tmp_path: Path, trips: Path) -> None:
    """Without it the same content is recognised, with it all is already stored."""
    with open_local(tmp_path / "data") as fleet:
        fleet.ingest(trips)
        known = fleet.ingest(trips)
        again = fleet.ingest(trips, again=True)

    assert known.status == "already-ingested"
    assert (again.status, again.ledger.store.already_stored) == ("completed", 3)


def test_a_track_has_a_span(tmp_path: Path, trips: Path) -> None:
    """The start is in it, the end is not; a time without an offset is refused."""
    moment = datetime(2024, 5, 1, 10, 0, 10, tzinfo=UTC)
    with open_local(tmp_path / "data") as fleet:
        fleet.ingest(trips)

        assert [each.event.latitude for each in fleet.track("v1", end=moment)] == [1.0]
        assert [each.event.latitude for each in fleet.track("v1", start=moment)] == [3.0]
        with pytest.raises(InvalidInput, match="no offset from UTC"):
            fleet.track("v1", moment.replace(tzinfo=None))


def test_latest_of_some_vehicles(tmp_path: Path, trips: Path) -> None:
    """Only those asked for that are known."""
    with open_local(tmp_path / "data") as fleet:
        fleet.ingest(trips)

        assert [each.event.vehicle_id for each in fleet.latest("v2", "v3")] == ["v2"]


@pytest.fixture(name="left")
def _left(tmp_path: Path, trips: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose process died when it had committed parts and stored none."""
    with open_local(tmp_path / "data") as fleet, monkeypatch.context() as patched:
        patched.setattr(ingesting, "_stored", lambda _fleet, _stream: None)
        patched.setattr(fleet.app.fleet.lanes.__class__, "send", lambda _self, _messages: None)
        pending = fleet.ingest(trips)
    assert (pending.status, pending.ledger.pending) == ("pending", 3)
    return tmp_path / "data"


def test_opening_stores_what_was_left_behind(left: Path) -> None:
    """Parts committed by a run that died before it stored them are there after opening."""
    with open_local(left) as fleet:
        assert len(fleet.track("v1")) == 2


def test_a_command_that_reads_stores_what_was_left_behind(
    left: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody need ingest again to see it."""
    assert main(["track", "v1", "--data", str(left), "--json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_reading_goes_on_where_nothing_can_be_stored(
    left: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be stored is told."""

    def full(_log: ParquetLog, _parts: object) -> object:
        raise StorageUnavailable("no space")

    monkeypatch.setattr(ParquetLog, "append", full)

    assert main(["track", "v1", "--data", str(left), "--json"]) == 0
    assert "is not stored yet: no space" in capsys.readouterr().err


def test_opening_where_no_folder_can_be(tmp_path: Path, trips: Path) -> None:
    """A file in the folder's place is an error that names it."""
    with pytest.raises(StorageUnavailable, match=r"trips\.csv"):
        open_local(trips)


def test_importing_the_package_needs_no_extra() -> None:
    """The API's names are known, and what they need is imported with them."""
    program = (
        "import sys, fleetcore_entrypoints as package;"
        " print(sorted(package.__all__), 'attrs' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert done.stdout.split("\n")[0] == "['LocalFleet', 'open_local'] False"
    with pytest.raises(AttributeError, match="no attribute 'open_remote'"):
        _ = fleetcore_entrypoints.open_remote


def test_each_file_once(tmp_path: Path, trips: Path) -> None:
    """A file that several names lead to is ingested once."""
    with open_local(tmp_path / "data") as fleet:
        names = [str(trips), str(tmp_path / "*.csv"), str(tmp_path)]
        results = list(fleet.ingest_each(names, ingesting.Request()))

    assert [each.name for each in results] == [str(trips)]
