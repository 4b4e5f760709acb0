"""Files go in through S3, and everything comes back equal to the answer of a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.system.cloud import Context, handlers_on
from tests.system.deployed import CITY_ROWS, city_rows, deployed, large_row, written_files
from tests.system.outcomes import embedded

from fleetcore.domain.ledger import StoreOutcome

if TYPE_CHECKING:
    from tests.system.conftest import Command

pytestmark = pytest.mark.system

CABS: Final = """
[input]
columns = ["latitude", "longitude", "occupied", "unixtime"]
delimiter = " "
vehicle_from_filename = 'new_(\\w+)'
"""
ID: Final = re.compile(r"[0-9a-f]{24}-\d+")
"""Of an ingestion."""
AWS: Final = Path("aws:")


@pytest.fixture(name="files", scope="module")
def _files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """See `written_files`."""
    return written_files(tmp_path_factory.mktemp("files"))


@pytest.fixture(name="vehicles", scope="module")
def _vehicles(files: Sequence[Path]) -> Path:
    """The generated fleet's metadata."""
    return files[0].with_name("fleet.vehicles.csv")


@pytest.mark.slow
@pytest.mark.parametrize("with_redis", [True, False], ids=["redis", "without-redis"])
def test_everything_comes_back_equal(
    monkeypatch: pytest.MonkeyPatch,
    fleetcore: Command,
    files: Sequence[Path],
    vehicles: Path,
    tmp_path: Path,
    with_redis: bool,
) -> None:
    """Ledgers, log, tracks and positions are those of a folder that took the same files in."""
    fleet = deployed(monkeypatch, with_redis=with_redis, vehicles=vehicles)
    for path in files:
        fleet.cloud.upload(path, path.name)
        fleet.run()
    local = tmp_path / "local"
    expected = embedded(local, files, vehicles=vehicles)
    actual = fleet.outcome()

    assert expected.ledgers == actual.ledgers
    assert expected.log == actual.log
    for words in (
        ("latest", "--json"),
        ("track", "cab 3", "--json"),
        ("track", "cab 3", "--clean", "--format", "csv"),
        ("track", "--city", "Łódź", "--from", "2024-05-06T13:00", "--format", "geojson"),
    ):
        here, there = (fleetcore(*words, "--data", each) for each in (local, AWS))
        assert (0, 0, here.err) == (here.status, there.status, there.err)
        assert ID.sub("", here.out) == ID.sub("", there.out) != ""
    here, there = (
        fleetcore("rejects", _ids(fleetcore, each)["fleet.csv"], "--json", "--data", each)
        for each in (local, AWS)
    )
    assert here.objects == there.objects != []


def _ids(fleetcore: Command, data: Path) -> dict[str, str]:
    """Ingestions by the names of their files, as the command line lists them."""
    listed = fleetcore("ledger", "--json", "--data", data).objects
    return {Path(each["path"]).name: each["ingestion_id"] for each in listed}


@pytest.mark.slow
def test_real_files_come_back_equal(
    monkeypatch: pytest.MonkeyPatch, shared_data: Path, tmp_path: Path
) -> None:
    """The traces of three cabs, which a `fleet.toml` in the bucket tells how to read."""
    config = tmp_path / "fleet.toml"
    config.write_text(CABS, encoding="utf-8")
    paths = sorted((shared_data / "cabspotting").glob("*.txt"))
    fleet = deployed(monkeypatch, config=config)
    for path in paths:
        fleet.cloud.upload(path, path.name)
    fleet.run()
    expected = embedded(tmp_path / "local", paths, config=config)
    actual = fleet.outcome()

    assert expected.ledgers == actual.ledgers
    assert expected.log == actual.log
    assert 3 == len(actual.ledgers)


def test_notifications_may_come_twice_and_in_any_order(
    monkeypatch: pytest.MonkeyPatch, files: Sequence[Path], tmp_path: Path
) -> None:
    """What is told of last is taken in first, and once."""
    fleet = deployed(monkeypatch)
    ingest, store = handlers_on(fleet.app, fleet.logger())
    for path in files[1:]:
        fleet.cloud.upload(path, path.name)
    told = fleet.cloud.receive("UPLOADS")
    for message in (*reversed(told), *told):
        fleet.cloud.handle("UPLOADS", [message], ingest, Context())
    fleet.cloud.run(ingest, store)
    expected = embedded(tmp_path / "local", files[:0:-1])
    actual = fleet.outcome()

    assert expected.ledgers == actual.ledgers
    assert expected.log == actual.log


def test_equal_content_under_another_key_is_stored_already(
    monkeypatch: pytest.MonkeyPatch, files: Sequence[Path]
) -> None:
    """It is another ingestion, of which nothing is new."""
    fleet = deployed(monkeypatch)
    for key in ("one.csv", "again/another.csv", "one.csv"):
        fleet.cloud.upload(files[1], key)
        fleet.run()
    actual = fleet.outcome()
    rows = CITY_ROWS[0][1] + len(range(0, CITY_ROWS[0][1], 31))

    assert rows == actual.log.total()
    assert StoreOutcome(already_stored=rows) == actual.ledgers["another.csv"].store


def test_what_no_item_can_hold_is_a_dead_letter(
    monkeypatch: pytest.MonkeyPatch, fleetcore: Command, tmp_path: Path
) -> None:
    """Listed and sent again from the command line, which prints nothing but what it was asked."""
    fleet = deployed(monkeypatch)
    path = tmp_path / "large.csv"
    path.write_text(city_rows(0, 5) + large_row(5), encoding="utf-8")
    fleet.cloud.upload(path, path.name)
    fleet.run()
    first = fleetcore("dead-letters", "list", "--json", "--data", AWS)
    ledger = fleetcore("ledger", "--json", "--data", AWS)
    redriven = fleetcore("dead-letters", "redrive", "--all", "--json", "--data", AWS)
    pending = fleetcore("ledger", "--json", "--data", AWS)
    fleet.run()
    second = fleetcore("dead-letters", "list", "--json", "--data", AWS)

    assert ("rows-refused", 1, 1) == _letter(first.object)
    assert ("rows-refused", 2, 1) == _letter(second.object)
    assert (1, 0) == (ledger.object["dead_lettered"], ledger.object["pending"])
    assert (0, 1) == (pending.object["dead_lettered"], pending.object["pending"])
    assert {"part": first.object["part"], "rows": 1, "error": None} == redriven.object
    assert "fleetcore: 1 dead letters" in fleet.metrics.getvalue()


def _letter(content: Mapping[str, Any]) -> tuple[str, int, int]:
    return content["code"], content["attempt"], content["dead_rows"]
